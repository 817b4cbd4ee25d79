"""Each setting that `submit` reads changes what it would queue, on each system, or is refused."""

from __future__ import annotations

import re

import pytest

from jughpc.batch import registry
from jughpc.cli.main import main
from jughpc.config.settings import EVERY, named
from jughpc.tasks import task
from tests.config.test_kinds import GOOD_AND_BAD

pytestmark = pytest.mark.unit

ELSEWHERE = {  # what shows itself in no script, and the test that shows it
    "jugfile": "test_session.py::test_a_jugfile_that_is_gone_is_not_remembered",
    "scheduler": "test_calls.py::test_a_submission_is_on_disk_before_the_scheduler_is_asked_to_queue_anything",
    "container_runtime": "test_in_images.py::test_a_runtime_and_its_options_say_nothing_without_an_image",
    "container_options": "test_in_images.py::test_a_runtime_and_its_options_say_nothing_without_an_image",
    "templates": "test_submit.py::test_a_template_that_does_not_render_leaves_nothing_behind",
    "omit": "test_fit.py::test_what_a_site_wants_nobody_to_say_is_left_out_though_it_was_chosen",
    "beat": "test_session.py::test_a_store_is_made_with_the_pace_of_the_settings_and_fit_for_the_tasks",
    "lag": "test_session.py::test_a_store_is_made_with_the_pace_of_the_settings_and_fit_for_the_tasks",
    "private": "test_trust.py::test_a_private_jugdir_is_its_owners_alone_in_a_groups_folder_whatever_the_umask",
    "share": "test_classes.py::test_an_element_may_run_what_asks_for_less_once_none_of_its_own_class_can_run",
    "ttl": "test_session.py::test_a_store_is_made_with_the_pace_of_the_settings_and_fit_for_the_tasks",
}
NO_CONCERN = {  # of a system: what it has no use for and passes over
    "slurm": {"write_select"},
    "pbs": set(),
    "lsf": {"write_select"},
    "flux": {"write_select"},
    "local": {
        "mem",
        "gpus",
        "partition",
        "partitions",
        "account",
        "qos",
        "collect_mem",
        "reduce_mem",
        "place",
        "project",
        "select",
        "write_select",
    },
}
TOKEN = re.compile(r"\b[0-9a-f]{8}\b")
SYSTEMS = sorted(NO_CONCERN)
READ = [name for name, setting in named().items() if setting.by == EVERY or "submit" in setting.by.split()]


def another(name):
    """Return a value for a setting that is not its built-in one, as people write it; no 0, which may mean none."""
    setting = named()[name]
    return next(text for text in GOOD_AND_BAD[setting.kind.write][0] if text not in ("", "0", setting.built_in))


@pytest.fixture
def rehearsed(tmp_path, monkeypatch, capsys):
    """Return what tells the scripts and commands of a submission, None if it is refused, given a setting."""
    (tmp_path / "sums.py").write_text("from jug import Task\nxs = [Task(abs, n) for n in range(4)]\n")
    (tmp_path / "sums_reduce.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nosuch")  # no system is here to be asked for its limits

    def run(system, **settings):
        for name, text in settings.items():
            monkeypatch.setenv(f"JUGHPC_{name.upper()}", text)
        words = ["submit", "sums.py", "--array", "3", "--reduce", "sums_reduce.py", "--dry-run", "--scheduler", system]
        with pytest.raises(SystemExit) as end:
            main(words)
        task.alltasks.clear()
        told = capsys.readouterr()
        if end.value.code:
            assert end.value.code == 2, told.err
            return None
        return TOKEN.sub("TOKEN", told.out[told.out.index("#!") :])  # above it, all is told that was asked for

    return run


def test_all_systems_that_are_shipped_are_asked():
    assert set(SYSTEMS) == set(registry.names())


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_submission_is_planned_alike_twice(rehearsed, system):
    assert rehearsed(system) == rehearsed(system) is not None


@pytest.mark.parametrize("name", sorted(set(READ) - ELSEWHERE.keys()))
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_setting_that_submit_reads_is_said_by_each_system_or_refused(rehearsed, system, name):
    before = rehearsed(system)
    assert before is not None
    if name in NO_CONCERN[system]:
        assert rehearsed(system, **{name: another(name)}) == before
    else:
        assert rehearsed(system, **{name: another(name)}) != before, f"{system} passes over {name}"
