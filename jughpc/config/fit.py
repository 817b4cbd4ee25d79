"""What a site makes of what a submission asks for: a partition that fits, what is left out, what is too much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jughpc.config.partitions import ASKED, Queue
from jughpc.config.settings import Settings
from jughpc.errors import SettingError

_OF_ALL = ("time", "mem")  # which functions may ask for by themselves, too


def fitted(values: Settings, size: int | None) -> Settings:
    """Return the settings as they hold for an array of `size` elements, None where that is not known yet.

    Raises:
        SettingError: More is asked for than is allowed.
    """
    _check(values, size)
    if values.partition is None and (found := _queue(values, size)):
        values = _with(values, "partition", found.name, f"{values.origin('partitions')}, {found}")
    for name in _OF_ALL:  # what is tried again with more gets no more than that
        if getattr(values, f"{name}_max") is None and (most := getattr(values, f"limit_{name}")) is not None:
            values = _with(values, f"{name}_max", most, values.origin(f"limit_{name}"))
    for name in values.omit:
        values = _with(values, name, None, f"{values.origin('omit')}, omit")
    return values


def own_options(values: Settings) -> tuple[str, ...]:
    """Return the options of the scheduler's own that settings give to arrays. Raises SettingError."""
    return words_of(values, "directives")


def words_of(values: Settings, name: str) -> tuple[str, ...]:
    """Return the words of a setting that is lines of options, each as a shell reads it. Raises SettingError."""
    import shlex  # here, for most commands run no job

    try:
        return tuple(word for text in getattr(values, name) for word in shlex.split(text))
    except ValueError as error:
        raise SettingError(f"{values.origin(name)}: {name}: {error}; quote it as a shell does.") from None


def _queue(values: Settings, size: int | None) -> Queue | None:
    asked = {"array": size, "cpus": values.cpus, "gpus": values.gpus, "mem": values.mem, "time": values.time}
    fitting = (one for one in values.partitions if all(bound.holds(asked[bound.key]) for bound in one.bounds))
    return next(fitting, None)


def _check(values: Settings, size: int | None) -> None:
    asked: list[tuple[str, str, Any]] = [("array", "--array", size)]
    asked += [(name, f"--{name}", getattr(values, name)) for name in _OF_ALL]
    asked += [
        (name, f"{rule.pattern}:{name}", getattr(rule.ask, name)) for rule in values.resources for name in _OF_ALL
    ]
    for name, said, value in asked:
        most, show = getattr(values, f"limit_{name}"), ASKED[name].show
        if value is not None and most is not None and value > most:
            origin = values.origin(f"limit_{name}")
            raise SettingError(f"{said} {show(value)} is more than limit_{name}, {show(most)}, in {origin}.")


def _with(values: Settings, name: str, value: str | float | None, origin: str) -> Settings:
    return replace(values, **{name: value, "origins": {**values.origins, name: origin}})  # type: ignore[arg-type]  # by name
