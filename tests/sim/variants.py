"""Ways to break the protocol, each a small change of the real code. The simulator must catch them all."""

from __future__ import annotations

from contextlib import suppress

from jughpc.store import resultfile
from jughpc.store.base import SHARD, Pace
from jughpc.store.files.claims import LinkClaims
from jughpc.store.files.layout import set_name
from jughpc.store.files.liveness import Liveness
from jughpc.store.files.store import FileStore
from jughpc.store.lease.heartbeat import Heartbeat
from jughpc.testing.beating import SimBeats
from jughpc.testing.hosts import SimLease
from jughpc.testing.miniworker import MiniWorker
from jughpc.testing.parts import Parts
from jughpc.testing.realworker import RealWorker
from jughpc.worker.frontier import Frontier
from jughpc.worker.held import Held


def with_claims(kind):
    """Return parts whose lives make claims of this kind."""

    class Store(FileStore):
        def claims(self, life, done_too=False):
            return kind(self._files, self._layout, self.look, self.liveness(), life, done_too)

    return Parts(store=Store)


def with_liveness(kind):
    """Return parts whose observers judge like this."""

    class Store(FileStore):
        def liveness(self):
            return kind(self._files, self._clock, self._is_gone, self.pace.ttl, self.pace.beat)

    return Parts(store=Store)


# who is dead


class ByTheWallClock(Liveness):
    """Compares its own clock with the time that another host wrote."""

    def _proof_of(self, path, claim, now):
        return "expired" if self.clock.wall() - claim.beaten > self.ttl else ""


class StampsBeforeTheRead(Liveness):
    """Counts the time that a slow reply took as standing still."""

    def _stillness(self, path, life, beats, asked):
        watch = self._watched.get(life)
        proof = super()._stillness(path, life, beats, asked)
        if watch is not self._watched[life]:
            self._watched[life].since = asked
        return proof


class TornIsAlive(Liveness):
    """Never gives up on a claim whose maker died before its text was whole."""

    def _stillness(self, path, life, beats, asked):
        return "" if life.startswith("torn") else super()._stillness(path, life, beats, asked)


class ImpatientStore(FileStore):
    """Takes a life for dead after two beats, whatever a cache may hide."""

    def __init__(self, files, clock, layout, pace, is_gone, token=""):
        super().__init__(files, clock, layout, Pace(pace.beat, 0.0, 2 * pace.beat + 1), is_gone, token)


class RaisesTheDead(Heartbeat):
    """Beats on after a pause so long that others took over, so that its worker notices nothing."""

    def beat(self):
        self._board.beaten = self._clock.uptime()
        return super().beat()


class NeverLate(SimLease):
    """Goes on with its claims however long it stood still."""

    def late(self):
        return False


# of several workers of one element


class RenewsTheDead(SimBeats):
    """Goes on to beat for a worker that died, as long as it beats for others of its element."""

    is_dead = False

    def orphan(self):
        self.is_dead = self._orphaned = True

    def beat_if_due(self):
        super().beat_if_due()
        lines = [line for line in self.witness._lines if not line.ended]
        self.ended = self.ended or all(line.is_dead for line in lines)


class KeepsTheFormerLife(SimLease):
    """Takes the place of a worker that died, and its life, too."""

    def begin(self, store):
        former = self.process.former
        if former is None or not hasattr(former.lease, "record"):
            return super().begin(store)
        self._store, self.record, self._beats.board.beaten = store, former.lease.record, self._clock.uptime()
        return self._beats.begin(self.record)


# who holds


class LooksOnce(LinkClaims):
    """Does not look again after the link."""

    def _settle(self, claim):
        view = self._look(claim.shard)
        return claim, view


class OvertakesTheLiving(LinkClaims):
    """Takes the highest generation for the winner, also over an earlier one that lives."""

    def _confirmed(self, view, claim):
        generations = view.claims.get(claim.key, [])
        view.claims[claim.key] = generations[-1:]
        confirmed = super()._confirmed(view, claim)
        view.claims[claim.key] = generations
        return confirmed


class YieldsToNoShard(LinkClaims):
    """Claims a task without a look at whether its shard was claimed meanwhile."""

    def _confirmed(self, view, claim):
        without = {key: generations for key, generations in view.claims.items() if key != SHARD}
        view.claims, claims = without, view.claims
        confirmed = super()._confirmed(view, claim) if claim.key != SHARD else True
        view.claims = claims
        return confirmed


class TakesSinglesToo(LinkClaims):
    """Claims a shard with all its tasks, those included that others claimed singly."""

    def take(self, shard, key, view):
        claim, view = super().take(shard, key, view)
        if key == SHARD:
            view.claims = {SHARD: view.claims.get(SHARD, [])}
        return claim, view


class TakesRefusalForAWin(LinkClaims):
    """Thinks that who exists already is itself."""

    def _is_mine(self, claim):
        return True


class TakesRefusalForALoss(LinkClaims):
    """Does not know its own claim again when the reply was lost."""

    def _is_mine(self, claim):
        return False

    def _may_live(self, shard, key, generation):
        return not self._liveness.proof(self._path(shard, key, generation))


class ReleasesWhatever(LinkClaims):
    """Removes the claim it once made without a look at whose it is now, also when it was late."""

    def release(self, claim):
        self._files.remove(self._path(*claim[:3]))

    hand_back = release


class BreaksByRemoving(LinkClaims):
    """Removes the claim of the dead and makes the first generation anew, instead of the next one."""

    def take(self, shard, key, view):
        if key in view.claims and not self._is_held(view, shard, key):
            for generation in view.claims.pop(key):
                self._files.remove(self._path(shard, key, generation))
        return super().take(shard, key, view)


class LetsGoFirst(Heartbeat):
    """Lets the shard go before it claims singly what runs."""

    def _claim_singly(self, hand, is_due):
        self._store.claims(self._record.life).release(hand.claim(self._record.life))
        super()._claim_singly(hand, is_due)


class ForgetsWhatRanBefore(Heartbeat):
    """Claims the long task singly, but not those that ran before it, whose results nobody has seen yet."""

    def _claim_singly(self, hand, is_due):
        super()._claim_singly(hand._replace(digests=hand.digests[-1:]), is_due)


class LetsGoOfWhatItMissed(Heartbeat):
    """Lets the shard go though something stood in the way of a single claim."""

    def _claim_singly(self, hand, is_due):
        with suppress(OSError):
            super()._claim_singly(hand, is_due)
        if not self._singles.in_place:
            self._store.claims(self._record.life).release(hand.claim(self._record.life))
            self._singles = self._singles._replace(in_place=True)


# what is published


class WritesInPlace(FileStore):
    """Publishes under the final name before the content is safe."""

    def publish(self, shard, results, life):
        self._files.save(f"{self.folder(shard)}/{life}-{self._results.unique()}.pack", resultfile.pack(results))


class RenamesAfterAFailedSync(FileStore):
    """Takes a file for written although its fsync failed."""

    def publish(self, shard, results, life):
        name = f"{self.folder(shard)}/{life}-{self._results.unique()}"
        with suppress(OSError):
            self._files.save(f"{name}.tmp", resultfile.pack(results))
        self._files.rename(f"{name}.tmp", f"{name}.pack")


class MarksWithoutALook(FileStore):
    """Marks a shard by what it knew before."""

    def mark_complete(self, shard, tasks):
        self._files.save(self._marker(shard, set_name(tasks)), [])


class MarksInTwoSteps(FileStore):
    """Looks, and then marks, without a doubtful name that a removal in between would take away."""

    def mark_complete(self, shard, tasks):
        if not tasks - self.look(shard).done:
            self._files.save(self._marker(shard, set_name(tasks)), [])


class TrustsWhatItWon(Held):
    """Hands back the claim on what is done without a look, though it was late."""

    def release(self):
        for claim in self.claims:
            hand_back = claim.key != SHARD and self._knowledge.is_done(claim.key)
            (self._taker.hand_back if hand_back else self._taker.release)(claim)
            self._knowledge.released(claim)
        self.claims = []


class Trusting(RealWorker):
    """The worker that ships, holding like this."""

    def __init__(self, world, process):
        super().__init__(world, process)
        self._worker._runner._held.__class__ = TrustsWhatItWon  # which nothing hands in


class MarksBeforeItPublishes(MiniWorker):
    """Says that a shard is complete, and then publishes its last results."""

    def _publish(self, claim, results):
        digests = {task.digest for task in self._members[claim.shard]}
        if digests <= self._known | results.keys():
            path = self._store._marker(claim.shard, set_name(digests))
            self._store._files.save(path, [])
        super()._publish(claim, results)


class HandsBackBlindly(MiniWorker):
    """Removes what was its claim without a look unless it was late, though a cleanup may have forced it."""

    def _let_go(self, claim):
        if self._lease.late():
            self._claims.release(claim)
        else:
            self._claims.hand_back(claim)


class ForgetsTheDead(FileStore):
    """Forgets with a claim of the dead what its task is known to have done."""

    def remove_claim(self, shard, key, generation):
        super().remove_claim(shard, key, generation)
        if key != SHARD:
            self.forget_deaths([key])


class CountsClaims(FileStore):
    """Writes no death down: what tells of it is the claim of the dead alone."""

    def bury(self, death):
        pass


class AmongOthers(Frontier):
    """Lets a task that killed workers stand among the others, for a batch to take."""

    def suspect(self, index, deaths):
        self._suspects[index] = deaths

    def _add(self, indices):
        suspects, self._suspects = self._suspects, {}
        super()._add(indices)
        self._suspects = suspects


class Reckless(RealWorker):
    """The worker that ships, with such a frontier."""

    def __init__(self, world, process):
        super().__init__(world, process)
        self._worker._frontier.__class__ = AmongOthers  # which nothing hands in


VARIANTS = {
    "forgets the dead": Parts(store=ForgetsTheDead),
    "counts claims": Parts(store=CountsClaims),
    "suspects among others": Parts(real=Reckless),
    "by the wall clock": with_liveness(ByTheWallClock),
    "stamps before the read": with_liveness(StampsBeforeTheRead),
    "torn is alive": with_liveness(TornIsAlive),
    "ignores lag": Parts(store=ImpatientStore),
    "raises the dead": Parts(heartbeat=RaisesTheDead),
    "is never late": Parts(lease=NeverLate),
    "renews the dead": Parts(beats=RenewsTheDead),
    "keeps the former life": Parts(lease=KeepsTheFormerLife),
    "looks once": with_claims(LooksOnce),
    "overtakes the living": with_claims(OvertakesTheLiving),
    "yields to no shard": with_claims(YieldsToNoShard),
    "takes singles too": with_claims(TakesSinglesToo),
    "EEXIST is a win": with_claims(TakesRefusalForAWin),
    "EEXIST is a loss": with_claims(TakesRefusalForALoss),
    "releases whatever": with_claims(ReleasesWhatever),
    "trusts what it won": Parts(real=Trusting),
    "hands back blindly": Parts(mini=HandsBackBlindly),
    "breaks by removing": with_claims(BreaksByRemoving),
    "lets go first": Parts(heartbeat=LetsGoFirst),
    "forgets what ran before": Parts(heartbeat=ForgetsWhatRanBefore),
    "lets go of what it missed": Parts(heartbeat=LetsGoOfWhatItMissed),
    "writes in place": Parts(store=WritesInPlace),
    "renames after a failed sync": Parts(store=RenamesAfterAFailedSync),
    "marks without a look": Parts(store=MarksWithoutALook),
    "marks in two steps": Parts(store=MarksInTwoSteps),
    "marks before it publishes": Parts(mini=MarksBeforeItPublishes),
}
