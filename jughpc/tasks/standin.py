"""What stands for a value that is not there yet, and how it answers who takes it for the value."""

from __future__ import annotations

from typing import NoReturn
from warnings import warn

_ADVICE = "look at the value in a function that is given the task, or wait for it here: bvalue(task)"


class Standin:
    """Has identity only, and none of what its value will have."""

    __slots__ = ()

    def __bool__(self) -> bool:
        warn(f"{self!s} stands for a call and is true whatever its value will be: {_ADVICE}", stacklevel=2)
        return True

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is not None and not isinstance(other, Standin):
            warn(f"{self!s} stands for a call and equals no value, not even its own: {_ADVICE}", stacklevel=2)
        return NotImplemented

    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        if not spec:
            warn(f"{self!s} stands for a call, and its name is written, not its value: {_ADVICE}", stacklevel=2)
        return super().__format__(spec)

    def __iter__(self) -> NoReturn:
        raise NotImplementedError(
            f"{self!s} cannot be iterated over or unpacked: its length is not known before it has run. Use "
            "iteratetask(task, n) if you know it, or bvalue(task) to wait for the value."
        )

    def __contains__(self, item: object) -> NoReturn:
        iter(self)
