"""Nodes that elements end on before they work: who counts as a sign, and that further arrays keep off them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jughpc.app.status.report import report
from jughpc.app.submit import own_end
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.history import as_before
from jughpc.app.submit.more import add
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.verdict import End
from jughpc.batch import avoided, ends
from jughpc.batch.ends import End as Ended
from jughpc.batch.scheduler import State
from jughpc.cli.output.status import as_dict
from jughpc.errors import JugfileError

SETUP = "setup line 1, `module load nonexist`: command not found"


class Array:
    """The first array of a submission, and what becomes of its elements."""

    def __init__(self, lab, size=4):
        self.lab, self.submission = lab, lab.submit(size=size).submission
        lab.clock.sleep(5)

    def life(self, host, element):
        return self.lab.life(host, element, token=self.submission.token)

    def works(self, host, element):
        """Let an element work there, and go on."""
        return self.life(host, element).runs(self.lab.digests("single")[element], "sums.single")

    def dies(self, host, element, **how):
        """Let the worker of an element die there, by default at once and without a task."""
        life = self.life(host, element)
        life.record = replace(life.record, **how)
        life.dies()
        self.lab.exit(1, element)

    def fails(self, host, element, reason=SETUP, when=None):
        """Let an element fail there before its work begins."""
        moment = self.lab.clock.wall() if when is None else when
        end = Ended(f"slurm:1_{element}.0", 127, State.FAILED, reason, (), host, moment)
        ends.tell(self.lab.files, ends.path_of(self.submission, "0-array", element), end)
        self.lab.exit(127, element)

    def broken(self):
        self.lab.clock.sleep(5)
        return report(self.lab.site, self.lab.clusters).broken

    def hosts(self):
        return [node.host for node in self.broken()]


@pytest.fixture
def array(labs):
    """Return an array of four elements on two nodes, all of which run."""
    return Array(labs(slots=2, nodes=3))


# signs


def test_a_setup_that_fails_on_one_node_and_nowhere_else_breaks_it(array):
    array.fails("node1", 0)
    array.works("node2", 2)
    (node,) = array.broken()
    assert (node.host, list(node.elements), node.is_avoided) == ("node1", [0], False)
    assert "module load nonexist" in node.words


def test_so_does_that_of_a_collector(array):
    array.works("node2", 2)
    end = Ended("slurm:2_0.0", 127, State.FAILED, SETUP, (), "node1", array.lab.clock.wall())
    ends.tell(array.lab.files, ends.path_of(array.submission, "1-collect"), end)
    (node,) = array.broken()
    assert (node.host, list(node.elements)) == ("node1", [])
    assert "1 job ended there before any work" in node.words


def test_so_does_a_jugfile_that_cannot_start_there(array):
    array.fails("node1", 0, "start, `sums.py`: ModuleNotFoundError: No module named 'numpy'")
    array.works("node2", 2)
    assert array.hosts() == ["node1"]


def test_a_setup_that_fails_wherever_it_runs_breaks_no_node(array):
    for element, host in enumerate(("node1", "node1", "node2", "node2")):
        array.fails(host, element)
    assert array.hosts() == []


def test_two_workers_that_die_at_once_without_a_task_break_their_node_and_one_does_not(array):
    array.works("node2", 2)
    array.dies("node1", 0)
    assert array.hosts() == []
    array.dies("node1", 1)
    assert array.hosts() == ["node1"]


@pytest.mark.parametrize("how", [{"done": 1}, {"failed": 1}, {"digest": "0" * 32}, {"begun": -100.0}])
def test_a_worker_that_had_a_task_or_some_time_is_no_sign(array, how):
    array.works("node2", 2)
    for element in range(2):
        array.dies("node1", element, **how)
    assert array.hosts() == []


def test_elements_that_found_nothing_left_to_do_are_no_sign(array):
    array.works("node2", 2)
    for element in range(2):
        array.life("node1", element).ends()
        array.lab.exit(0, element)
    assert array.hosts() == []


def test_what_somebody_cancelled_is_no_sign(array):
    array.works("node2", 2)
    array.lab.clusters.here("slurm").order(["scancel", "1_0", "1_1"])
    array.lab.clock.sleep(40)
    for element in range(2):
        array.life("node1", element).dies()
    assert array.hosts() == []


def test_elements_that_failed_and_left_no_log_never_began(array):
    array.works("node2", 2)
    array.lab.exit(1, 0, 1)
    assert array.hosts() == []  # nothing is known of any log
    array.lab.files.save(f"{array.submission.path}/logs/array-2.log", [b""])
    assert array.hosts() == ["node1"]
    array.lab.files.save(f"{array.submission.path}/logs/array-0.log", [b""])
    assert array.hosts() == []


def test_on_a_node_that_worked_it_takes_two_elements_that_ended_later(array):
    array.works("node2", 2)
    array.works("node1", 3).ends()
    last = array.lab.store.ended_records(array.lab.store.ended())[0].beaten
    array.fails("node1", 0, when=last - 1)
    array.fails("node1", 1, when=last + 1)
    assert array.hosts() == []
    array.fails("node1", 0, when=last + 1)
    assert array.hosts() == ["node1"]


def test_the_host_is_called_as_the_scheduler_calls_it(array):
    array.works("node2", 2)
    array.fails("node1.cluster.example", 0)
    assert array.hosts() == ["node1"]


# what comes of it


def handed_on(array):
    """Let the array end, and its collector hand over; return the jobs of the further array."""
    lab = array.lab
    lab.done(lab.digests("single")[3])
    array.fails("node1", 0)
    array.life("node2", 2).ends()
    lab.exit(1, 1, 2, 3)
    lab.clock.sleep(5)
    before = len(lab.engine.history)
    assert collect(lab.site, lab.clusters, Charge(1, 2)).end is End.HANDED_OVER
    return lab.engine.history[before:]


def test_a_further_array_and_what_follows_it_keep_off_a_broken_node(array):
    jobs = handed_on(array)
    assert {job.ask.exclude for job in jobs} == {("node1",)}
    array.lab.clock.sleep(5)
    assert {element.node.name for element in jobs[0].elements.values()} == {"node2", "node3"}
    assert any("keep off node1" in line for line in array.lab.said)


@pytest.mark.parametrize(("host", "end"), [("node1", End.HANDED_OVER), ("node3", End.ALONE)])
def test_an_array_that_brought_nothing_is_followed_by_one_that_keeps_off_what_broke_it(array, host, end):
    array.works("node3", 3).ends()
    for element in range(3):
        array.fails(host, element, when=0.0)
    array.lab.exit(0, 3)
    array.lab.clock.sleep(5)
    assert collect(array.lab.site, array.lab.clusters, Charge(1, 2, Progress(0))).end is end


def test_what_was_kept_off_is_kept_off_when_nobody_knows_why_any_more(array):
    handed_on(array)
    for name in array.lab.files.names(f"{array.submission.path}/ends"):
        array.lab.files.remove(f"{array.submission.path}/ends/{name}")
    (node,) = array.broken()
    assert (node.host, node.is_avoided) == ("node1", True)
    assert "module load nonexist" in node.words


def test_a_host_that_the_scheduler_does_not_know_by_that_name_is_not_kept_off_at_any_price(array):
    array.lab.engine.nodes[0].name = "n001"
    jobs = handed_on(array)
    assert jobs[0].ask.exclude == ()
    assert any("Invalid node name" in line for line in array.lab.said)


def test_elements_that_are_added_keep_off_it_too(array):
    array.fails("node1", 0)
    array.works("node2", 2)
    array.lab.clock.sleep(5)
    more = add(array.lab.site, array.lab.clusters, 2)
    assert list(more.kept_off) == ["node1"]
    assert array.lab.engine.history[-2].ask.exclude == ("node1",)


def test_a_submission_that_is_made_again_keeps_off_it_beside_those_that_the_user_named(array):
    array.fails("node1", 0)
    array.works("node2", 2)
    array.lab.clock.sleep(5)
    request = as_before(array.lab.site, array.lab.clusters, None, None)
    assert request.options.exclude == ("node1",)


def test_status_names_it_and_says_what_to_do(array):
    array.fails("node1", 0)
    array.works("node2", 2)
    array.lab.clock.sleep(5)
    found = report(array.lab.site, array.lab.clusters)
    text = array.lab.screen(found)
    assert "node1 looks broken: 1 element ended there before any work" in text
    assert "--exclude node1" in text
    assert as_dict(found)["submission"]["broken_nodes"][0]["host"] == "node1"


@pytest.mark.parametrize("host", ["", "-x", "a,b", "node[1-9]", "../up", "a b", "a" * 64])
def test_what_is_no_name_of_a_host_is_neither_recorded_nor_excluded(array, host):
    avoided.record(array.lab.files, array.submission, {host: "why"})
    assert avoided.recorded(array.lab.files, array.submission) == {}
    assert avoided.keeping_off(array.submission, {host: "why"}) == array.submission


# an element that cannot start


def test_an_element_whose_jugfile_cannot_start_says_so_where_status_looks(napping):
    path = napping.location.folder() / "submissions" / "1" / "ends" / "0-array-3.json"
    path.parent.mkdir(parents=True)
    error = JugfileError("napping.py", "Traceback ...\nModuleNotFoundError: No module named 'numpy'\n")
    own_end.tell_start_failed(napping, {"JUGHPC_END": str(path), "JUGHPC_OWNER": "slurm:1_3.0"}, error)
    told = json.loads(path.read_text())
    assert told["reason"] == "start, `napping.py`: ModuleNotFoundError: No module named 'numpy'"
    assert (told["owner"], told["state"], told["code"]) == ("slurm:1_3.0", "failed", 2)
    assert told["host"]


@pytest.mark.parametrize("end", ["", "/elsewhere/submissions/1/ends/0-array-3.json", "ends/0-collect.json"])
def test_it_says_so_nowhere_else(napping, end):
    place = napping.location.folder() / end if end.startswith("ends") else end
    own_end.tell_start_failed(napping, {"JUGHPC_END": str(place)}, ValueError("no"))
    assert not napping.location.folder().exists()
