"""The contract of schedulers catches a module that is wrong in one way."""

from __future__ import annotations

import inspect
from itertools import product
from pathlib import Path

import pytest

from jughpc.batch.lsf import Lsf
from tests.batch.lsf.test_lsf import TestLsf as Contract
from tests.batch.lsf.variants import CAUGHT


def runs(name: str, scheduler: Lsf, tmp_path: Path) -> list[str]:
    """Run one test of the contract, with each of its parameters, and return what failed."""
    contract = Contract()
    test = getattr(contract, name)
    given = {"scheduler": scheduler, "sayings": inspect.unwrap(Contract.sayings)(contract), "tmp_path": tmp_path}
    marks = [mark.args for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    failed = []
    for values in product(*(list(values) for _, values in marks)):
        own = dict(zip((key for key, _ in marks), values, strict=True))
        wanted = {key: value for key, value in {**given, **own}.items() if key in inspect.signature(test).parameters}
        try:
            test(**wanted)
        except (Exception, pytest.fail.Exception) as error:  # whatever it is, the test would fail
            failed.append(repr(error))
    return failed


@pytest.mark.parametrize("name", sorted(set(CAUGHT.values())))
def test_what_ships_passes(name, tmp_path):
    assert runs(name, Lsf(), tmp_path) == []


@pytest.mark.parametrize("variant", CAUGHT, ids=lambda variant: variant.__name__)
def test_a_module_that_is_wrong_in_one_way_is_caught(variant, tmp_path):
    assert runs(CAUGHT[variant], variant(), tmp_path) != []
