"""Failures that are alike: the same exception with the same text, but for numbers and paths, met at the same line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from jughpc.store.failure import Failure

_FRAME = re.compile(r'[ |]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?')
_NOT_THE_USERS = re.compile(r"/lib(?:64)?/(?:py|graalpy)[^/]*/|/(?:site|dist)-packages/|\.zip/|^<")
_COMPARED = 2000  # [characters] of a text
STACK = "Traceback (most recent call last):"
_VARYING = (  # in this order: a path may hold numbers
    (re.compile(r"(?:[\w.~+-]*/)+[\w.~+%@:-]*"), "/"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b"), "0"),
    (re.compile(r"(?:\d[\d_,.]*)?\d(?:[eE][+-]?\d+)?"), "0"),
)


_SET = re.compile(r"\{([^{}:]*)\}")  # as Python writes one, in an order that differs from process to process


@dataclass(frozen=True)
class Frame:
    """One line of a traceback, in a function of the user's.

    Attributes:
        file: As Python knows it.
        function: "" where nothing tells it, as of a line that does not compile.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" in {self.function}" if self.function else "")


@dataclass(frozen=True)
class Alike:
    """Failures of one kind.

    Attributes:
        failures: The earliest first, by their hosts' clocks.
        frame: The last line of the user's that they met, None where there is none.
    """

    failures: tuple[Failure, ...]
    frame: Frame | None

    def __len__(self) -> int:
        return len(self.failures)

    @property
    def first(self) -> Failure:
        """The earliest."""
        return self.failures[0]

    @cached_property
    def functions(self) -> Counter[str]:
        """How many there are of each task name."""
        return Counter(failure.name for failure in self.failures)

    def __str__(self) -> str:
        """Return all of it on one line: `37 x ZeroDivisionError: division by zero, first in is_prime(41)`."""
        return f"{len(self)} x {gist(self.first.exception)}, first in {self.first.call or self.first.name}"


def gist(exception: str) -> str:
    """Return what was raised in one line: with the first line of its text that is not empty."""
    head, *rest = exception.splitlines() or [""]
    more = next((line.strip() for line in rest if line.strip()), "")
    return f"{head.rstrip()} {more}".rstrip() if head.rstrip().endswith(":") else head


def alike(failures: Iterable[Failure]) -> list[Alike]:
    """Return `failures` by kind, the largest first, and of two that are as large the earlier.

    What they raised is compared without the numbers, addresses and paths in its text. Of tasks that killed workers, how
    the last of these died is.
    """
    found: dict[tuple[str, Frame | None], list[Failure]] = {}
    for failure in sorted(failures, key=lambda failure: (failure.when, failure.digest)):
        frame = last_frame(failure.trace)
        found.setdefault((_neutral(failure), frame), []).append(failure)
    return sorted((Alike(tuple(same), frame) for (_, frame), same in found.items()), key=lambda one: -len(one))


def last_frame(trace: str) -> Frame | None:
    """Return the last line of the user's in a traceback, of what was raised last; else the last of a library's."""
    frames = [_frame(match) for match in map(_FRAME.match, trace.rpartition(STACK)[2].splitlines()) if match]
    return next((frame for frame in reversed(frames) if is_users(frame.file)), frames[-1] if frames else None)


def is_users(file: str) -> bool:
    """Return whether a file of a traceback is none of Python, its library, or what is installed beside it."""
    return not _NOT_THE_USERS.search(file)


def cut(trace: str) -> str:
    """Return a traceback with the user's lines only; one that has none stays whole, as one of a group does."""
    lines = trace.splitlines()
    has_any = any((match := _FRAME.match(line)) and is_users(match["file"]) for line in lines)
    if not has_any or "Exception Group" in trace:
        return trace
    return "".join(f"{line}\n" for line in _kept(lines))


def _kept(lines: Iterable[str]) -> Iterator[str]:
    keep = True
    for line in lines:
        if match := _FRAME.match(line):
            keep = is_users(match["file"])
        elif not line.startswith("    ") and not line.startswith("  [Previous"):
            keep = True
        if keep:
            yield line


def _frame(match: re.Match[str]) -> Frame:
    return Frame(match["file"], int(match["line"]), match["function"] or "")


def _neutral(failure: Failure) -> str:
    """Return what was raised, without what differs from one task to the next."""
    text = (failure.exception.partition(": ")[2] if failure.deaths else failure.exception)[:_COMPARED]
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    text = _SET.sub(_sorted, text)
    return f"deaths: {text}" if failure.deaths else text


def _sorted(match: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(match[1].split(", "))) + "}"
