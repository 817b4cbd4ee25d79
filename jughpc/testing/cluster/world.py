"""A simulated cluster with everything on it: jobs, users, mishaps, and the processes of ours among them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from jughpc.app.submit import own_end
from jughpc.batch import ends, journal, registry, submissions, withdraw
from jughpc.batch.ends import End
from jughpc.batch.scheduler import Role, State
from jughpc.config.asks import DEFAULT
from jughpc.errors import FullError, JugError, SubmitError
from jughpc.exitcode import after_signal
from jughpc.store.base import Store
from jughpc.testing.cluster import commands, scripts
from jughpc.testing.cluster.answers import EPOCH, Answer, Caller, system_of
from jughpc.testing.cluster.board import Board, Worker
from jughpc.testing.cluster.commands import Bench
from jughpc.testing.cluster.engine import RefusedError
from jughpc.testing.cluster.hands import HANDS, MISHAPS
from jughpc.testing.cluster.hearing import Hearing
from jughpc.testing.cluster.home import FOLDER, JUGDIR, Home
from jughpc.testing.cluster.mine import ours
from jughpc.testing.cluster.model import Ask, Node, Process, SimJob
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.pbs_ids import element_id
from jughpc.testing.cluster.plan import Plan, Wish
from jughpc.testing.cluster.processes import Acting, Exited, Start, Stepped, Steps
from jughpc.testing.cluster.referee import Referee, Trace
from jughpc.testing.cluster.seat import Doom, Seat
from jughpc.testing.cluster.systems import Systems
from jughpc.testing.cluster.weather import Weather
from jughpc.testing.disk import Disk
from jughpc.testing.simlocation import SimFolder
from jughpc.testing.stage import Stage
from jughpc.worker.element import Place

ME = "ada"

Case = Callable[[Bench, scripts.Command], int]
_AFTERMATH = 200.0  # [s] after a cancel that was done nothing of it is left
_NUMBERS = {"KILL": 9, "INT": 2, "HUP": 1, "TERM": 15}


class World:
    """Everything in one history; also the ground that our processes stand on."""

    def __init__(self, plan: Plan, parts: Parts, trace: Trace | None = None) -> None:
        self.plan, self.parts, self._trace = plan, parts, trace
        self.rng, self.stage = random.Random(plan.seed), Stage()
        self.disk = Disk(lambda: self.stage.time)
        self.weather = Weather(self.rng, plan.forecast)
        self.system = Systems(self.stage, self.rng, plan, self._launch, self._read)
        self.engine = self.system.near
        self.home = Home(self.disk, tuple((task.only, task.needs) for task in plan.tasks))
        self.board = Board(lambda: self.stage.time, plan.tasks, self.home.digests)
        self.referee = Referee(self.engine, self.board, self.system)
        blame = partial(self.referee.blame, 4)
        self.hearing = Hearing(self.engine, self.board, self.system, blame, self.referee.reduced.total)
        self._typed: list[Seat] = []
        self._scripts: dict[SimJob, str] = {}
        self._collectors = 0

    @property
    def signals(self) -> Mapping[str, Callable[[], BaseException]]:
        """What signals raise in our processes."""
        return self.parts.signals

    def begin(self) -> None:
        """Let everything come that is planned."""
        for _ in range(self.plan.crowd):
            self.stranger(ME, 300.0)
        for wish in self.plan.wishes:
            self.stage.at(wish.at, partial(self.type, wish))
        for mishap in self.plan.mishaps:
            self.stage.at(mishap.at, partial(MISHAPS[mishap.kind], self))

    def type(self, wish: Wish) -> None:
        """Let a user type something."""
        self.trace(f"--- a user types {wish.kind}")
        if wish.kind in HANDS:
            HANDS[wish.kind](self)
        elif wish.kind == "cancel":
            self.cancel(self.numbers()[-1:], wish.doom)
        elif wish.kind == "status":
            self._seat(wish.kind, self._status, wish.doom)
        else:
            self._seat(wish.kind, partial(self._queueing, self.parts.typed[wish.kind]), wish.doom)

    def cancel(self, numbers: Sequence[int], doom: Doom | None = None) -> None:
        """Let somebody cancel these submissions, each by a process of its own."""
        for number in numbers:
            self.referee.ended.add(number)
            self._seat("cancel", partial(self._cancel, number), doom)

    def numbers(self) -> list[int]:
        """Return the submissions that are recorded."""
        return submissions.numbers(self._looker().files)

    def typing(self) -> bool:
        """Return whether a command of a user's goes on."""
        return any(not seat.actor.over for seat in self._typed if seat.actor)

    def look(self) -> None:
        """Let somebody look how things stand."""
        self._seat("status", self._status, None)

    def stranger(self, user: str, seconds: float) -> None:
        """Queue a job that is none of ours."""
        ask = Ask(name=f"other{seconds:.0f}", user=user, script="stranger.sh", walltime=seconds)
        try:
            self.engine.submit(ask)
        except RefusedError:
            self.trace("a stranger is refused")

    def does(self, seat: Seat, argv: Sequence[str]) -> Answer:
        before = set(self.system.history)
        answer = self.system.answer(argv, seat.caller)
        for job in [one for one in self.system.history if one not in before]:
            self.trace(f"    queued: {job.number} {job.ask.name}")
            self._scripts[job] = self._read(job.ask.script) or ""  # the system keeps a copy
            self.referee.queued(job, seat, heard=self.stage.current is not None)
        return answer

    def trace(self, words: str) -> None:
        if self._trace:
            actor = self.stage.current
            self._trace(f"{self.stage.time:10.2f} {actor.name if actor else '':14} {words}")

    def _seat(self, kind: str, play: Callable[[Seat], str], doom: Doom | None, node: Node | None = None) -> Seat:
        """Start a process of ours, by default on the login host."""
        caller = Caller(ME, node.name if node else "login01", FOLDER)
        name, lacks = f"{kind}-{len(self._typed) + 1}", self.system.lacking(node)
        seat = Seat(self, name, caller, commands=not node or node.commands, lacks=lacks, doom=doom)
        seat.actor = self.stage.spawn(seat.name, lambda: _ignore(self._play(seat, play)))
        self._typed.append(seat)
        return seat

    def _play(self, seat: Seat, play: Callable[[Seat], str]) -> int:
        """Be a process of ours to its end; return the exit code."""
        self.referee.begins(seat)
        try:
            how, code = play(seat), 0
        except JugError as error:
            if isinstance(error, SubmitError) and not isinstance(error, FullError):
                self.referee.submit_gave_up(seat, error, registry.scheduler(system_of(error.argv[0])))
            how, code = "refused" if _sure(error) else "gave up in doubt", 2
            self.trace(f"fails: {error}")
        except KeyboardInterrupt as error:
            how, code = "was interrupted", after_signal(getattr(error, "number", 2))
        except Exception as error:
            self.referee.traceback(seat, error)
            how, code = "crashed", 1
        self.referee.outcome(seat, how)
        self.trace(how)
        return code

    def _queueing(self, command: Callable[[Bench], int], seat: Seat) -> str:
        code = command(self._bench(seat))
        looker = self._looker()
        for number in self.referee.queued_by(seat):
            submission = submissions.load(looker.files, self._jugdir, number)
            jobs = journal.accepted(looker.files, submission)
            self.referee.judge_submit(seat, [(job.id, job.name) for job in jobs], number)
            if self.plan.order.wait and not seat.name.startswith("more"):
                self.referee.judge_wait(seat, number, code)
        return "was done"

    def _status(self, seat: Seat) -> str:
        since, half = self.hearing.now(), self._half_cancelled()
        self.hearing.hear(self.parts.status(self._bench(seat)), since)
        if not seat.troubled:
            self.referee.judge_found(self._recorded(), since.time)
            for number in half:
                self.stage.at(_AFTERMATH, partial(self.referee.judge_cancelled, number))
        return "was done"

    def _half_cancelled(self) -> list[int]:
        """Return the submissions whose cancel may have been left half done; any other command finishes it."""
        if self._submitting():
            return []
        files = self._looker().files
        names = {number: files.names(f"{submissions.ROOT}/{number}") for number in submissions.numbers(files)}
        return [number for number, found in names.items() if submissions.CANCELLED in found]

    def _submitting(self) -> bool:
        queueing = tuple(self.parts.typed)
        return any(seat.name.startswith(queueing) for seat in self._typed if seat.actor and not seat.actor.over)

    def _recorded(self) -> set[str]:
        """Return the names of all jobs that are recorded as ours."""
        files = self._looker().files
        found = [submissions.load(files, self._jugdir, number) for number in submissions.numbers(files)]
        return {job.name for submission in found for job in journal.accepted(files, submission)}

    def _cancel(self, number: int, seat: Seat) -> str:
        calm = not self._submitting()
        self.parts.cancel(self._bench(seat), number)
        if calm:
            self.stage.at(_AFTERMATH, lambda: self.referee.judge_cancelled(number))
        return "was done"

    @property
    def _jugdir(self) -> Path:
        return self.home.path(JUGDIR)

    def _bench(self, seat: Seat, environ: Mapping[str, str] | None = None) -> Bench:
        far = self.plan.far.system if self.plan.far else ""
        return Bench(seat, self.home, self.plan.system, self.plan.order, self.rng, environ or {}, far)

    def _environ(self, start: Start) -> Mapping[str, str]:
        """Return the variables that the script of a job of ours sets."""
        if self.system.of_job(start.job) == "slurm":
            owner, run = f"slurm:{start.job.number}_{start.element.index}", start.run
        else:
            owner, run = f"pbs:{element_id(start.job, start.element)}", int(EPOCH + self.stage.time)
        return scripts.environ(self._scripts[start.job], start, owner, run)

    def _looker(self) -> Seat:
        """Return somebody who looks from outside: no time goes by."""
        return _Outside(self, "outside", Caller(ME))

    def _launch(self, start: Start, exited: Exited) -> Process:
        what = ours(start.job)
        if start.node.broken:
            return Stepped(self.stage, self._fails_in_setup(start), exited)
        if what is None:
            return Stepped(self.stage, _sleep(start.job.ask.walltime or 0.0), exited)
        self.trace(f"    {what.role.value} {start.job.number}_{start.element.index} starts on {start.node.name}")
        if what.role is Role.COLLECT:
            self.referee.collects(start.job)
            return self._launch_case(start, exited, "collect", self._collect, self._collector_doom())
        if what.role is Role.REDUCE:
            self.referee.reduces(start.job)
            return self._launch_case(start, exited, "reduce", partial(self._reduce, what.submission), None)
        end = partial(self._nothing_left, start)
        environ = self._environ(start)
        said, ended = scripts.command(start.job.ask.argv).options, partial(self._broken_off, environ)
        digests = frozenset(filter(None, said.get("digests", "").split(",")))
        only, leaves = said.get("only", DEFAULT), "mem-retry" in said
        worker = Worker(self.board, start, self._store(), environ, EPOCH, end, ended, only, digests, leaves)
        return Stepped(self.stage, self.parts.work(worker), exited)

    def _broken_off(self, environ: Mapping[str, str], code: int) -> None:
        own_end.broken_off(self._bench(self._looker()).site(), code, environ)

    def _fails_in_setup(self, start: Start) -> Steps:
        """Be a script on a node where a line of setup fails: it tells so where its end is looked for."""
        yield 1.0
        if ours(start.job):
            environ = self._environ(start)
            reason, path = "setup line 1, `module load x`: command not found", environ["JUGHPC_END"]
            end = End(environ["JUGHPC_OWNER"], 127, State.FAILED, reason, (), start.node.name, EPOCH + self.stage.time)
            ends.tell(self._looker().files, path.removeprefix(f"{JUGDIR}/"), end)
        return 127

    def _store(self) -> Store:
        """Return the store as the server has it."""
        looker = self._looker()
        found = SimFolder(looker.files, self._jugdir, token=f"{self.rng.getrandbits(32):08x}").find(looker.clock)
        assert found is not None  # submit made it
        return found

    def _nothing_left(self, start: Start, where: Place, is_all: bool) -> None:
        """Let the element that finds nothing left to do withdraw the others, as `execute` has it done."""
        if where.ref is None or where.elements < 2:
            return
        token, stem = where.ref.submission, "" if is_all else Path(start.job.ask.script).stem
        if not withdraw.mark(self._looker().files, token, stem):
            return

        def play(seat: Seat) -> str:
            return "".join(commands.withdraw(self._bench(seat), token, stem))

        self._seat("withdraw", play, None, start.node)

    def _collector_doom(self) -> Doom | None:
        dooms, place = self.plan.collector_dooms, self._collectors
        self._collectors += 1
        return dooms[place] if place < len(dooms) else None

    def _launch_case(self, start: Start, exited: Exited, kind: str, case: Case, doom: Doom | None) -> Process:
        """Run a use case of ours as a job."""
        caller = Caller(ME, start.node.name, start.job.ask.workdir)
        name, lacks = f"{kind}-{start.job.number}", self.system.lacking(start.node)
        seat = Seat(self, name, caller, commands=start.node.commands, lacks=lacks, doom=doom)
        codes: list[int] = []
        bench = self._bench(seat, self._environ(start))

        def play(seat: Seat) -> str:
            codes.append(case(bench, scripts.command(start.job.ask.argv)))
            return f"ended with {codes[0]}"

        def body() -> int:
            code = self._play(seat, play)
            return codes[0] if codes else code

        term = (lambda: seat.deliver("TERM")) if "TERM" in self.signals else None
        acting = Acting(self.stage, seat.name, body, exited, term)
        seat.on_told = partial(self._told, start)
        seat.actor, seat.on_death = acting.actor, lambda signal: acting.die(_NUMBERS[signal])
        return acting

    def _told(self, start: Start, path: str) -> None:
        start.element.told = f'"state": "{State.DONE.value}"' in (self._read(path) or "")

    def _collect(self, bench: Bench, command: scripts.Command) -> int:
        return self.parts.collect(bench, command)

    def _reduce(self, number: int, bench: Bench, command: scripts.Command) -> int:
        code = self.parts.reduce(bench, command)
        if not code:
            self.referee.reduced[number] += 1
        return code

    def _read(self, path: str) -> str | None:
        inode = self.disk.find(path.removeprefix(f"{JUGDIR}/"))
        return inode.data.decode() if inode else None


class _Outside(Seat):
    """Who sees the disk as it is; its calls take no time and meet no fate."""

    def hold(self, seconds: float) -> None:
        return

    def before(self, call: str, path: str) -> None:
        return


def _ignore(code: int) -> None:
    """Nobody waits for this exit code."""


def is_ours(job: SimJob) -> bool:
    """Return whether a job is one of our own."""
    return ours(job) is not None


def _sleep(seconds: float) -> Steps:
    yield seconds * 0.9
    return 0


def _sure(error: JugError) -> bool:
    """Return whether an error says that nothing is queued."""
    text = str(error)
    return "may have been queued" not in text and "NOT cancelled" not in text
