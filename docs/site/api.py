"""The reference of what jugfiles import, as directives for Sphinx's autodoc, which takes the docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

import jughpc

_MARK = "<!-- api -->"


def with_api(page: str) -> str:
    """Return `page` with all that `jughpc` offers in place of its mark."""
    return page.replace(_MARK, "\n".join(line for name in names() for line in section(name)))


def names() -> list[str]:
    """Return what `dir(jughpc)` shows of the API: what is called first, then modules."""
    public = [name for name in dir(jughpc) if not name.startswith("_")]
    return sorted(public, key=lambda name: (isinstance(getattr(jughpc, name), ModuleType), name.lower()))


def section(name: str) -> Iterator[str]:
    """Yield the lines that tell of a name."""
    thing = getattr(jughpc, name)
    kind = "module" if isinstance(thing, ModuleType) else "class" if inspect.isclass(thing) else "function"
    yield from ("", f"## {name}", "", "```{eval-rst}", f".. auto{kind}:: jughpc.{name}", *_BELOW[kind], "```")


_BELOW = {
    "module": ("   :members:", "   :imported-members:"),
    "class": ("   :members:", "   :inherited-members: Sequence"),
    "function": (),
}
