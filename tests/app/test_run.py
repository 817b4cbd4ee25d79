"""A worker's life from load to exit code, and the reduce behind it."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace

import pytest

from jughpc.app.context import kept
from jughpc.app.context import session as sessions
from jughpc.app.context.session import peek
from jughpc.app.context.target import MEMORY
from jughpc.app.run.execute import execute
from jughpc.app.run.reduce import reduce
from jughpc.app.run.selection import Choice, Chosen
from jughpc.app.run.together import summed
from jughpc.errors import JugfileError, UsageError
from jughpc.exitcode import ExitCode
from jughpc.store import record as records
from jughpc.store.location import Memory
from jughpc.store.record import ElementRef
from jughpc.tasks.graph import Graph
from jughpc.worker.element import Place
from jughpc.worker.seat import Report
from jughpc.worker.tally import Options, Tally

HAND = Place()
WRITE = "__import__('pathlib').Path"
KEEP_GOING = Options(keep_going=True)

BARRIER = """
from jug import TaskGenerator, barrier

@TaskGenerator
def single(i):
    return i

first = single(1)
barrier()
second = single(2)
barrier()
third = single(3)
"""

BAD = """
from jug import TaskGenerator

@TaskGenerator
def bad(i):
    if i == 1:
        raise ValueError("no")
    return i

@TaskGenerator
def after(x):
    return x

things = [after(bad(i)) for i in range(3)]
"""

STOPPING = """
import os, signal
from jug import TaskGenerator

@TaskGenerator
def single(i):
    os.kill(os.getpid(), signal.SIG)
    return i

things = [single(i) for i in range(3)]
"""


def run(lab, where=HAND, options=KEEP_GOING, chosen=None):
    outcome = execute(lab.site, where, options, chosen)
    return outcome.code, dict(outcome.tally.executed)


def named(*names):
    return Chosen(lambda name: name.rpartition(".")[2] in names)


# execute


def test_all_tasks_run_and_the_values_are_right(lab):
    assert run(lab) == (ExitCode.DONE, {"sums.single": 4, "sums.double": 4, "sums.total": 1})
    assert lab.store.get(lab.digests("total")[0]) == 12


def test_it_says_first_what_it_works_on(lab):
    run(lab)
    assert "sums.py: 9 tasks, in /shared/run/sums.jugdata" in lab.said[0]


def test_a_second_worker_finds_nothing_to_do(lab):
    run(lab)
    assert run(lab) == (ExitCode.DONE, {})


def test_only_what_is_left_runs(lab):
    lab.begin().done(*lab.digests("single"), value=5)
    assert run(lab)[1] == {"sums.double": 4, "sums.total": 1}
    assert lab.store.get(lab.digests("total")[0]) == 40


def test_a_worker_leaves_no_claim_and_ends_its_life(lab):
    run(lab)
    assert lab.store.look(0).claims == {}
    assert (lab.store.records(), len(lab.store.ended())) == ([], 1)


@pytest.mark.parametrize(
    ("text", "words"), [("", "its work ended"), ("SIGTERM", "signal 15"), ("SIGUSR1", "signal 10")]
)
def test_a_worker_writes_down_why_it_ended(labs, text, words):
    lab = labs(text=STOPPING.replace("SIG)", f"{text})")) if text else labs()
    run(lab)
    (life,) = lab.store.ended()
    assert words in records.decode(lab.files.read(f"workers/{life}.ended")).reason


def test_the_manifest_is_kept_once_by_whoever_loads_first(lab):
    run(lab)
    assert len(kept.latest(lab.files, kept.key_of(lab.site.target, lab.jugfile.read_bytes()))) == 9
    lab.orders.calls.clear()
    run(lab)
    assert not any("manifest" in path for call, path in lab.orders.calls if call == "create")


def test_a_jugfile_without_tasks_is_done_and_keeps_no_manifest(lab):
    lab.jugfile.write_text("x = 1\n")
    assert run(lab)[0] == ExitCode.DONE
    assert lab.files.names("manifest") == []


def test_past_each_barrier_it_is_loaded_again(labs):
    lab = labs(text=BARRIER)
    assert run(lab) == (ExitCode.DONE, {"sums.single": 3})
    assert len(kept.latest(lab.files, kept.key_of(lab.site.target, lab.jugfile.read_bytes()))) == 3


def test_a_barrier_that_is_never_passed_ends_with_work_left(labs):
    lab = labs(text=f"{BARRIER}from jughpc.tasks.barrier import BarrierError\nraise BarrierError\n")
    code, executed = run(lab)
    assert (code, executed) == (ExitCode.LEFT, {"sums.single": 3})
    assert any("stays" in line for line in lab.said)


def test_some_that_fail_are_told_by_the_exit_code_and_the_rest_runs(labs):
    lab = labs(text=BAD)
    code, executed = run(lab)
    assert (code, executed) == (ExitCode.FAILED, {"sums.bad": 2, "sums.after": 2})
    assert len(lab.store.look(0).failed) == 1


def test_a_failure_of_before_is_told_by_the_exit_code_though_nothing_fails_now(labs):
    lab = labs(text=BAD)
    run(lab)
    assert run(lab, options=Options(keep_going=True, retry_failed=False)) == (ExitCode.FAILED, {})


def test_who_does_not_keep_going_ends_at_the_first_failure(labs):
    lab = labs(text=BAD)
    code, executed = run(lab, options=Options(keep_going=False))
    assert code == ExitCode.FAILED
    assert executed.get("sums.after", 0) < 2


@pytest.mark.parametrize(("sig", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGUSR1", ExitCode.LEFT)])
def test_a_signal_ends_it_in_order_with_the_code_of_that_signal(labs, sig, code):
    lab = labs(text=STOPPING.replace("SIG)", f"{sig})"))
    before = signal.getsignal(signal.SIGTERM)
    found, executed = run(lab)
    assert found == code
    assert executed.get("sums.single", 0) <= 1
    assert lab.store.look(0).claims == {}
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_with_the_last_task_leaves_nothing_to_be_told_of(labs):
    lab = labs(text=STOPPING.replace("SIG)", "SIGUSR1)").replace("range(3)", "range(1)"))
    assert run(lab) == (ExitCode.DONE, {"sums.single": 1})


def test_a_signal_while_the_jugfile_is_loaded_ends_it_with_nothing_done(lab):
    lab.jugfile.write_text(f"import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n{lab.text}")
    assert run(lab) == (143, {})


def test_by_hand_the_jugfile_is_remembered_and_in_an_array_it_is_not(lab):
    run(lab, where=Place(ref=ElementRef("0a1b2c3d", 0, 0), element=0))
    assert not (lab.tmp_path / MEMORY).exists()
    run(lab)
    assert (lab.tmp_path / MEMORY).exists()


def test_an_elements_worker_is_recorded_as_that_element(lab):
    run(lab, where=Place(ref=ElementRef("0a1b2c3d", 3, 1), element=3))
    (life,) = lab.store.ended()
    assert life.startswith("0a1b2c3d-3-1-")


def test_results_in_memory_are_said_to_go_and_those_in_a_folder_are_not(lab):
    run(lab)
    assert not any("memory of this process" in line for line in lab.said)
    site = replace(lab.site, target=replace(lab.site.target, location=Memory()))
    execute(site, HAND, KEEP_GOING)
    assert "memory of this process" in lab.said[-1]


def test_a_result_that_is_larger_than_the_store_takes_fails_its_task(lab):
    object.__setattr__(lab.location, "largest", 1)
    assert run(lab)[0] == ExitCode.FAILED


# only some of them


def test_only_what_was_chosen_runs(lab):
    assert run(lab, chosen=named("single")) == (ExitCode.DONE, {"sums.single": 4})


def test_what_waits_for_others_that_were_not_chosen_is_left_and_told(lab):
    code, executed = run(lab, chosen=named("double"))
    assert (code, executed) == (ExitCode.LEFT, {})
    assert any("4 of the chosen tasks wait" in line and "sums.single (4)" in line for line in lab.said)


def test_what_others_brought_before_lets_the_chosen_run(lab):
    lab.begin().done(*lab.digests("single")[:3], value=1)
    code, executed = run(lab, chosen=named("double"))
    assert (code, executed) == (ExitCode.LEFT, {"sums.double": 3})
    assert any("1 of the chosen tasks wait" in line for line in lab.said)


def test_where_nothing_was_chosen_the_names_that_there_are_are_told(lab):
    with pytest.raises(UsageError, match=r"sums\.single \(4\)"):
        run(lab, chosen=named("nosuch"))


def test_behind_a_barrier_what_was_chosen_may_still_come(labs):
    lab = labs(text=BARRIER)
    assert run(lab, chosen=named("nosuch"))[0] == ExitCode.LEFT


def test_a_choice_learns_what_others_bring_while_it_lasts(lab):
    lab.begin()
    session = sessions.begin(lab.site)
    choice = Choice(session.jugfile, Graph(session.jugfile.tasks), session.store, named("double"))
    assert not choice.look()
    assert choice.graph.ready() == []
    lab.done(lab.digests("single")[0])
    assert choice.look()
    assert len(choice.graph.ready()) == 1
    assert not choice.look()


# reduce


def test_a_reduce_sees_the_names_of_the_jugfile_and_its_values(lab):
    run(lab)
    out = lab.tmp_path / "out"
    reduce(peek(lab.site), lab.reduce_script(f"{WRITE}({str(out)!r}).write_text(f'{{__name__}} {{value(whole)}}')"))
    assert out.read_text() == "__main__ 12"


def test_a_reduce_finds_the_jugfiles_arguments_behind_its_own_name(labs):
    lab = labs(args=("7",))
    lab.begin().all_done()
    out = lab.tmp_path / "out"
    script = lab.reduce_script(f"import sys\n{WRITE}({str(out)!r}).write_text(repr(sys.argv) + __file__)")
    reduce(peek(lab.site), script)
    assert out.read_text() == f"{[str(script), '7']!r}{script}"


def test_a_reduce_script_that_is_not_there_is_a_mistake(lab):
    with pytest.raises(UsageError, match="no reduce script"):
        reduce(peek(lab.site), lab.tmp_path / "nosuch.py")


def test_a_result_that_is_missing_is_told_as_such(lab):
    lab.begin()
    with pytest.raises(UsageError, match="needs a result that is not there"):
        reduce(peek(lab.site), lab.reduce_script("value(whole)"))


def test_what_a_reduce_raises_is_shown_as_the_users_own(lab):
    lab.begin()
    with pytest.raises(JugfileError, match="ZeroDivisionError"):
        reduce(peek(lab.site), lab.reduce_script("1 / 0"))


def test_a_reduce_that_fails_says_how_it_is_run_again_by_hand(lab):
    lab.begin()
    script = lab.reduce_script("1 / 0")
    again = f"Once it is mended: jughpc reduce .*sums.py --script {script}"
    with pytest.raises(JugfileError, match=again):
        reduce(peek(lab.site), script)
    with pytest.raises(UsageError, match=rf"(?s)value\(tasks, missing=None\).*{again}"):
        reduce(peek(lab.site), lab.reduce_script("value(whole)"))


# several workers


def report(executed, loaded):
    """Return what a worker of ten tasks tells, all of which are done."""
    return Report(0, Tally(Counter(f=executed), Counter(f=loaded)), done=Counter(f=10), is_done=True)


def test_what_one_worker_ran_is_not_found_done_by_all_together(lab):
    total = summed([report(6, 1), report(4, 6)], lab.said.append)
    assert (total.executed, total.loaded, lab.said) == (Counter(f=10), Counter(), [])


def test_what_a_late_worker_ran_and_another_as_well_counts_once_and_that_is_told(lab):
    total = summed([report(6, 0), report(7, 0)], lab.said.append)
    assert total.executed == Counter(f=10)
    assert "3 tasks ran twice" in lab.said[0]


def test_workers_that_stop_before_all_is_done_know_of_their_own_tasks_only(lab):
    parts = [Report(3, Tally(Counter(f=1)), done=Counter(f=1)) for _ in range(3)]
    assert (summed(parts, lab.said.append).executed, lab.said) == (Counter(f=3), [])
