"""Options of a system's submit command that are ours to say, and how they are found among raw ones.

They are read as getopt reads them: letters may stand together and with their value, long options may be abbreviated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jughpc.batch.scheduler import Resources
from jughpc.errors import SettingError

_OF_FUNCTIONS = ("constraint", "tasks")  # what functions alone ask for, so that no option says it


@dataclass(frozen=True)
class Own:
    """What a submission says itself, so that nobody else may.

    Attributes:
        names: How the option is spelt: ``--dependency``, ``-d``.
        advice: What a user does instead.
        variables: Of the environment, that say the same.
    """

    names: tuple[str, ...]
    advice: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grammar:
    """How a submit command reads its options, as far as we must know.

    Attributes:
        own: Those that are ours.
        letters: Short options that take no value.
        alone: Long options that take no value, or take it behind a ``=`` only.
        resources: Which of our resources, a field of `Resources`, an option or a variable chooses.
    """

    own: tuple[Own, ...]
    letters: str = ""
    alone: frozenset[str] = frozenset()
    resources: Mapping[str, str] = field(default_factory=dict)

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        """Raise SettingError for the first of the raw options, or of the variables, that would undo ours."""
        for name, value in self.read(extra):
            if not name:
                raise SettingError(f"{value!r} behind -- is no option: the script is ours. Leave it out.")
            if own := self._own(name):
                raise SettingError(f"{_spelt(name, own)} behind -- would undo what jughpc says itself. {own.advice}")
        for own in self.own:
            if set_ := [variable for variable in own.variables if variable in environ]:
                raise SettingError(
                    f"{set_[0]} is set, as {own.names[0]} it would undo what jughpc says itself. "
                    f"{own.advice} First: unset {set_[0]}"
                )

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
        """Return what raw options and variables choose of our resources, by field, in words."""
        told = {
            name: f"{environ[variable]} ({variable})"
            for variable, name in self.resources.items()
            if environ.get(variable)
        }
        for option, value in self.read(extra):
            for known, name in self.resources.items():
                if option == known or (len(option) > 3 and option.startswith("--") and known.startswith(option)):
                    told[name] = f"{value} (behind --)"
        return told

    def read(self, extra: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield each option with its value, "" for none; what is no option has no name.

        A word that begins with a dash is always an option: a value of that kind is not worth missing one of ours.
        """
        left = list(extra)
        while left:
            word = left.pop(0)
            if word.startswith("--") and len(word) > 2:
                name, equals, value = word.partition("=")
                yield name, value if equals or name in self.alone else _next(left)
            elif word.startswith("-") and word not in ("-", "--"):
                yield from self._letters(word[1:], left)
            else:
                yield "", word

    def _letters(self, letters: str, left: list[str]) -> Iterator[tuple[str, str]]:
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in self.letters:
                yield f"-{letter}", letters or _next(left)
                return
            yield f"-{letter}", ""

    def _own(self, name: str) -> Own | None:
        long = name.startswith("--")
        found = (own for own in self.own for known in own.names if (known.startswith(name) if long else known == name))
        return next(found, None)


def refuse_resources(system: str, resources: Resources, *names: str) -> None:
    """Raise SettingError if one of these is asked for, which `system` has no option for."""
    for name in names:
        if value := getattr(resources, name):
            title = name.upper() if name == "qos" else name
            if name in _OF_FUNCTIONS:
                raise SettingError(f"{system} has no {title}, so no function can ask for {name}={value} there.")
            raise SettingError(f"{system} has no {title}, so {value!r} says nothing to it. Leave --{name} out.")


def _next(left: list[str]) -> str:
    return left.pop(0) if left and not left[0].startswith("-") else ""


def _spelt(name: str, own: Own) -> str:
    return name if name in own.names else f"{name} ({_meant(name, own.names)})"


def _meant(name: str, names: Iterable[str]) -> str:
    return next(known for known in names if known.startswith(name))
