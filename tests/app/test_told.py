"""What a job is told on its command line is taken by the command that it runs, whatever a submission is asked for."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from jughpc.app.submit.request import Retry
from jughpc.app.submit.submit import plan_submission
from jughpc.batch.scheduler import Resources
from jughpc.cli.main import _split, jughpc
from jughpc.config.asks import RULES
from jughpc.config.kinds import AUTO
from jughpc.store.death import Death
from jughpc.store.record import MEMORY, TIME
from tests.app.test_classes import PIPE

ASKED = {
    "plain": {},
    "retries": {"retries": 4, "max_crashes": 7, "rounds": 0},
    "workers": {"workers": 3, "start": "spawn"},
    "as many workers as cores": {"workers": AUTO},
    "time to save": {"save_time": 12.5},
    "a message": {"notify": "cat > 'a file'; echo --x", "reduce_on": "any"},
    "more for who got too little": {"retry": Retry(2.0, 5 << 30, 1.5, 90_061.5)},
    "resources by function": {"rules": RULES.read(("train:gpus=2,time=1h", "prep*:mem=3G")), "share": True},
    "a number that is measured": {"size": AUTO, "within": 5400.0},
}


@pytest.mark.parametrize("name", ASKED)
def test_every_option_of_every_job_is_taken_by_its_command(labs, name):
    lab = labs(text=PIPE.replace("range(6)", "range(60)"), slots=8).begin()
    for number, how in enumerate((MEMORY, TIME)):
        lab.store.bury(Death(lab.digests("prepare")[number], f"life-{number}", how, memory=3 << 30))
    request = replace(lab.request(6, lab.reduce_script()), **ASKED[name])
    options = replace(request.options, resources=Resources(memory=4 << 30, walltime=5400.0))
    plan = plan_submission(lab.site, lab.clusters, replace(request, options=options))
    assert len(plan.jobs) >= 3
    for job in plan.jobs:
        head, tail = _split(job.argv[job.argv.index("jughpc") + 1 :])
        command, found, rest = jughpc.resolve_command(click.Context(jughpc), list(head))
        assert found.make_context(command, rest, obj=tail), job.argv
