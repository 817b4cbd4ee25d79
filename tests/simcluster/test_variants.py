"""Broken lines of the batch layer: each is caught, so the simulated cluster would catch it in what ships, too.

The table is printed anew by: python -m jughpc.testing.cluster.survey --variants tests/simcluster/variants.py
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from jughpc.testing.cluster.broken import Broken
from jughpc.testing.cluster.federated import federated
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import draw, in_classes
from jughpc.testing.cluster.survey import catches
from tests.simcluster.test_histories import FEDERATED, IN_CLASSES

FILE = runpy.run_path(str(Path(__file__).with_name("variants.py")))
VARIANTS, CAUGHT, FIRST = FILE["VARIANTS"], FILE["CAUGHT"], FILE["FIRST"]
SEEDS = 2000  # as many as test_histories plays of what ships in CI


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_line_is_caught(name):
    parts, how = VARIANTS[name], CAUGHT[name]
    if FIRST.get(name, SEEDS) < SEEDS and catches(FIRST[name], parts, how):
        return
    for seed in range(SEEDS):  # histories are others since what ships, or the simulator, has changed
        if catches(seed, parts, how):
            return
    pytest.fail(f"{name} breaks no rule that what ships does not break as well")


OF_CLASSES = {
    "further elements are all alike": (
        "handover:more_of",
        "classes.in_parts(resized, found,",
        "classes.in_parts(resized, (),",
    ),
    "elements are told no class": (
        "classes:_argv",
        "dependents.with_options(argv,",
        "(lambda argv, option: argv)(argv,",
    ),
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_a_broken_line_is_caught_by_tasks_of_two_classes(name):
    place, old, new = OF_CLASSES[name]
    parts = Parts(broken=(Broken(f"jughpc.app.submit.{place}", old, new),))
    assert any(play(in_classes(draw(seed)), parts).blames for seed in IN_CLASSES)


OF_SYSTEMS = {
    "what is elsewhere is ended by the first system": (
        "batch.federation:cancel",
        "by_system(cluster, jobs)",
        "{cluster.name: jobs}",
    ),
    "what is elsewhere is looked for on the first system": (
        "batch.settling:_settle_one",
        "cluster.beside(intent.scheduler)",
        "cluster",
    ),
    "a system out of reach is taken for the first one": (
        "batch.federation:statuses",
        "if name == cluster.name:",
        "if True:",
    ),
    "a collector waits for the job of that number": (
        "batch.submitter:Submitter.submit_more",
        "for job in arrays if not job.scheduler]",
        "for job in arrays]",
    ),
}


@pytest.mark.parametrize("name", OF_SYSTEMS)
def test_a_broken_line_is_caught_by_elements_on_a_second_system(name):
    place, old, new = OF_SYSTEMS[name]
    parts = Parts(broken=(Broken(f"jughpc.{place}", old, new),))
    assert any(play(federated(draw(seed)), parts).blames for seed in FEDERATED)


def test_the_seed_that_catches_each_is_on_record():
    assert FIRST.keys() == VARIANTS.keys()
