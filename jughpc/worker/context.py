"""What the parts of one worker share."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.fs import Clock
from jughpc.store.lease.lease import Lease
from jughpc.worker.ledger import Ledger
from jughpc.worker.patience import Patience
from jughpc.worker.patient import PatientStore
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Stops
from jughpc.worker.tally import Options, Say, Tally


@dataclass(frozen=True)
class WorkerContext:
    """What the parts of one worker share."""

    store: PatientStore
    patience: Patience
    lease: Lease
    clock: Clock
    stops: Stops
    policy: Policy
    options: Options
    say: Say
    tally: Tally
    ledger: Ledger

    def seconds_left(self) -> float:
        """Return how long a task may still run [s]."""
        return self.options.seconds_left(self.clock.wall())

    def is_through(self) -> bool:
        """Return whether nothing more is to be begun, though there is time left."""
        return self.options.until is not None and self.clock.wall() > self.options.until

    def stopping(self) -> bool:
        """Return whether no further task is to be begun."""
        if self.is_through():
            return True
        return self.stops.asked(self.clock.now()) or bool(self.tally.failures and not self.options.keep_going)
