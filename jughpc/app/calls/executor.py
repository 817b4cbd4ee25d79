"""An executor of concurrent.futures over a store and array jobs."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, TypeVar

from jughpc.app.calls import pickled
from jughpc.app.calls.batches import Call, Function
from jughpc.app.calls.desk import Desk
from jughpc.app.calls.future import CallFuture
from jughpc.app.calls.made import Counts
from jughpc.fs import Clock, OsClock
from jughpc.tasks.callee import Callee, unwrapped
from jughpc.tasks.digest import hashing

R = TypeVar("R")
_REFRESH = 0.5  # [s] of the bar


class Executor(concurrent.futures.Executor):
    """Have calls computed by array jobs, and keep their results: an equal call is never computed twice.

    Calls that are made together, in a loop too, are handed over together, as one submission. The work goes on when
    this process ends: who makes equal calls in an executor of the same name gets the results. All commands take its
    jugfile: ``jughpc status NAME/calls.py``.

    Args:
        name: A folder, made if it is not there: what is called, and the results, are kept in it.
        array: Elements of each submission, at most; there are never more than calls.
        options: Others of ``jughpc submit``: ``time="2h", mem="4G", workers="auto", scheduler="local"``.
    Raises:
        UsageError: The folder holds what is no executor's, or others may write it.
        OSError: It cannot be made.
    """

    def __init__(self, name: str | Path, *, array: int = 1, **options: Any) -> None:
        self._clock: Clock = OsClock()
        self._desk = Desk(Path(name).absolute(), array, options, self._clock)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_shut = False

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> CallFuture[R]:
        """Have ``fn(*args, **kwargs)`` computed; a future among the arguments stands for its result.

        Raises:
            RuntimeError: The executor was shut down.
            UsageError: Function or arguments cannot be handed to workers, or nothing tells the call from others.
        """
        return self._take([_Called(fn).with_(args, kwargs)])[0]

    def map(
        self, fn: Callable[..., R], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[R]:
        """Return an iterator of the results of ``fn`` for the items of `iterables` together, in their order.

        Args:
            timeout: For all results, from this call on [s]; the iterator raises TimeoutError then.
            chunksize: Means nothing: workers take short calls by many as it is.
        Raises:
            RuntimeError, UsageError: As `submit`.
        """
        called = _Called(fn)
        futures = self._take([called.with_(args, {}) for args in zip(*iterables)])  # noqa: B905  # as Executor.map does
        return self._results(futures, None if timeout is None else self._clock.now() + timeout)

    def watch(self) -> Counts:
        """Show a bar, on a terminal or in a notebook, until all calls so far are done; return what became of them."""
        from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn  # only now: few watch

        calls, waiting = self._desk.made.counts.calls, self._desk.made.open
        with Progress(*Progress.get_default_columns()[:3], MofNCompleteColumn(), TimeElapsedColumn()) as bar:
            task = bar.add_task(self._desk.folder.name, total=calls, completed=calls - len(waiting))
            while waiting:
                waiting = concurrent.futures.wait(waiting, timeout=_REFRESH).not_done
                bar.update(task, completed=calls - len(waiting))
        return self._desk.made.counts

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Args:
            wait: Return once all calls are done; else they go on, and another process may ask for them.
            cancel_futures: Drop what was not handed over yet.
        """
        with self._lock:
            self._is_shut = True
            thread = self._thread
        self._desk.close(drop=cancel_futures)
        if wait and thread is not None:
            thread.join()

    def _take(self, calls: Sequence[Call]) -> list[CallFuture[Any]]:
        with self._lock:
            if self._is_shut:
                raise RuntimeError("the executor was shut down: it takes no more calls")
            futures = self._desk.take(calls)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._desk.run, name="jughpc.Executor", daemon=True)
                self._thread.start()
        return futures

    def _results(self, futures: Sequence[CallFuture[Any]], end: float | None) -> Iterator[Any]:
        for future in futures:
            yield future.result(None if end is None else max(0.0, end - self._clock.now()))

    def __repr__(self) -> str:
        return f"<jughpc.Executor {self._desk.folder.name}: {self._desk.made.counts}>"

    def _repr_html_(self) -> str:
        counts = self._desk.made.counts
        bar = f'<progress max="{max(1, counts.calls)}" value="{counts.done}"></progress>'
        return f"<div>jughpc.Executor <code>{escape(str(self._desk.folder))}</code> {bar} {escape(str(counts))}</div>"


class _Called:
    """A function of which calls are made, without what partials bind and what makes tasks of it.

    Raises UsageError.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        f, self._args, self._kwargs = unwrapped(fn, (), {})
        f = f.f if getattr(f, "_jug_is_task_generator", False) else f  # type: ignore[attr-defined]  # a TaskGenerator
        self._function = Function(*pickled.function(f))
        self._head = Callee(f, self._function.name, self._function.version).head

    def with_(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """Return the call with these arguments. Raises UsageError."""
        all_args, all_kwargs = (*self._args, *args), {**self._kwargs, **kwargs}
        digest = hashing.of_call(self._head, all_args, all_kwargs)
        return Call(digest, self._function, pickled.dumps(all_args, all_kwargs))
