"""How code of ours is put on the simulated cluster: as a function that sees nothing but its bench."""

from __future__ import annotations

from dataclasses import replace

from jughpc.testing.cluster import today
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import Wish, draw

FAIR = replace(draw(0), wishes=(Wish("submit", 0.0), Wish("status", 50.0)))


def test_a_use_case_runs_as_a_process_with_files_a_clock_and_commands():
    seen = []

    def status(bench):
        before = bench.seat.clock.now()
        reply = bench.seat.run(["squeue", "--me", "-h"])
        bench.seat.clock.sleep(7.0)
        bench.seat.say("looked")
        seen.append((reply.code, bench.seat.clock.now() - before >= 7.0, bench.seat.files.names("submissions")))
        return []

    assert play(FAIR, Parts(status=status)).blames == ()
    assert seen[0] == (0, True, ["1"])


def test_a_job_runs_what_it_is_given_with_the_options_of_its_script():
    given = []

    def collect(bench, options):
        given.append(options)
        return today.collect(bench, options)

    assert play(FAIR, Parts(collect=collect)).blames == ()
    assert given == [{"submission": "1", "rounds": str(FAIR.order.rounds), "progress": "0.0"}]


def test_others_go_on_while_a_use_case_waits():
    order = []

    def submit(bench):
        today.submit(bench)
        bench.seat.clock.sleep(100.0)
        order.append("submit")
        return 0

    def status(bench):
        order.append("status")
        return []

    play(FAIR, Parts(submit=submit, status=status))
    assert order[:2] == ["status", "submit"]


def test_an_element_runs_what_it_is_given():
    started = []

    def work(board, start, life):
        started.append(start.element.index)
        return (yield from board.worker(start, life))

    assert play(FAIR, Parts(work=work)).blames == ()
    assert sorted(started) == list(range(FAIR.order.size))


def test_an_error_that_is_not_for_users_is_a_broken_rule():
    def status(bench):
        raise ValueError("not thought of")

    assert {blame.kind for blame in play(FAIR, Parts(status=status)).blames} == {"status ends by a traceback"}
