"""Classes: functions that ask for the same of the batch system, so that the same elements can run them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jughpc.config.asks import Ask, Rule
from jughpc.errors import SettingError
from jughpc.tasks.callee import Callee
from jughpc.tasks.matching import by_name


def asked_for(name: str, own: Ask, rules: Sequence[Rule]) -> Ask:
    """Return what the function of that name asks for: by its decorator, then by each rule that names it."""
    for rule in rules:
        if by_name(rule.pattern)(name):
            own = rule.ask.over(own)
    return own


def asks_of(callees: Iterable[Callee]) -> Mapping[str, Ask]:
    """Return what decorators ask for, by the name of the function; those that ask for nothing are left out.

    Raises SettingError for two functions of one name that ask for different things: tasks are told apart by names.
    """
    found: dict[str, Ask] = {}
    for callee in callees:
        if found.setdefault(callee.name, callee.asks) != callee.asks:
            raise SettingError(
                f"two functions called {callee.name} ask for {found[callee.name]} and for {callee.asks}; "
                "give them one and the same `resources`, or two names."
            )
    return {name: ask for name, ask in found.items() if ask.said()}
