"""What a process of ours meets in a simulated cluster: answers late, lost and spoiled, and its own death."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import pytest

from jughpc.errors import CommandMissingError, CommandTimeoutError
from jughpc.testing.cluster.answers import Answer
from jughpc.testing.cluster.home import JUGDIR
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import draw
from jughpc.testing.cluster.seat import Doom
from jughpc.testing.cluster.spoil import WAYS
from jughpc.testing.cluster.weather import Forecast, Outage, Weather
from jughpc.testing.cluster.world import World

FAIR = {"slurm": 0, "pbs": 1}
SUBMIT = ["sbatch", "--parsable", f"{JUGDIR}/job.sh"]


@pytest.fixture
def play():
    """Return what lets one process act in a world whose commands meet `forecast`, and returns both and its result."""

    def act(act, forecast=Forecast(latency=0.01), doom=None, commands=True, system="slurm", parts=None):  # noqa: B008
        plan = replace(draw(FAIR[system]), wishes=(), forecast=forecast, mishaps=())
        world = World(plan, parts or Parts())
        world.weather.latency = lambda: 0.01
        found = []

        def body(seat):
            seat.files.write("job.sh", [b"#!/bin/bash\nexec true\n"])
            try:
                found.append(act(seat))
            except (CommandTimeoutError, CommandMissingError, KeyboardInterrupt) as error:
                found.append(error)
            return "was done"

        seat = world._seat("act", body, doom)
        seat.commands = commands
        over = []
        world.stage.at(3000.0, lambda: over.append(True))
        world.stage.run(lambda: bool(over))
        world.stage.close()
        return world, seat, found[0] if found else None

    return act


def submit(seat):
    return seat.run(SUBMIT)


def test_an_answer_that_is_lost_leaves_a_job_behind(play):
    world, _, reply = play(submit, Forecast(("lost",), 1.0, 1e9))
    assert "Socket timed out" in reply.stderr
    assert len(world.engine.history) == 1


def test_an_answer_that_is_slower_than_the_client_waits_is_a_time_out_and_a_job(play):
    world, _, error = play(submit, Forecast(("slow",), 1.0, 1e9))
    assert isinstance(error, CommandTimeoutError)
    assert len(world.engine.history) == 1


def test_a_late_request_is_taken_up_after_its_client_gave_up(play):
    def submit_and_look(seat):
        seat.run(SUBMIT)
        return len(seat.ground.engine.history)

    world, _, then = play(submit_and_look, Forecast(("late",), 1.0, 1e9))
    assert (then, len(world.engine.history)) == (0, 1)


def test_a_server_that_is_away_does_nothing(play):
    world, _, reply = play(submit, Forecast(outages=(Outage("away", 0.0, 100.0),)))
    assert "Unable to contact" in reply.stderr
    assert world.engine.history == []


@pytest.mark.parametrize(("system", "seconds"), [("slurm", 20.0), ("pbs", 150.0)])
def test_a_server_that_hangs_makes_its_clients_wait(play, system, seconds):
    def ask(seat):
        before = seat.clock.now()
        with suppress(CommandTimeoutError):
            seat.run(["squeue"] if system == "slurm" else ["qstat"])
        return seat.clock.now() - before

    _, _, waited = play(ask, Forecast(outages=(Outage("hangs", 0.0, 500.0),)), system=system)
    assert waited == pytest.approx(seconds, abs=1.0)


def test_what_hangs_may_be_done_when_the_server_is_back(play):
    def submit_often(seat):
        for _ in range(8):
            seat.run(SUBMIT)

    world, _, _ = play(submit_often, Forecast(outages=(Outage("hangs", 0.0, 500.0),)))
    assert 0 < len(world.engine.history) < 9
    assert all(job.submitted >= 500.0 for job in world.engine.history)


def test_a_node_without_commands_says_that_they_are_missing(play):
    _, _, error = play(submit, commands=False)
    assert isinstance(error, CommandMissingError)


@pytest.mark.parametrize(("point", "jobs"), [(0, 0), (1, 1)])
def test_a_process_dies_before_or_after_a_command(play, point, jobs):
    world, seat, result = play(submit, doom=Doom(point, "KILL", commands=True))
    assert (seat.died, result, len(world.engine.history)) == ("KILL", None, jobs)


def test_a_process_dies_between_any_two_calls_of_its_files(play):
    _, seat, _ = play(lambda seat: seat.files.write("x", [b"all"]), doom=Doom(7, "KILL"))
    assert seat.died == "KILL"
    assert seat.ground.disk.find("x").data in (b"", b"a")


def test_the_dead_do_nothing_any_more(play):
    def never_give_up(seat):
        try:
            seat.run(SUBMIT)
        except BaseException:
            seat.run(SUBMIT)
            raise

    world, _, _ = play(never_give_up, doom=Doom(0, "KILL", commands=True))
    assert world.engine.history == []


def test_a_handled_signal_is_raised_once_and_its_process_goes_on(play):
    def be_interrupted(seat):
        try:
            seat.run(SUBMIT)
        except KeyboardInterrupt:
            return seat.run(SUBMIT).code

    world, seat, code = play(be_interrupted, doom=Doom(0, "INT", commands=True))
    assert (code, seat.died, len(world.engine.history)) == (0, "", 1)


def test_a_signal_that_is_not_handled_ends_a_process_where_it_stands(play):
    parts = Parts(signals={"INT": KeyboardInterrupt})
    _, seat, result = play(submit, doom=Doom(1, "HUP", commands=True), parts=parts)
    assert (seat.died, result) == ("HUP", None)


def test_a_signal_can_be_given_a_handler(play):
    parts = Parts(signals={"HUP": lambda: KeyboardInterrupt("HUP")})
    _, seat, error = play(submit, doom=Doom(1, "HUP", commands=True), parts=parts)
    assert (seat.died, str(error)) == ("", "HUP")


def test_a_signal_wakes_who_sleeps(play):
    def sleep(seat):
        seat.ground.stage.at(5.0, lambda: seat.deliver("INT"))
        try:
            seat.clock.sleep(1000.0)
        except KeyboardInterrupt:
            return seat.clock.now()

    _, _, woke = play(sleep)
    assert woke < 6.0


@pytest.mark.parametrize("way", WAYS)
def test_a_spoiled_answer_differs_and_keeps_its_code(way):
    text = '{\n\t"Jobs":\t{\n\t\t"1.pbs01":\t{\n\t\t\t"job_state":\t"R"\n\t\t}\n\t}\n}\n'
    answers = [WAYS[way](Answer(0, text), random.Random(seed)) for seed in range(10)]
    assert any(answer.stdout != text for answer in answers)
    assert all(answer.code == 0 for answer in answers)


def test_no_reader_is_lied_to_twice_in_a_row():
    weather = Weather(random.Random(1), Forecast(("empty",), 1.0, 1e9))
    faults = [weather.fault("squeue", "a", 0.0) for _ in range(6)]
    assert faults == ["empty", "", "empty", "", "empty", ""]


def test_calm_weather_spoils_nothing():
    weather = Weather(random.Random(1), Forecast(("empty",), 1.0, 1e9, outages=(Outage("away", 0.0, 1e9),)))
    weather.calm()
    assert (weather.fault("squeue", "a", 0.0), weather.outage(0.0)) == ("", None)
