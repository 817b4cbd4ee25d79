"""Odd things that tests put where a file was meant."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def listening(path):
    """Put a socket there."""
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as place:
            place.bind(path.name)
    finally:
        os.chdir(here)


def sparse(path):
    with path.open("wb") as file:
        file.truncate(8 << 30)


ODD = {
    "pipe": os.mkfifo, "folder": os.mkdir, "socket": listening, "loop": lambda path: path.symlink_to(path.name),
    "zero": lambda path: path.symlink_to("/dev/zero"), "dangling": lambda path: path.symlink_to("nowhere"),
    "sparse": sparse, "empty": Path.touch, "garbage": lambda path: path.write_bytes(b"\xff\x00{" * 40),
    "deep": lambda path: path.write_bytes(b"[" * 200_000),
    "deep too": lambda path: path.write_bytes(b'{"a":' * 100_000),
    "number": lambda path: path.write_bytes(b"7\n"), "null": lambda path: path.write_bytes(b"null"),
    "list": lambda path: path.write_bytes(b"[[]]"), "huge": lambda path: path.write_bytes(b'{"size": 10000000000}'),
}  # fmt: skip
