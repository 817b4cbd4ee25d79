"""Task: a call that is to be computed, and its result once it is.

Tasks are made by the million, so one is small: five slots, no dict, no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, cast
from warnings import warn

from jughpc.errors import DigestError, JugdirError
from jughpc.tasks import brief, running, values
from jughpc.tasks.callee import Callee, callee_of, unwrapped
from jughpc.tasks.digest import encoding, hashing, hiding
from jughpc.tasks.digest.hiding import here
from jughpc.tasks.digest.shared import shared
from jughpc.tasks.results import Results, lock_in, results_of
from jughpc.tasks.standin import Standin
from jughpc.tasks.trust import Trust
from jughpc.tasks.walk import Steps

R = TypeVar("R")

alltasks: list[Task[Any]] = []
"""Every task since the jugfile was loaded, in the order of creation."""

UNSET: Any = object()
_make_item: Callable[[Task[Any], Any], Any]  # a tasklet is made of tasks, not the other way round
_trust = Trust()
NO_KWARGS: dict[str, Any] = {}  # shared by all calls without keyword arguments


class Task(Standin, Generic[R]):
    """The call `f(*args, **kwargs)`, to be computed by some worker, once.

    Tasks among the arguments stand for their values. Two tasks with the same digest are the same call.

    Attributes:
        args, kwargs: The arguments, as given.
        callee: The function, with its name and version.
        store: Where all tasks' results lie, by digest or in jug's words; None until a jugdir is chosen.
    """

    __slots__ = ("_digest", "_value", "args", "callee", "kwargs")
    store: ClassVar[Any] = None
    _digest: bytes | None
    _value: Any  # R or UNSET
    args: tuple[Any, ...]
    callee: Callee
    kwargs: dict[str, Any]

    def __init__(self, f: Callable[..., R], /, *args: Any, **kwargs: Any) -> None:
        if isinstance(f, partial):
            f, args, kwargs = unwrapped(f, args, kwargs)
        self._fill(callee_of(f), args, kwargs)

    def _fill(self, callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.callee = callee
        self.args = args
        self.kwargs = kwargs or NO_KWARGS
        self._digest = None
        self._value = UNSET
        alltasks.append(self)

    @classmethod
    def calling(cls, callee: Callee, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Task[Any]:
        """Make the task of a call whose function is known already."""
        task = cls.__new__(cls)
        task._fill(callee, args, kwargs)
        return task

    @property
    def f(self) -> Callable[..., R]:
        """The function."""
        return self.callee.f

    @property
    def name(self) -> str:
        """The function's name, `module.function`; another one may be set, which gives another digest."""
        return self.callee.name

    @name.setter
    def name(self, name: str) -> None:
        self.callee, self._digest = self.callee.renamed(name), None
        shared.forget()

    @property
    def digest(self) -> bytes:
        """The 16 bytes that name this call everywhere. Raises DigestError."""
        if self._digest is None:
            head = self.callee.head
            try:
                self._digest = hashing.of_call(head, self.args, self.kwargs)
            except DigestError as error:
                raise DigestError(f"{self.name} was called with {error}") from error.__cause__
        return self._digest

    def stand_for(self, other: running.HasDigest) -> None:
        """Take the digest of another task: this one computes the same in another way."""
        self._digest = other.digest
        shared.forget()

    def hash(self) -> bytes:
        """Return the digest as 32 hexadecimal characters."""
        return self.digest.hex().encode()

    def __jug_hash__(self) -> bytes:
        return self.hash()

    def __jug_steps__(self) -> Steps[bytes]:
        hiding.check(self)
        if self._digest is None:
            self._digest = yield from hashing.call_steps(self.callee.head, self.args, self.kwargs)
        return b"@" + self._digest

    def nested(self) -> list[Any]:
        """Return the arguments that may be or hold tasks."""
        arguments = (*self.args, *self.kwargs.values()) if self.kwargs else self.args
        return [argument for argument in arguments if type(argument) not in encoding.PLAIN]

    def dependencies(self) -> Iterator[Task[Any]]:
        """Yield the tasks among the arguments, in order, as often as they occur."""
        return dependencies_of(self.nested())

    def compute(self) -> R:
        """Return what the call gives, with the values of its dependencies; store and keep nothing of it.

        Raises ResultMissingError, CorruptResultError for a dependency; else what the function raises.
        """
        plain, args = encoding.PLAIN, self.args
        running.task = self
        try:
            for argument in args:  # mostly there is nothing to resolve, and a loop costs half of a comprehension
                if type(argument) not in plain:
                    args = tuple([one if type(one) in plain else _value_of(one) for one in args])
                    break
            if not self.kwargs:
                return self.callee.f(*args)  # type: ignore[no-any-return]  # R, by the constructor
            kwargs = {name: values.resolve(argument) for name, argument in self.kwargs.items()}
            return self.callee.f(*args, **kwargs)  # type: ignore[no-any-return]  # R, by the constructor
        finally:
            running.task = None
            if _trust.doubtful:
                _trust.assure(chosen_store())  # whatever it gave or raised: of a damaged argument it says nothing

    def compute_watched(self) -> R:
        """Do as `compute` does, but raise RuntimeError if the function changes its arguments."""
        args, kwargs = self._resolved()
        if _trust.doubtful:
            _trust.assure(chosen_store())
        before = _digest_of_values(args, kwargs)
        running.task = self
        try:
            result = self.f(*args, **kwargs)
        finally:
            running.task = None
        if _digest_of_values(args, kwargs) != before:
            raise RuntimeError(f"{self.name} changed its arguments; copy them before you change them")
        return result

    def run(self, force: bool | None = None, save: bool = True, debug_mode: bool = False) -> R:
        """Compute the result here and now, keep it, store it if `save`, and return it."""
        if force is not None:
            warn("Task.run always runs: `force` means nothing", DeprecationWarning, stacklevel=2)
        assert self.can_run(), f"{self!s} cannot run: not all of its dependencies have been computed"
        digest = self.digest  # refuses what would reach the function unresolved
        self._value = self.compute_watched() if debug_mode else self.compute()
        if save:
            results().put(digest, self._value)
        return cast(R, self._value)

    def value(self) -> R:
        """Return the result, from the store at the first call. Raises ResultMissingError."""
        if self._value is UNSET:
            self._value = _trust.read(self, chosen_store())
        return self._value  # type: ignore[no-any-return]  # R, and a cast would cost a call

    __jug_value__ = value

    @property
    def result(self) -> R:
        """The result, from the store at the first use."""
        return self.value()

    def load(self) -> None:
        """Read the result from the store, even if it was read before. Raises RuntimeError."""
        try:
            self._value = _trust.read(self, chosen_store())
        except Exception as error:
            raise RuntimeError(
                f"Failed to load result for task '{self.name}' (hash: {self.digest.hex()}): {error}"
            ) from error

    def is_loaded(self) -> bool:
        """Tell whether the value is kept in this object."""
        return self._value is not UNSET

    def keep(self, value: R) -> None:
        """Keep a value that is known already in this object."""
        self._value = value

    def unload(self) -> None:
        """Let go of the value kept in this object; the stored result stays."""
        self._value = UNSET

    def unload_recursive(self) -> None:
        """Let go of the values of this task and of all that it depends on."""
        for task in with_dependencies(self):
            task.unload()

    def invalidate(self) -> None:
        """Remove the stored result of this task only."""
        results().remove([self.digest])

    def can_load(self, store: Results | None = None) -> bool:
        """Tell whether there is a result."""
        return not (results() if store is None else results_of(store)).missing([self.digest])

    def can_run(self) -> bool:
        """Tell whether the values of all direct dependencies can be had."""
        return not missing(self.dependencies())

    def lock(self) -> bool:
        """Claim this task for the caller; tell whether that worked."""
        return lock_in(chosen_store(), self.hash()).get()

    def unlock(self) -> None:
        """Give the claim back."""
        lock_in(chosen_store(), self.hash()).release()

    def is_locked(self) -> bool:
        """Tell whether someone holds a claim on this task, or it failed."""
        return lock_in(chosen_store(), self.hash()).is_locked()

    def fail(self) -> bool:
        """Mark the task as failed; tell whether that worked."""
        return lock_in(chosen_store(), self.hash()).fail()

    def is_failed(self) -> bool:
        """Tell whether the task is marked as failed."""
        return lock_in(chosen_store(), self.hash()).is_failed()

    def __getitem__(self, item: Any) -> Any:
        """Return the tasklet that stands for `value[item]`."""
        return _make_item(self, item)

    def __copy__(self) -> Task[R]:
        return self  # the same call, and listed already

    def __deepcopy__(self, memo: object) -> Task[R]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!s} cannot be pickled: it stands for a call, not for its result. If a task's function makes tasks "
            "(by calling a TaskGenerator), let it call the plain function, `name.f(...)`, and return a value."
        )

    def __str__(self) -> str:
        return f"Task: {self.name}()"

    def __repr__(self) -> str:
        return f"Task({self.name}, args={brief.value(self.args)}, kwargs={brief.value(self.kwargs)})"

    def _repr_html_(self) -> str:
        """Return the call, and whether it has a result, as notebooks show it."""
        from html import escape  # only now: it is for people who look at one

        state = "no store yet" if Task.store is None else "has a result" if self.can_load() else "no result yet"
        return f"<code>{escape(brief.call(self.name, self.args, self.kwargs))}</code> <small>{state}</small>"

    def _resolved(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args = tuple([values.resolve(argument) for argument in self.args])
        return args, {name: values.resolve(argument) for name, argument in self.kwargs.items()}


def make_items(make: Callable[[Task[Any], Any], Any]) -> None:
    """Let `task[item]` be what `make` gives: said once, by the module of tasklets."""
    global _make_item
    _make_item = make


def results() -> Results:
    """Return where the tasks' results lie. Raises JugdirError if no jugdir was chosen yet."""
    return results_of(chosen_store())


def chosen_store() -> Any:
    """Return the store of all tasks, as it was chosen. Raises JugdirError if none was yet."""
    if Task.store is None:
        raise JugdirError(
            "No jugdir is open, so there are no results to look at. Run this with `jughpc execute`, or call "
            "jughpc.init(jugfile, jugdir) or jughpc.set_jugdir(jugdir) first."
        )
    return Task.store


def dependencies_of(thing: object) -> Iterator[Task[Any]]:
    """Yield the tasks in `thing`, in order, as often as they occur; `thing` itself if it is one."""
    return values.holders(thing, Task)


def missing(tasks: Iterable[Task[Any]]) -> set[bytes]:
    """Return the digests of those tasks whose values are neither kept nor stored: one look for all."""
    digests = {task.digest for task in tasks if not task.is_loaded()}
    return results().missing(digests) if digests else set()


def with_dependencies(*tasks: Task[Any]) -> list[Task[Any]]:
    """Return the tasks and all that they depend on, each object once."""
    found = dict.fromkeys(tasks)
    waiting = list(found)
    while waiting:
        new = [task for task in waiting.pop().dependencies() if task not in found]
        found.update(dict.fromkeys(new))
        waiting.extend(new)
    return list(found)


def _digest_of_values(*things: object) -> bytes | None:
    try:
        return hashing.token(things)
    except DigestError:  # a value that cannot be compared
        return None


def _value_of(argument: Any) -> Any:
    """Do as `values.resolve` does, in a third of its time for a task whose value is kept."""
    if type(argument) is Task and argument._value is not UNSET:
        return argument._value
    return values.resolve(argument)


def _token(task: Task[Any]) -> bytes:
    if task._digest is None or here.owners:
        raise KeyError(task)  # to be looked at more closely
    return b"@" + task._digest


encoding.ATOMS[Task] = encoding.FLAT[Task] = _token
values.PLACES[Task] = attrgetter("digest")
