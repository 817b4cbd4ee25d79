"""How commands of ours are put on the simulated cluster: as functions that see nothing but their bench."""

from __future__ import annotations

from dataclasses import replace

from jughpc.testing.cluster import commands
from jughpc.testing.cluster.board import Worker
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import Wish, draw

FAIR = replace(draw(0), wishes=(Wish("submit", 0.0), Wish("status", 50.0)))
TYPED = Parts().typed


def test_a_command_runs_as_a_process_with_files_a_clock_and_a_scheduler():
    seen = []

    def status(bench):
        before = bench.seat.clock.now()
        reply = bench.seat.run(["squeue", "--me", "-h"])
        bench.seat.clock.sleep(7.0)
        bench.seat.say("looked")
        seen.append((reply.code, bench.seat.clock.now() - before >= 7.0, bench.seat.files.names("submissions")))
        return commands.status(bench)

    assert play(FAIR, Parts(status=status)).blames == ()
    assert seen[0] == (0, True, ["1"])


def test_a_job_runs_the_command_of_its_script_in_the_environment_that_this_sets():
    given = []

    def collect(bench, command):
        given.append((command.name, command.options["submission"], sorted(bench.environ)))
        return commands.collect(bench, command)

    assert play(FAIR, Parts(collect=collect)).blames == ()
    variables = ["DEADLINE", "DISK", "ELEMENT", "ELEMENTS", "END", "OWNER", "RUN", "THREADS"]
    assert given == [("collect", "1", [f"JUGHPC_{name}" for name in variables])]


def test_others_go_on_while_a_command_waits():
    order = []

    def submit(bench):
        commands.submit(bench)
        bench.seat.clock.sleep(100.0)
        order.append("submit")
        return 0

    def status(bench):
        order.append("status")
        return commands.status(bench)

    play(FAIR, Parts(typed={**TYPED, "submit": submit}, status=status))
    assert order[:2] == ["status", "submit"]


def test_an_element_runs_what_it_is_given():
    started = []

    def work(worker: Worker):
        started.append(worker.where.element)
        return (yield from worker.play())

    assert play(FAIR, Parts(work=work)).blames == ()
    assert sorted(started) == list(range(min(FAIR.order.size, len(FAIR.tasks))))


def test_a_script_whose_setup_fails_tells_so_and_starts_nothing():
    broken = replace(FAIR, site=replace(FAIR.site, slots=(8,), broken=(0,)), wishes=FAIR.wishes[:1])
    told = []

    def status(bench):
        found = commands.status(bench)
        told.extend(group.words for group in found.groups)
        return found

    history = play(broken, Parts(status=status))
    assert history.summary[0].endswith(" ".join(["0-array.sh:", *["FAILED"] * min(FAIR.order.size, len(FAIR.tasks))]))
    assert told == ["failed before its work began: setup line 1, `module load x`: command not found"]


def test_an_error_that_is_not_for_users_is_a_broken_rule():
    def status(bench):
        raise ValueError("not thought of")

    assert {blame.kind for blame in play(FAIR, Parts(status=status)).blames} == {"status ends by a traceback"}
