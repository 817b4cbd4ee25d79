"""Load a jugfile: run it as a module under its base name, and take up the tasks that it makes."""

from __future__ import annotations

import gc
import importlib.util
import linecache
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jughpc import leftopen
from jughpc.errors import JugfileError, JugfileNotFoundError, UsageError
from jughpc.tasks import alias, callee, hints, hooks, lazy, running, usertrace
from jughpc.tasks.barrier import BarrierError
from jughpc.tasks.digest import functions
from jughpc.tasks.digest.shared import shared
from jughpc.tasks.task import Task, alltasks


@dataclass(frozen=True)
class Jugfile:
    """A jugfile that was loaded.

    Attributes:
        path: Where it lies (absolute).
        name: The module's name, which its tasks' names begin with.
        space: The names that it defines.
        tasks: The tasks made meanwhile, in the order of creation, equal ones as often as made.
        barrier: Whether the load ended at a barrier that is not met yet.
        folder: Where its tasks are to run: the working directory, unless it chose another.
        text: What was run.
    """

    path: Path
    name: str
    space: dict[str, Any]
    tasks: list[Task[Any]]
    barrier: bool
    folder: Path
    text: bytes = b""


def load(path: Path, args: Sequence[str] | None = (), source: Path | None = None) -> Jugfile:
    """Run the jugfile in a fresh module and return what it made; `alltasks` begins anew.

    Modules that it imports are run once in a process, as ever in Python. From now on `sys.argv` is the
    jugfile and `args`, or stays as it is if these are None, its folder and the current one are importable, and `jug`
    is ours.

    Args:
        source: Where its text lies, if that is not `path`: as it was when it was submitted. All else is as if it had
            been read from `path`, which may have changed since, or be gone.
    Raises:
        JugfileNotFoundError: No file at that path, or it cannot be read.
        JugfileError: It raised, or ended itself with SystemExit, which says nothing of its tasks.
        LazyJugfileError: It leaves tasks unmade in a lazy map or generator.
    """
    there = _existing(path) if source is None else path.absolute()
    text = read(source or there)
    _make_importable(there.parent)
    if source is not None and has_changed(there, text):
        sys.path.insert(0, str(source.parent))  # a process that a task spawns imports it by its name
    if args is not None:
        sys.argv = [str(path), *args]
    alltasks.clear()
    module = _fresh_module(there)
    callee.forget()
    functions.forget()
    hooks.begin_load()
    shared.forget()
    with _patient_collector():
        barrier = _run(there, text, module)
    if not barrier:
        lazy.check(there, vars(module), bool(alltasks))
    return Jugfile(there, module.__name__, vars(module), list(alltasks), barrier, Path.cwd(), text)


def fill(module: ModuleType, path: Path, source: Path | None = None) -> None:
    """Run the jugfile in a module that is being imported, up to the first barrier that is not met. Raises as `load`."""
    text = read(source or path)
    module.__file__ = str(path)
    _run(path, text, module)


def module_name(path: Path) -> str:
    """Return the name of the module that a jugfile is run as."""
    return path.name.removesuffix(".py")


def read(path: Path) -> bytes:
    """Return the text at `path`. Raises JugfileNotFoundError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise JugfileNotFoundError(f"the jugfile cannot be read from {path}: {error.strerror}") from error


def has_changed(path: Path, text: bytes) -> bool:
    """Return whether the file at `path` holds another text by now, or is gone."""
    try:
        return path.read_bytes() != text
    except OSError:
        return True


def _existing(path: Path) -> Path:
    if path.is_file():
        return path.absolute()
    if path.is_dir():
        raise JugfileNotFoundError(f"{path} is a folder; give the jugfile in it, such as {path / 'jugfile.py'}")
    here = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
    from difflib import get_close_matches  # which few need

    near = get_close_matches(path.name, here, n=3) or sorted(here)[:5]
    hint = f"near it: {', '.join(near)}" if near else f"there is no Python file in {path.parent.absolute()}"
    raise JugfileNotFoundError(f"No jugfile {path}; {hint}. Give the path of your jugfile.")


def _make_importable(folder: Path) -> None:
    alias.serve()
    for place in (str(Path.cwd()), str(folder)):
        if place not in sys.path:
            sys.path.insert(0, place)


def _fresh_module(path: Path) -> ModuleType:
    name = module_name(path)
    if name.split(".")[0] in ("jug", "jughpc"):
        raise UsageError(f"{path} hides the module {name} that it needs itself; rename it")
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    return module


def _run(path: Path, text: bytes, module: ModuleType) -> bool:
    """Execute the jugfile; tell whether it ended at a barrier."""
    show_in_tracebacks(path, text)
    try:
        with running.a_load():
            exec(compile(text, path, "exec"), vars(module))  # noqa: S102  # what a jugfile is for
    except BarrierError:
        vars(module)["__jug__hasbarrier__"] = True
        return True
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise JugfileError(str(path), usertrace.of(error), hints.of_error(error, path, module)) from error
    return False


def show_in_tracebacks(path: Path, text: bytes) -> None:
    """Have tracebacks, and all who ask for the source, show the lines that run, whatever lies at `path` by then."""
    with suppress(SyntaxError, UnicodeDecodeError):  # which compiling it tells
        lines = importlib.util.decode_source(text).splitlines(keepends=True)
        linecache.cache[str(path)] = (len(text), None, lines, str(path))  # None: it is never compared with the file


@contextmanager
def _patient_collector() -> Iterator[None]:
    """Let the cycle collector look rarely: by default it takes two thirds of the time of making many tasks.

    What was made is then left alone until the next load: to look at a million tasks again and again finds nothing.
    """
    thresholds = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(500_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        leftopen.freeze()
