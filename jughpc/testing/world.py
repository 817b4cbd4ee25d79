"""A simulated world: hosts around one server, workers on them, and what befalls them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from jughpc.errors import StoreError
from jughpc.store.base import Store
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.lease.heartbeat import Heartbeat
from jughpc.store.lease.progress import Board
from jughpc.testing.beating import Witness
from jughpc.testing.clocks import SimClock
from jughpc.testing.disk import Disk
from jughpc.testing.hosts import WORKER, Host, Process
from jughpc.testing.parts import Parts
from jughpc.testing.plan import MOST_DEATHS, Plan, SimTask
from jughpc.testing.referee import Referee
from jughpc.testing.simfiles import Client, SimFiles
from jughpc.testing.stage import Crash, Stage
from jughpc.testing.visitors import RESULT, VISITS
from jughpc.testing.watched import WatchedStore
from jughpc.testing.weather import Weather

_SUCCESSORS = 3  # in one history

Trace = Callable[[str], None]


class World:
    """Everything in one history; also the fate of all calls in it.

    Attributes:
        tasks: By digest.
        died: When somebody last did [s].
        removes: Whether results may vanish in it.
        rots: Whether results may be damaged in it.
    """

    def __init__(self, plan: Plan, parts: Parts, trace: Trace | None = None) -> None:
        self.plan, self.parts, self._trace = plan, parts, trace
        self.rng, self.died = random.Random(plan.seed), 0.0
        self.stage, self._successors = Stage(), 0
        self.disk = Disk(lambda: self.stage.time)
        self.layout = Layout(plan.bits)
        self.referee = Referee(self.disk, self.layout, lambda: self.stage.time)
        self.weather = Weather(self.stage, self.rng, plan.forecast, self._strike)
        self.tasks = {task.digest: task for task in plan.tasks}
        kinds = plan.comers
        self.removes, self.rots = bool(kinds & {"invalidate", "anew", "damage"}), "damage" in kinds
        self.hosts = [self._host(number, *clock) for number, clock in enumerate(plan.clocks)]

    def start_worker(self, host: Host, delay: float, former: Process | None = None) -> None:
        """Start a worker process on `host` after `delay` seconds, in the place of one that died there."""
        process = self._process(host, WORKER)
        process.former = former
        make, name = partial(self._heartbeat, process), f"{process.name} heartbeat"
        beats = self.parts.beats(self.stage, name, host.clock, make, self._witness(host, name))
        process.beats, process.lease = beats, self.parts.lease(beats, host.clock, process.identify)
        process.lease.process = process
        process.actor = self.stage.spawn(process.name, lambda: self._work(process), delay)

    def send(self, kind: str, delay: float) -> None:
        """Let a visitor come to the last host after `delay` seconds."""
        process = self._process(self.hosts[-1], kind)

        def visit() -> None:
            try:
                VISITS[kind](self, process, cast(FileStore, process.store))
            except (OSError, StoreError) as error:
                self.trace(f"goes away: {error}")

        process.actor = self.stage.spawn(process.name, visit, delay)

    def look(self) -> FileStore:
        """Return the store as somebody sees it who looks for the first time."""
        host = self.hosts[-1]
        files = SimFiles(Client(self.disk), self, self.plan.links)
        return FileStore(files, host.clock, self.layout, self.plan.pace, host.is_gone)

    def run_task(self, process: Process, task: SimTask, values: list[Any]) -> object:
        """Run a task as `process` on the values of what it needs; return its result."""
        if not process.alive:
            raise Crash  # once more: a worker takes whatever a task raises for the task's own fault
        self.referee.begins(process, task.digest)
        if not self.plan.mini:  # those in miniature know of no suspects
            self.referee.runs_alone(process, task.digest)
        self.trace(f"runs {task.digest.hex()[:8]} for {task.seconds:g} s")
        process.host.clock.sleep(task.seconds)
        if task.deadly:
            self._dies_of_it(process, task)
        self.referee.ends(process)
        return task.combine(values)

    def caller(self) -> Process:
        """Return the process whose turn it is."""
        actor = self.stage.current
        processes = (process for host in self.hosts for process in host.processes)
        return next(process for process in processes if actor and process.is_turned_to(actor))

    def before(self, call: str, path: str) -> None:
        was_late = call == "remove" and self.stage.current is not None and self.caller().late
        self.weather.before(call, path)
        self.trace(f"{call} {path}")
        if not self.stage.current:
            return  # somebody looks from outside
        if call == "names":
            self.referee.lists(self.caller(), path)
        elif call == "read":
            self.referee.reads(self.caller(), path)
        elif call == "remove":
            self.referee.removing(self.caller(), path, was_late)
        elif call in ("link", "create") and ".claim." in path:
            self.referee.makes(path)
        elif call == "rename":
            self.referee.relies(self.caller())
        elif call == "rewrite":
            self.referee.beats(self.caller())

    def postpones(self, call: str, path: str, effect: Callable[[], None]) -> bool:
        if call == "remove" and RESULT.fullmatch(path):
            return False  # done much later, it would remove what was computed anew: nothing could prevent that

        def late() -> None:
            self.trace("is done at last")
            if call == "remove":
                self.referee.goes(path)
            elif call in ("link", "create") and ".claim." in path:
                self.referee.makes(path)
            effect()

        return self.weather.postpones(call, path, late)

    def after(self, call: str, path: str) -> None:
        self.weather.after(call, path)

    def trace(self, words: str) -> None:
        """Say what happens now, if anybody listens."""
        if self._trace and self.stage.current:
            self._trace(f"{self.stage.time:10.3f} {self.stage.current.name:20} {words}")

    def _work(self, process: Process) -> None:
        """Be a worker process: work to the end, or until an error, after which another is started."""
        try:
            process.lease.begin(process.store)
            kind = self.parts.mini if self.plan.mini else self.parts.real
            kind(self, process).run()
        except OSError as error:
            self.trace(f"gives up: {error}")
            self.start_worker(process.host, delay=5.0)
        try:
            process.lease.end("its work ended")
        except OSError as error:
            self.trace(f"ends badly: {error}")
        process.beats.orphan()  # if it is still there: with the process its pipe ends

    def _witness(self, host: Host, name: str) -> Witness:
        """Return what is to beat for another worker on `host`."""
        if not self.plan.together:
            return Witness(self.stage, name, host.clock)
        if host.witness is None or not host.witness.is_there:
            host.witness = Witness(self.stage, f"{host.name} heartbeat", host.clock)
        return host.witness

    def _host(self, number: int, offset: float, rate: float) -> Host:
        clock = SimClock(self.stage, offset, rate, self.weather.asleep)
        return Host(f"host{number}", clock, Client(self.disk, self.plan.lag), mortal=number > 0)

    def _process(self, host: Host, name: str) -> Process:
        process = Process(host, name)
        process.store = self._watched(process, process.name)
        return process

    def _watched(self, process: Process, token: str) -> Store:
        files, host = SimFiles(process.host.client, self, self.plan.links), process.host
        store = self.parts.store(files, host.clock, self.layout, self.plan.pace, host.is_gone, token)
        return cast(Store, WatchedStore(store, process, self.referee))

    def _heartbeat(self, process: Process, board: Board) -> Heartbeat:
        store = self._watched(process, f"{process.name}-heartbeat")
        return self.parts.heartbeat(lambda: store, process.host.clock, lambda pid: (0, 0.0), board)

    def _strike(self, kind: str, seconds: float) -> None:
        """Do `kind` to who is calling."""
        caller = self.caller()
        if not caller.works:
            return
        self.trace(f"*** {kind} {caller.host.name} {seconds:.0f} s")
        if kind == "suspend":
            self._suspend(caller.host, seconds)
        elif kind == "oversleep":
            self.send(self.plan.ambush, 0.0)
            self._suspend(caller.host, seconds)
        elif kind == "ambush":
            self.send(self.plan.ambush, 0.0)
            self.stage.hold(seconds)
        elif kind == "heartless":
            self.stage.kill(caller.beats.witness.actor)
        elif caller.host.mortal:
            self._kill(caller, whole_host=kind == "crash")
        self.stage.hold(0.0)  # by which who was struck dies

    def _suspend(self, host: Host, seconds: float) -> None:
        host.clock.suspended += seconds
        for actor in host.actors():
            if actor is not self.stage.current and actor.due < self.stage.time + seconds:
                self.stage.wake(actor, seconds)
        self.stage.hold(seconds)

    def _dies_of_it(self, process: Process, task: SimTask) -> None:
        """Let a process die of what it runs; another comes in its place, as of a further array."""
        self.trace("*** is killed by it")
        self.referee.kills(task.digest, MOST_DEATHS)
        self._kill(process, whole_host=False)
        self.start_worker(process.host, 5.0)
        self.stage.hold(0.0)

    def _kill(self, process: Process, whole_host: bool) -> None:
        self.died = self.stage.time
        for actor in process.host.actors() if whole_host else [process.actor]:
            self.stage.kill(actor)
        if not whole_host:
            process.beats.orphan()
            if self.plan.together and self._successors < _SUCCESSORS:
                self._successors += 1
                self.start_worker(process.host, 1.0, process)
