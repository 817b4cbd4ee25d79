"""The worker: what to claim next, and how long to wait for what others hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from jughpc.backoff import Backoff, jitter
from jughpc.fs import Clock
from jughpc.store.base import SHARD, Store, View
from jughpc.store.believed import told
from jughpc.store.lease.lease import Lease
from jughpc.tasks import hooks, running
from jughpc.tasks.graph import Graph
from jughpc.tasks.running import TimeIsUp
from jughpc.worker.context import WorkerContext
from jughpc.worker.frontier import Frontier
from jughpc.worker.knowledge import Knowledge
from jughpc.worker.ledger import Ledger
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.patient import PatientStore
from jughpc.worker.places import Places
from jughpc.worker.policy import Policy
from jughpc.worker.rotation import Rotation
from jughpc.worker.runner import Runner
from jughpc.worker.stops import Interrupted, Stops
from jughpc.worker.tally import Options, Say, Tally

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # [s] between two looks at what others hold
GROWTH = 1.2  # of each pause over the last: news are seen after a sixth of the time that was waited for them
_BRIEF, _BRIEF_GROWTH = 0.002, 1.5  # [s] the same where others run short tasks, and will bring news soon
_BREATH = 0.02  # [s] after news of others: what looked free may be won by them again and again
_SAMPLE = 32  # shards looked at in one poll
_PROBES = 8  # claims of others examined in one poll: each may cost the file server a read
_MET = 8  # shards that others hold or had done, before the list of complete ones is read again


class Worker:
    """Works on one load of a jugfile until all is done, nothing can go on, or it is told to stop.

    Attributes:
        graph: What is done and what is left.
        tally: What this worker did.

    Args:
        ledger: Takes what tasks took; None if nobody asks.
        places: Where the graph's tasks lie, if that is known already.
    """

    def __init__(
        self, graph: Graph, store: Store, lease: Lease, clock: Clock, stops: Stops,
        policy: Policy, options: Options, say: Say, ledger: Ledger | None = None, places: Places | None = None,
    ) -> None:  # fmt: skip
        self.graph, self.tally = graph, Tally()
        patience = Patience(clock, stops, say, options)
        patient = PatientStore(store, patience)
        ledger = ledger or Ledger(clock, writes=False)
        self._context = WorkerContext(patient, patience, lease, clock, stops, policy, options, say, self.tally, ledger)
        self._frontier = Frontier(graph, store.shard_of, places)
        self._knowledge = Knowledge(patient, self._frontier, options, self.tally)
        self._runner = Runner(self._context, self._knowledge)
        self._polls = 0
        self._told_to_stop = ""
        if options.deadline is not None:
            lease.ends_at(options.deadline, has_all_time=options.is_early(clock.wall()))

    def run(self) -> None:
        """Work; what is left undone when this returns, the graph knows."""
        before, running.aid = running.aid, self._runner.aid
        try:
            self._begin()
            self._work()
            self._knowledge.mark_found()
            self._tell_loadable()
        except Interrupted:
            pass  # the claim was released on the way here
        except hooks.StopWorker:
            self._told_to_stop = "a hook ended this worker"
        except TimeIsUp:
            self._told_to_stop = "this worker's time is up"
        except GivenUpError as error:
            self._told_to_stop = f"{error}; it gives up"
        finally:
            running.aid = before
            self._runner.aid.close()
        if self.graph.unfinished and (why := self.why()):
            self._context.say(f"{why}; {self.graph.unfinished - self.graph.stuck} tasks are left for others")

    def recheck(self) -> str:
        """Look whether what is known to be done is there; say what is gone, and is ready once more, "" if nothing is.

        Raises GivenUpError, Interrupted.
        """
        may_forget = self._context.store.bare.may_forget
        if not (may_forget or self._context.options.is_thorough) or self.graph.unfinished > self.graph.stuck:
            return ""
        gone = self._knowledge.recheck(everything=may_forget)
        return told(sum(gone.values()), len(gone))

    def why(self) -> str:
        """Return why this worker ended, or would end now, before all is done; "" if it has no reason to."""
        if self._told_to_stop:
            return self._told_to_stop
        if asked := self._context.stops.why():
            return f"this worker was asked to stop: {asked}"
        if self._context.is_through():
            return "this worker was to measure how long tasks take, and has"
        left = self._context.seconds_left()
        if not left:
            return "this worker's time is up"
        if self._frontier.is_empty() or self._anything_fits():
            return ""
        takes, name = min((self._context.policy.means[name], name) for name in self._ready_names())
        return f"this worker has {left:.0f} s left, and {name} takes {takes:.0f} s"

    def stopping(self) -> bool:
        """Return whether this worker is to end before all is done."""
        return bool(self._told_to_stop) or self._context.stopping() or not self._context.seconds_left()

    def _begin(self) -> None:
        """Learn what was done before, and say so if some of it is gone."""
        false = self._knowledge.learn_complete().values()
        if words := told(sum(len(one.gone) for one in false), sum(bool(one.gone) for one in false)):
            self._context.say(words)

    def _work(self) -> None:
        backoff = Backoff(FIRST_PAUSE, min(LONGEST_PAUSE, 2 * self._context.store.bare.pace.beat), GROWTH)
        brief = self._until_others_are_due()
        while not self._frontier.is_empty() and not self.stopping() and self._anything_fits():
            self._tell_loadable()
            if self._pass():
                backoff.reset()
                brief = self._until_others_are_due()
            elif self._poll():
                backoff.reset()
                brief = self._until_others_are_due()
                self._wait(min(_BREATH, brief.pause) * jitter())
            else:
                self._wait((brief if brief.pause < FIRST_PAUSE else backoff).next())

    def _tell_loadable(self) -> None:
        """Call the hooks for what others did: here, for such a hook may end this worker, and nothing is held."""
        found, self._knowledge.loadable = self._knowledge.loadable, []
        if found:
            with self._context.stops.user_code("a hook"):
                for index in found:
                    hooks.tell(hooks.TASK_LOADABLE, self.graph.tasks[index])

    # what nobody holds

    def _pass(self) -> bool:
        """Run what nobody holds; return whether anything ran or was found done."""
        unfinished = self.graph.unfinished
        self._pass_singles()
        self._pass_shards()
        return self.graph.unfinished != unfinished

    def _pass_singles(self) -> None:
        """Claim ready tasks one by one, in the order of definition, from this worker's start."""
        plan = Rotation(self._for_themselves(), self._context.options.start)
        for index in plan:
            if self.stopping() or not (self._runner.crashed or self._long_kinds()):
                break
            if self._is_for_itself(index) and not self._single(index):
                plan.elsewhere()
            self._follow()

    def _for_themselves(self) -> Sequence[int]:
        """Return the ready tasks that may have to be claimed one by one, in order."""
        if self._runner.crashed:
            return self._frontier.of_kinds(set(self._frontier.kinds))
        return self._frontier.of_kinds(self._long_kinds())

    def _pass_shards(self) -> None:
        plan = Rotation(sorted(self._frontier.ready), self._context.options.start)
        met = 0
        for shard in plan:
            if self.stopping():
                break
            if not self._shard(shard):
                plan.elsewhere()
                met += 1
                if met % _MET == 0:
                    self._knowledge.learn_complete()
            self._follow()

    def _follow(self) -> None:
        """Go on with what this worker's own results made ready: nobody else knows of it yet."""
        made_ready = self._runner.made_ready
        if made_ready and not (self._runner.crashed or self._long_kinds()):  # none is to be claimed by itself
            made_ready.clear()
        while made_ready and not self.stopping():
            index = made_ready.pop()
            if self._is_for_itself(index):
                self._single(index)

    def _single(self, index: int) -> bool:
        """Run a task if it is free as far as is known; return False if another was faster."""
        shard = self._frontier.shard[index]
        view = self._knowledge.claims(shard)
        if not self._frontier.is_ready(index) or self._is_claimed(index, view):
            return True
        return self._runner.single(index, view)

    def _shard(self, shard: int) -> bool:
        """Run the short tasks of a shard if it is free as far as is known; return False if others were met there."""
        if shard not in self._frontier.ready:
            return True
        view = self._knowledge.claims(shard)
        if SHARD in view.claims or shard not in self._frontier.ready:
            return False
        if not self._runner.shorts(shard, view):
            return True
        return self._runner.shard(shard, view)

    def _is_claimed(self, index: int, view: View) -> bool:
        """Return whether, as `view` knows, a task is claimed: by itself, or with its shard."""
        with_shard = SHARD in view.claims and self._frontier.shard[index] not in self._runner.crashed
        return with_shard or self.graph.digests[index] in view.claims

    def _long_kinds(self) -> set[int]:
        """Return the kinds of ready tasks that are claimed one by one."""
        shards, names = len(self._frontier.ready), self.graph.names
        is_short = self._context.policy.is_short
        return {kind for kind, count in self._frontier.kinds.items() if count and not is_short(names[kind], shards)}

    def _is_for_itself(self, index: int) -> bool:
        """Return whether to claim this task by itself, now."""
        if not self._frontier.is_ready(index) or self._frontier.deaths(index):
            return False
        name = self.graph.name(index)
        is_short = self._context.policy.is_short(name, len(self._frontier.ready))
        if is_short and self._frontier.shard[index] not in self._runner.crashed:
            return False
        return self._fits(name)

    def _fits(self, name: str) -> bool:
        return self._context.policy.fits(name, self._context.seconds_left())

    def _anything_fits(self) -> bool:
        """Return whether some ready task would end before the deadline, whoever holds it now."""
        return any(map(self._fits, self._ready_names()))

    def _ready_names(self) -> Iterator[str]:
        names, kinds = self.graph.names, self.graph.kinds
        yield from (names[kind] for kind in +self._frontier.kinds)
        yield from (names[kinds[index]] for index in self._frontier.aside)

    # what others hold

    def _until_others_are_due(self) -> Backoff:
        """Return pauses that begin with half of the time that others need at least, where that is worth sharing."""
        means, kinds, names = self._context.policy.means, self.graph.kinds, self.graph.names
        takes = [len(here) * means.get(names[kinds[next(iter(here))]], inf) for here in self._frontier.ready.values()]
        due = min(takes, default=inf) / 2
        return Backoff(due if due >= _BRIEF else FIRST_PAUSE, FIRST_PAUSE, _BRIEF_GROWTH)

    def _poll(self) -> bool:
        """Look at what this worker waits for, and take over from the dead; return whether there is news.

        If there is none, and nothing else can be run now, it is the suspects' turn.
        """
        unfinished, crashed = self.graph.unfinished, len(self._runner.crashed)
        shards = self._frontier.shards()
        if len(shards) > _SAMPLE:
            self._knowledge.learn_complete()
        probes = _PROBES
        for shard in self._rotated(shards)[:_SAMPLE]:
            if self.stopping():
                break
            probes -= self._probe(shard, self._knowledge.look(shard), probes)
        self._follow()
        news = self.graph.unfinished != unfinished or len(self._runner.crashed) != crashed
        return news or self._has_free_task() or self._pass_suspects()

    def _pass_suspects(self) -> bool:
        """Run one of the tasks that killed workers, of which the fewest died; return whether there was one."""
        order = self._rotated(sorted(self._frontier.aside))
        for index in sorted(order, key=self._frontier.deaths)[:_SAMPLE]:
            if self.stopping():
                break
            if self._is_left(index):
                self._frontier.leave(index)
                continue
            view = self._knowledge.claims(self._frontier.shard[index])
            if self._is_worth_a_try(index) and self._runner.suspect(index, view):
                return True
        return False

    def _is_left(self, index: int) -> bool:
        """Return whether a suspect is for others, who have more of what it lacked."""
        leaves = self._context.options.leaves
        return bool(leaves) and any(
            death.how in leaves for death in self._context.store.deaths(self.graph.digests[index])
        )

    def _rotated(self, order: list[int]) -> list[int]:
        """Return `order` from another start at each poll, so that all have their turn."""
        self._polls += 1
        start = (self._polls * _SAMPLE + int(self._context.options.start * len(order))) % max(1, len(order))
        return order[start:] + order[:start]

    def _probe(self, shard: int, view: View, most: int) -> int:
        """Try claims of others, whose holders may have died; return how many."""
        if SHARD in view.claims and shard not in self._runner.crashed:
            self._runner.take_over(shard, view)
            return 1
        digests = self.graph.digests
        claimed = sorted(i for i in self._frontier.ready.get(shard, ()) if digests[i] in view.claims)
        tried = self._rotated(claimed)[: max(0, most)]
        for index in tried:
            if not self.stopping() and self._is_worth_a_try(index):
                self._runner.single(index, self._knowledge.claims(shard))
        return len(tried)

    def _is_worth_a_try(self, index: int) -> bool:
        return self._frontier.is_ready(index) and self._fits(self.graph.name(index))

    def _has_free_task(self) -> bool:
        """Return whether a pass would find something to claim, by what the last looks showed."""
        for shard, here in self._frontier.ready.items():
            view = self._knowledge.claims(shard)
            if any(not self._is_claimed(index, view) and self._fits(self.graph.name(index)) for index in here):
                return True
        return False

    def _wait(self, pause: float) -> None:
        self._context.lease.note("", b"", 0.0)
        self._context.stops.nap(self._context.clock, pause)
