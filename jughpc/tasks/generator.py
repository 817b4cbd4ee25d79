"""TaskGenerator: the decorator that turns calls of a function into tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from jughpc.config.asks import Ask
from jughpc.errors import SettingError
from jughpc.tasks.callee import Callee, unwrapped, versioned
from jughpc.tasks.digest import encoding
from jughpc.tasks.digest.naming import find
from jughpc.tasks.task import NO_KWARGS, UNSET, Task, alltasks
from jughpc.tasks.walk import Steps

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")

_new = object.__new__


class Decorator(Protocol):
    """Makes a TaskGenerator of a function."""

    def __call__(self, f: Callable[Q, S], /) -> TaskGenerator[Q, S]:
        """Return the TaskGenerator of `f`."""


class TaskGenerator(Generic[P, R]):
    """Make each call of `f` a Task, to be computed later by some worker.

    Use it as `@TaskGenerator`, or as `@TaskGenerator(version="2")` to have another digest than before
    and so be computed again. Arguments may be values or tasks that give such values, so that calls are
    not checked against the parameters of `f`; those of `generator.f` are.

    `@TaskGenerator(resources=dict(gpus=1, mem="32G", time="4h"))` says what its tasks ask of the batch system: they
    run in an array of their own, whose elements get that. Further keys are cpus, partition, account, qos, constraint
    and tasks. It is no part of the digest, so a change of it has nothing computed again.

    Attributes:
        f: The plain function.
    """

    _jug_is_task_generator = True
    f: Callable[P, R]
    _version: str | None
    _asks: Ask | None
    _callee: Callee | None
    __qualname__: str

    @overload
    def __new__(
        cls, f: Callable[P, R], *, version: str | None = None, resources: Mapping[str, object] | None = None
    ) -> TaskGenerator[P, R]: ...
    @overload
    def __new__(  # type: ignore[misc]  # no instance, on purpose
        cls, f: None = None, *, version: str | None = None, resources: Mapping[str, object] | None = None
    ) -> Decorator: ...
    def __new__(
        cls, f: Any = None, *, version: str | None = None, resources: Mapping[str, object] | None = None
    ) -> Any:
        if f is None:
            return partial(cls, version=version, resources=resources)
        generator = super().__new__(cls)
        update_wrapper(generator, f)  # first: it copies the attributes of f, whatever their names
        generator.f = f
        generator._version = version
        generator._asks = None if resources is None else _asked(f, resources)
        generator._callee = None
        return generator

    def __call__(self, /, *args: Any, **kwargs: Any) -> Task[R]:
        if self._callee is not None:  # as mostly: a million calls of the same function
            task: Task[R] = _new(Task)  # as Task.calling does, in two thirds of its time
            task.callee, task.args, task.kwargs = self._callee, args, kwargs or NO_KWARGS
            task._digest, task._value = None, UNSET
            alltasks.append(task)
            return task
        f, args, kwargs = unwrapped(self.f, args, kwargs)
        callee = versioned(f, self._version)
        if self._asks is not None:
            callee.ask_for(self._asks)
        if f is self.f:
            self._callee = callee
        return Task.calling(callee, args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., Any]:
        return self if instance is None else partial(self, instance)

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"generator", self.f, self._version)

    def __reduce__(self) -> str | tuple[Any, ...]:
        there = find(self.__module__, self.__qualname__)
        if there is self:
            return str(self.__qualname__)
        if there is self.f:
            return _generator, (self.f, self._version)
        raise RuntimeError(
            f"This TaskGenerator cannot be pickled: {self.__module__}.{self.__qualname__} "
            "is neither it nor its function"
        )


def _asked(f: Callable[..., Any], resources: Mapping[str, object]) -> Ask:
    try:
        return Ask.of(resources)
    except SettingError as error:
        raise SettingError(f"@TaskGenerator(resources=...) of {getattr(f, '__name__', f)}: {error}") from None


def _generator(f: Callable[P, R], version: str | None) -> TaskGenerator[P, R]:
    return TaskGenerator(f, version=version)
