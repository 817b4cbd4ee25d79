"""Elements of one submission on two systems: a Slurm that it was made on, and a PBS that sees the same folder."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from jughpc.app.status import logs
from jughpc.app.status.broken import broken
from jughpc.app.status.elements import find
from jughpc.app.status.report import report
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.history import as_before
from jughpc.app.submit.more import Wish, add
from jughpc.app.submit.relay import rounds_then
from jughpc.app.submit.submit import plan_submission, submit
from jughpc.app.submit.verdict import End
from jughpc.batch import submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Reply, Role, State
from jughpc.batch.withdraw import withdraw
from jughpc.cli.output.status import as_dict
from jughpc.errors import CommandMissingError, SchedulerError, SettingError, UsageError
from jughpc.testing.cluster.answers import Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Ask, Node
from jughpc.testing.cluster.pbs import SimPbs
from jughpc.testing.cluster.rules import PBS
from tests.app.lab import Lab

FAR = Wish("pbs")
COMMANDS = ("qsub", "qstat", "qselect", "qdel", "qalter")


class Federation(Lab):
    """A lab with a second system.

    Attributes:
        reach: Whether its commands are where commands of ours run.
        refused: A command of the first system that is refused.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.far = Engine(self.stage, random.Random(2), replace(PBS, first=71), [Node("far1", 2)], self._launch)
        self.reach, self.refused = True, ""
        self.pbs = SimPbs(self.far, self._read)
        self.clusters = Clusters(self.clock, runner=lambda scheduler, timeout: self._run, find=self.find_command)

    def find_command(self, name):
        name = name.rpartition("/")[2]
        return f"/usr/bin/{name}" if self.reach or name not in COMMANDS else None

    def _run(self, argv):
        command = argv[0].rpartition("/")[2]
        if command == self.refused:
            self.refused = ""
            return Reply(tuple(argv), 1, "", "Invalid account")
        if command not in COMMANDS:
            return super()._run(argv)
        self.commands.append([command, *argv[1:]])
        if not self.reach:
            raise CommandMissingError(command)
        answer = self.pbs.answer(argv, Caller("ada", workdir=str(self.folder.parent)))
        return Reply(tuple(argv), answer.code, answer.stdout, answer.stderr)

    def said_by(self, command: str) -> str:
        """Return the last command line of that name."""
        return " ".join(next(argv for argv in reversed(self.commands) if argv[0] == command))

    def token(self) -> str:
        return submissions.load(self.files, self.folder, 1).token

    def near_ended(self) -> None:
        """Let the elements on Slurm end in order."""
        for held in self.processes:
            if held.start.node.name != "far1":
                held.exit(0)
        self.clock.sleep(5)


@pytest.fixture
def both(tmp_path):
    """Return a submission of two elements on Slurm that run, and two that were added on PBS and run."""
    both = Federation(tmp_path)
    both.submit(size=2, reduce=both.reduce_script())
    both.clock.sleep(5)
    both.added = add(both.site, both.clusters, 2, FAR)
    both.clock.sleep(5)
    return both


def gathered(both, deadline=None, rounds=2):
    return collect(both.site, both.clusters, Charge(1, rounds, deadline=deadline))


# what is queued


def test_elements_that_are_added_elsewhere_have_one_collector_and_one_reduce_on_the_first_system(both):
    array, collector, reduce = both.added.accepted
    assert [(job.role, job.scheduler) for job in (array, collector, reduce)] == [
        (Role.ARRAY, "pbs"), (Role.COLLECT, "slurm"), (Role.REDUCE, "slurm"),
    ]  # fmt: skip
    assert (array.offset, array.size) == (2, 2)
    assert [job.over for job in both.engine.history] == [False, True, True, False, False]
    assert [job.ask.name for job in both.far.history] == [array.name]
    assert "--dependency=afterany:1 " in next(line for line in map(" ".join, both.commands) if "4-collect.sh" in line)


def test_what_is_said_to_the_first_system_alone_is_not_said_to_another(tmp_path):
    both = Federation(tmp_path, nodes=2)
    request = both.request(size=2)
    resources = replace(request.options.resources, partition="gpu", account="mine", walltime=600.0)
    options = replace(request.options, resources=resources, extra=("--nice=5",), exclude=("node2",))
    submit(plan_submission(both.site, both.clusters, replace(request, options=options)))
    both.clock.sleep(5)
    add(both.site, both.clusters, 2, Wish("pbs", {"partition": "long"}, words="partition=long"))
    said = both.said_by("qsub")
    assert [word in said for word in ("gpu", "mine", "nice", "node2")] == [False] * 4
    assert ("-q long" in said, "walltime=00:10:00" in said) == (True, True)


def test_elements_of_another_partition_have_it_alone_and_it_is_on_record_and_shown(lab):
    lab.submit(size=2, reduce=lab.reduce_script())
    lab.clock.sleep(5)
    wish = Wish(None, {"partition": "gpu", "memory": 1 << 30}, words="partition=gpu mem=1G")
    added = add(lab.site, lab.clusters, 2, wish).accepted
    told = [" ".join(argv) for argv in lab.commands if argv[0] == "sbatch"][-3:]
    assert ["--partition=gpu" in line for line in told] == [True, False, False]
    assert [job.asks for job in added] == ["partition=gpu mem=1G", "", ""]
    assert f"(1, {added[0].id} partition=gpu mem=1G)" in lab.screen()
    assert as_before(lab.site, lab.clusters, None, None).options.resources.partition is None


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("pbs", options={"extra": ("-N", "x")}), "-N behind -- would undo"),
        (Wish(None, options={"extra": ("--array=3",)}), "--array behind -- would undo"),
        (Wish("pbs", {"qos": "high"}), "has no QOS"),
        (Wish("pbs", {"walltime": 5.0}), "less than a worker needs"),
        (Wish(None, {"walltime": 5.0}), "less than a worker needs"),
        (Wish("nqs"), "There is no scheduler 'nqs'"),
    ],
)
def test_what_the_system_has_no_use_for_is_refused_and_nothing_is_queued(both, wish, words):
    before = len(both.far.history), len(both.engine.history)
    with pytest.raises(UsageError, match=words):
        add(both.site, both.clusters, 2, wish)
    assert (len(both.far.history), len(both.engine.history)) == before
    assert report(both.site, both.clusters).elements == {State.RUNNING: 4}


def test_a_system_whose_commands_are_not_here_is_refused_with_what_is_missing(tmp_path):
    both = Federation(tmp_path)
    both.submit(size=2)
    both.reach = False
    with pytest.raises(SettingError, match=r"pbs: its commands \(qsub\) are not on this host"):
        add(both.site, both.clusters, 2, FAR)


def test_elements_elsewhere_cannot_wait_for_a_job_of_the_first_system(tmp_path):
    both = Federation(tmp_path)
    both.engine.submit(Ask("other", "ada"))
    request = both.request(size=2)
    submit(plan_submission(both.site, both.clusters, replace(request, options=replace(request.options, after=("1",)))))
    both.clock.sleep(5)
    with pytest.raises(UsageError, match="waits for 1, and elements on pbs could not"):
        add(both.site, both.clusters, 2, FAR)


def test_a_second_cluster_of_one_system_is_refused_in_words(both, monkeypatch):
    monkeypatch.setenv("SLURM_CLUSTERS", "south")
    with pytest.raises(SettingError, match="is on the usual cluster of slurm, and here jobs go to south"):
        add(both.site, both.clusters, 2)


# what goes wrong meanwhile


def test_where_the_first_system_refuses_the_collector_the_elements_elsewhere_are_taken_back(tmp_path):
    both = Federation(tmp_path)
    both.submit(size=2, reduce=both.reduce_script())
    both.clock.sleep(5)
    both.refused = "sbatch"
    with pytest.raises(UsageError, match=r"Invalid account(?s:.*)cancelled again"):
        add(both.site, both.clusters, 2, FAR)
    both.clock.sleep(30)
    assert [job.over for job in both.far.history] == [True]
    assert [job.over for job in both.engine.history] == [False, False, False]


def test_what_was_queued_elsewhere_by_who_died_of_it_is_adopted_by_whoever_has_its_commands(both):
    for name in ("3-array.json", "4-collect.json", "4-collect.intent", "5-reduce.json", "5-reduce.intent"):
        both.files.remove(f"submissions/1/{name}")  # as if he had died before qsub's answer came
    both.reach = False
    found = report(both.site, both.clusters).jobs
    assert (found.open, found.trouble) == (1, "")
    assert "pbs: its commands are not on this host" in found.trouble_elsewhere
    both.reach = True
    report(both.site, both.clusters)
    assert both.added.accepted[0] in find(both.site, both.clusters, 1, ask=False).accepted


# how it stands


def test_each_array_stands_as_its_own_system_says(both):
    both.processes[2].exit(9)
    both.clock.sleep(5)
    found = report(both.site, both.clusters)
    assert found.elements == {State.RUNNING: 3, State.FAILED: 1}
    assert found.jobs.poll.elements[2].state is State.FAILED
    assert (both.asked("squeue") > 0, both.asked("qstat") > 0) == (True, True)
    assert " on pbs" in both.screen(found)
    assert [job["scheduler"] for job in as_dict(found)["submission"]["jobs"]][-3:] == ["pbs", "slurm", "slurm"]


def test_of_a_system_that_cannot_be_asked_here_the_store_alone_tells_and_nobody_there_is_dead(both):
    worker = both.life("far1", 2, token=both.token()).runs(both.digests("single")[0], "sums.single")
    both.reach = False
    found = report(both.site, both.clusters)
    assert found.elements == {State.RUNNING: 3, State.UNKNOWN: 1}
    assert [one.life for one in found.standing.workers] == [worker.record.life]
    assert found.jobs.trouble == ""
    assert "pbs cannot be asked here" in as_dict(found)["submission"]["groups"][0]["words"]
    assert "pbs cannot be asked here; of its elements this is what the store knows. qstat" in both.screen(found)
    with pytest.raises(UsageError, match="2 elements on pbs, which cannot be asked here"):
        plan_submission(both.site, both.clusters, both.request())


def test_an_element_that_ended_elsewhere_is_known_to_have_once_somebody_saw_it(both):
    both.exit(0, 2, 3)
    both.clock.sleep(5)
    report(both.site, both.clusters)
    both.reach = False
    assert report(both.site, both.clusters).elements == {State.RUNNING: 2, State.DONE: 2}


def test_the_logs_of_elements_elsewhere_are_found(both):
    both.files.write("submissions/1/logs/array-2+1.log", [b""])
    files, submission = logs.submission_of(both.site, 1)
    assert [log.element for log in logs.logs_in(files, submission)] == [3]


def test_a_node_of_another_system_is_none_that_the_first_one_is_to_keep_off(both):
    both.life("node1", 0, token=both.token()).runs(both.digests("single")[0], "sums.single").ends()
    for number in (2, 3):
        both.life("far1", number, token=both.token()).dies()
    assert broken(find(both.site, both.clusters), both.files, both.store) == []


# the end


def test_a_cancel_ends_all_on_both(both):
    assert {job.scheduler for job in cancel(both.site, both.clusters, None)} == {"slurm", "pbs"}
    both.clock.sleep(40)
    assert all(job.over for job in (*both.engine.history, *both.far.history))


def test_a_cancel_where_a_system_is_out_of_reach_says_so_and_the_next_look_with_its_commands_finishes_it(both):
    both.reach = False
    with pytest.raises(SchedulerError, match="pbs: qselect: no such command here"):
        cancel(both.site, both.clusters, None)
    both.clock.sleep(40)
    assert all(job.over for job in both.engine.history)
    assert not both.far.history[0].over
    both.reach = True
    report(both.site, both.clusters)
    both.clock.sleep(40)
    assert both.far.history[0].over


def test_when_all_is_done_the_reduce_may_start_though_elements_elsewhere_are_unknown(both):
    both.reach = False
    both.near_ended()
    both.all_done()
    assert gathered(both).end is End.DONE
    assert report(both.site, both.clusters).elements[State.UNKNOWN] == 2


def test_a_collector_waits_for_workers_elsewhere_and_hands_on_when_these_fall_silent(both):
    both.reach = False
    both.near_ended()
    worker = both.life("far1", 2, token=both.token()).runs(both.digests("single")[0], "sums.single")
    both.stage.at(1000, worker.falls_silent)
    assert gathered(both).end is End.HANDED_OVER
    assert both.clock.now() > 1000
    (array,) = [job for job in both.engine.history[5:] if "array" in job.ask.script]
    assert len(array.ask.indices) == 2  # as many as the first system had; and it has them
    assert len(both.far.history) == 1


def test_a_collector_whose_time_is_over_while_elements_elsewhere_go_on_has_another_wait_on(both):
    both.near_ended()
    verdict = gathered(both, deadline=both.clock.wall() + 300)
    assert verdict.end is End.HANDED_OVER
    collector, reduce = both.engine.history[5:]
    assert ([one.kind for one in collector.after], "collect" in collector.ask.script) == ([], True)
    assert "reduce" in reduce.ask.script
    assert both.job(4).over  # the reduce behind the first collector
    assert len(both.far.history) == 1


def test_collectors_do_not_wait_on_for_ever_for_what_nobody_knows(both):
    both.reach = False
    both.near_ended()
    told = [gathered(both, deadline=both.clock.wall() + 120, rounds=rounds).end for rounds in (1, 0)]
    assert told == [End.HANDED_OVER, End.LATE]


def test_elements_elsewhere_that_are_cut_off_an_answer_are_not_taken_to_have_ended(both):
    both.near_ended()
    found = report(both.site, both.clusters)
    jobs = replace(found.jobs, poll=replace(found.jobs.poll, elements={}))
    idle = replace(found.standing, workers=())
    assert [rounds_then(jobs, idle, rounds) for rounds in (1, 0)] == [0, None]


def test_what_waits_for_a_task_is_withdrawn_on_both_once_nothing_is_left(both):
    add(both.site, both.clusters, 3, FAR)
    both.clock.sleep(5)
    assert not both.far.history[-1].over
    assert list(withdraw(both.files, both.folder, both.token(), lambda one: both.clusters.of(both.files, one))) == []
    both.clock.sleep(5)
    assert both.far.history[-1].over
