"""What a job asks of its system, said once: on the command line of the submission, and in the script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Directive:
    """One option of a system's submit command.

    Attributes:
        option: As the command takes it: `--time`, `-l`.
        value: What follows it, None for an option that stands alone.
        more: Further words, of an option that takes several.
    """

    option: str
    value: str | None = None
    more: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words that say it on a command line: a long option and its value are one word."""
        if self.value is None:
            return [self.option]
        said = [f"{self.option}={self.value}"] if self.option.startswith("--") else [self.option, self.value]
        return [*said, *self.more]


def given(pairs: Iterable[tuple[str, object]]) -> list[Directive]:
    """Return a directive for each option whose value is not None; a tuple is several words."""
    return [_directive(option, value) for option, value in pairs if value is not None]


def words(directives: Iterable[Directive]) -> list[str]:
    """Return the words that say all of `directives` on a command line."""
    return [word for directive in directives for word in directive.words]


def _directive(option: str, value: object) -> Directive:
    first, *more = map(str, value if isinstance(value, tuple) else (value,))
    return Directive(option, first, tuple(more))
