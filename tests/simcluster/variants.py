"""Ways to break the batch layer, each a small change of what ships. The simulated cluster must catch them all."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

from jughpc.batch import journal, submissions
from jughpc.batch.scheduler import Condition, ElementId, Refusal, Role, State, Status
from jughpc.errors import CommandTimeoutError, SchedulerError, SubmitError
from jughpc.testing.cluster import today
from jughpc.testing.cluster.parts import Parts


def speaking(**changes):
    """Return parts whose scheduler has these methods in place of its own; each is given the real scheduler first."""

    def changed(real):
        methods = {name: change_of(change, real) for name, change in changes.items()}
        kind = type("Changed", (type(real),), methods)
        return kind(**{field.name: getattr(real, field.name) for field in fields(real)} if is_dataclass(real) else {})

    return Parts(scheduler=changed)


def change_of(change, real):
    return lambda self, *args: change(real, *args)


class Through:
    """A process's seat with another way to run commands."""

    def __init__(self, seat, run):
        self._seat, self._own_run = seat, run

    def __getattr__(self, name):
        return getattr(self._seat, name)

    def run(self, argv, timeout=150.0):
        return self._own_run(self._seat, argv, timeout)


def running(run):
    """Return parts all of whose commands run like this."""
    through = lambda case: lambda bench, *args: case(replace(bench, seat=Through(bench.seat, run)), *args)  # noqa: E731
    return Parts(
        submit=through(today.submit),
        status=through(today.status),
        cancel=through(today.cancel),
        collect=through(today.collect),
    )


def planning(change):
    """Return parts whose submit changes its planned jobs first."""

    def submit(bench):
        cluster, submission, jobs = today.planned(bench)
        bench.submitter(cluster).submit(submission, [change(job) for job in jobs])
        return 0

    return Parts(submit=submit)


# what an answer means


def absent_is_done(real, reply, jobs):
    """Takes what is not mentioned for done."""
    found = dict(real.parse_poll(reply, jobs))
    for job in jobs:
        found.setdefault(ElementId(job, 0), Status(State.DONE))
    return found


def every_end_is_done(real, reply, jobs):
    """Takes every end for a good one."""
    found = real.parse_poll(reply, jobs)
    return {key: replace(one, state=State.DONE) if one.state.ended else one for key, one in found.items()}


def living_is_queued_for_ever(real, reply, jobs):
    """Takes what runs for stuck."""
    found = real.parse_poll(reply, jobs)
    return {key: replace(one, state=State.STUCK) if one.state is State.RUNNING else one for key, one in found.items()}


def silence_is_an_empty_answer(real, reply, jobs):
    """Takes a server that does not answer for one that knows no job."""
    try:
        return real.parse_poll(reply, jobs)
    except SchedulerError:
        return {ElementId(job, 0): Status(State.FAILED) for job in jobs}


def lets_pend(real, job):
    """Says of no job that it is to end once it can never start."""
    return [word for word in real.submit_command(job) if not word.startswith("--kill-on-invalid-dep")]


def looks_for_nothing(real, reply, name):
    """Never finds a job by its name."""
    return []


def silence_is_a_refusal(real, reply):
    """Takes a controller that did not answer for one that said no."""
    verdict = real.refusal(reply)
    return Refusal.USER if verdict is Refusal.RETRY else verdict


def mine_is_all(real, jobs):
    """Ends all jobs of the user where some are meant."""
    if real.name == "slurm":
        return [["scancel", "--me"]]
    return [["qdel", job] for job in jobs] + [["qdel", f"{number}.pbs01"] for number in range(1, 12)]


def first_alone(real, jobs):
    """Ends the first of several jobs."""
    return real.cancel_commands(dict(list(jobs.items())[:1]))


def by_number_alone(real, jobs):
    """Leaves out that an array's id has brackets."""
    return real.cancel_commands({job.replace("[]", ""): name for job, name in jobs.items()})


# how commands are run


def time_out_is_a_refusal(seat, argv, timeout):
    """Takes a command that took too long for one that was refused."""
    try:
        return seat.run(argv, timeout)
    except CommandTimeoutError:
        raise SubmitError(argv, 1, "refused") from None


def runs_twice(seat, argv, timeout):
    """Submits once more when the answer is not to be read."""
    reply = seat.run(argv, timeout)
    return seat.run(argv, timeout) if reply.code and argv[0] in ("sbatch", "qsub") else reply


def gives_up_early(seat, argv, timeout):
    """Waits no longer than 2 s, less than sbatch itself may take, and does what it is told again."""
    try:
        return seat.run(argv, min(timeout, 2.0))
    except CommandTimeoutError:
        return seat.run(argv, timeout)


# what is planned


def collector_after_success(job):
    """Lets the collector wait for an array without failures."""
    if job.role is Role.COLLECT:
        return replace(job, depends_on=replace(job.depends_on, condition=Condition.AFTER_OK))
    return job


def collector_at_once(job):
    """Lets the collector wait for nothing."""
    return replace(job, depends_on=None) if job.role is Role.COLLECT else job


def reduce_after_any(job):
    """Lets the reduce start however the collector ended."""
    if job.role is Role.REDUCE:
        return replace(job, depends_on=replace(job.depends_on, condition=Condition.AFTER_ANY))
    return job


# use cases


def takes_nothing_back(bench):
    """Leaves in the queue what was queued before a refusal, and says otherwise."""
    return today.submit(replace(bench, change=lambda real: Keeping(bench.change(real))))


def cancels_arrays_alone(bench, number):
    """Ends the arrays and leaves what follows them."""
    submission = submissions.load(bench.seat.files, today.JUGDIR, number)
    jobs = journal.accepted(bench.seat.files, submission)
    bench.recorded(submission).cancel([job for job in jobs if job.role is Role.ARRAY])
    return 0


class Other:
    """A scheduler that speaks as the real one, but for some words."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)


class Blind(Other):
    """Sees no element."""

    def parse_poll(self, reply, jobs):
        return {}


class Keeping(Other):
    """Ends nothing."""

    def cancel_commands(self, jobs):
        return []


class Deserted:
    """A board on which nobody seems to work."""

    def __init__(self, board):
        self._board = board

    def __getattr__(self, name):
        return getattr(self._board, name)

    def living(self):
        return []


def hands_over_at_once(bench, options):
    """Submits a further array without a look at who works."""

    blind = replace(bench, board=Deserted(bench.board), change=lambda real: Blind(bench.change(real)))
    return today.collect(blind, options)


def ends_well_whatever(bench, options):
    """Ends with exit code 0 though tasks are left."""
    today.collect(bench, options)
    return 0


def submits_the_array_alone(bench):
    """Forgets what follows the array."""
    cluster, submission, jobs = today.planned(bench)
    bench.submitter(cluster).submit(submission, jobs[:-2])
    return 0


VARIANTS = {
    "absent is done": speaking(parse_poll=absent_is_done),
    "every end is done": speaking(parse_poll=every_end_is_done),
    "what runs is stuck": speaking(parse_poll=living_is_queued_for_ever),
    "silence is an empty answer": speaking(parse_poll=silence_is_an_empty_answer),
    "looks for nothing": speaking(parse_find=looks_for_nothing),
    "silence is a refusal": speaking(refusal=silence_is_a_refusal),
    "mine is all": speaking(cancel_commands=mine_is_all),
    "ends the first alone": speaking(cancel_commands=first_alone),
    "ends by number alone": speaking(cancel_commands=by_number_alone),
    "a time-out is a refusal": running(time_out_is_a_refusal),
    "runs twice": running(runs_twice),
    "gives up early": running(gives_up_early),
    "the collector waits for success": planning(collector_after_success),
    "the reduce waits for any end": planning(reduce_after_any),
    "takes nothing back": Parts(submit=takes_nothing_back),
    "cancels arrays alone": Parts(cancel=cancels_arrays_alone),
    "hands over at once": replace(planning(collector_at_once), collect=hands_over_at_once),
    "lets the reduce pend": speaking(submit_command=lets_pend),
    "ends well whatever": Parts(collect=ends_well_whatever),
    "no collector": Parts(submit=submits_the_array_alone),
}

LIVES_ON = "2 (lives on after cancel|goes on after its cancel), .*its submit (was done|refused)"
TWICE = r"1 the same \w+ is queued twice"

CAUGHT = {
    "absent is done": r"4 .* is shown as done",
    "every end is done": r"4 \w+ is shown as done",
    "what runs is stuck": "4 what runs is shown as stuck",
    "silence is an empty answer": r"4 .* is shown as failed",
    "looks for nothing": TWICE,
    "silence is a refusal": f"{LIVES_ON}|2 .*, its collect ended with 3",
    "mine is all": "2 a stranger's job was cancelled",
    "ends the first alone": LIVES_ON,
    "ends by number alone": LIVES_ON,
    "a time-out is a refusal": "4 submit says that nothing is queued, and it is",
    "runs twice": TWICE,
    "gives up early": TWICE,
    "the collector waits for success": "5 tasks are left, the collector never ran",
    "the reduce waits for any end": "3 a reduce starts before all is done",
    "takes nothing back": "4 submit says that nothing is queued, and it is",
    "cancels arrays alone": LIVES_ON,
    "hands over at once": "1 a further array is queued while one goes on",
    "lets the reduce pend": "3 a reduce can never start",
    "ends well whatever": "3 a reduce starts before all is done",
    "no collector": "5 tasks are left, no collector",
}
"""The rule that each variant breaks, and how the referee calls it."""
