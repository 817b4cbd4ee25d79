"""What every `Scheduler` must do. Subclass this in a test module and give it the fixtures that it names.

docs/new-scheduler.md tells how.
"""

from __future__ import annotations

import pytest

_PARTS = "jughpc.testing.schedulers"
pytest.register_assert_rewrite(*(f"{_PARTS}.{part}" for part in ("said", "heard", "played")))

from jughpc.testing.schedulers.heard import HeardContract  # noqa: E402  # only now: an assert that fails is to tell why
from jughpc.testing.schedulers.played import PlayedContract  # noqa: E402
from jughpc.testing.schedulers.said import SaidContract  # noqa: E402
from jughpc.testing.schedulers.sayings import ARRAY, NAME, ODD, Sayings  # noqa: E402

__all__ = ["ARRAY", "NAME", "ODD", "Sayings", "SchedulerContract"]


class SchedulerContract(SaidContract, HeardContract, PlayedContract):
    """Tests of one scheduler; fixtures of the subclass: `scheduler` and `sayings`."""
