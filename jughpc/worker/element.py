"""Where a worker stands among its kind, as the script of its job says in the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jughpc.errors import SettingError
from jughpc.store.record import ElementRef

WORKER = "JUGHPC_WORKER"
"""The variable that tells a worker which loads the jugfile by itself that it is one of several."""

_TOKEN = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True)
class Place:
    """Where a worker stands among its kind.

    Attributes:
        ref: The element that it is, None by hand.
        owner: Its job in the scheduler's words, "" by hand.
        element, elements: Its number, and how many there are; -1 and 1 by hand.
        deadline: When the scheduler ends it [Unix s], None for never.
        worker, workers: Which of the element's workers it is, from 1, and how many there are; 0 and 1 for the only one.
    """

    ref: ElementRef | None = None
    owner: str = ""
    element: int = -1
    elements: int = 1
    deadline: float | None = None
    worker: int = 0
    workers: int = 1

    @property
    def start(self) -> float:
        """Where on the way round it begins, 0 to 1; elements that were added later go round once more."""
        return (max(self.element, 0) * self.workers + max(self.worker - 1, 0)) / self.all % 1.0

    @property
    def all(self) -> int:
        """How many workers its kind has."""
        return self.elements * self.workers


def place(environ: Mapping[str, str]) -> Place:
    """Read the place from the environment. Raises SettingError."""
    element, deadline = _whole(environ, "JUGHPC_ELEMENT", -1), environ.get("JUGHPC_DEADLINE")
    return Place(
        ref=_ref(environ, element),
        owner=environ.get("JUGHPC_OWNER", ""),
        element=element,
        elements=max(1, _whole(environ, "JUGHPC_ELEMENTS", 1)),
        deadline=_number(deadline, "JUGHPC_DEADLINE") if deadline else None,
    )


def _ref(environ: Mapping[str, str], element: int) -> ElementRef | None:
    token = environ.get("JUGHPC_SUBMISSION", "")
    if not token:
        return None
    if not _TOKEN.fullmatch(token) or element < 0:
        raise SettingError(
            f"the environment says JUGHPC_SUBMISSION={token!r} and element {element}, which no script of ours does; "
            "unset it."
        )
    return ElementRef(token, element, _whole(environ, "JUGHPC_RUN", 0))


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(environ.get(name) or default)
    except ValueError:
        raise _no_number(name, environ[name]) from None


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _no_number(name, text) from None


def _no_number(name: str, text: str) -> SettingError:
    return SettingError(f"the environment says {name}={text!r}, which is no number; unset it.")
