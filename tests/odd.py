"""Odd things that tests put where a file was meant."""

from __future__ import annotations

import os
import socket


def listening(path):
    """Put a socket there."""
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as place:
            place.bind(path.name)
    finally:
        os.chdir(here)
