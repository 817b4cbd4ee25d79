"""Lines of the batch layer, each broken in one way. The simulated cluster must catch them all.

`CAUGHT` says the rule that each breaks, and how the referee calls that; `FIRST`, which seed is the first to show it.
"""

from __future__ import annotations

from jughpc.testing.cluster.broken import Broken
from jughpc.testing.cluster.parts import Parts

TWICE = r"1 the same \w+ is queued twice"
LIVES_ON = r"2 (lives on after cancel|goes on after its cancel), .*"
LOST = r"2 not found by status, .*"


def batch(place, old, new):
    return Broken(f"jughpc.batch.{place}", old, new)


def app(place, old, new):
    return Broken(f"jughpc.app.{place}", old, new)


LINES = {
    # what is known of a job that was queued
    "an intent is not recorded": (
        LOST,
        batch("submitter:Submitter._submit_one", "journal.record_intent(self.files, submission, intent)", "pass"),
    ),
    "looks up in one process only": (
        LOST,
        batch("settling:settle", "if entry.outcome is None]\n    for", "if not entry]\n    for"),
    ),
    "one look is enough": (
        f"{TWICE}|{LOST}",
        batch("queueing:_settled", "if found or absent:", "if True:"),
    ),
    "a time-out is a refusal": (
        f"4 submit says that nothing is queued, and it is|{LIVES_ON}",
        batch(
            "queueing:_submit", "as error:\n        return error\n    except SubmitError",
            "as error:\n        raise SubmitError(error.argv, 1, 'refused') from error\n    except SubmitError",
        ),
    ),
    "submits again without a look": (
        TWICE,
        batch(
            "queueing:queue",
            "_after_doubt(cluster, job, pauses, answer) or known() or _submit",
            "(next(pauses, None) and None) or _submit",
        ),
    ),
    "a full queue is a refusal": (
        "5 a full queue is taken for a refusal",
        batch("queueing:_refused", "(Refusal.RETRY, Refusal.FULL)", "(Refusal.RETRY,)"),
    ),
    "nothing is taken back": (
        "4 submit (says that nothing is queued|was to take back what was queued), and it is",
        batch("submitter:Submitter._submit_all", "story = take_back(submission, jobs[:mine])", "story = ''"),
    ),
    # ids
    "an id without its name, Slurm": (
        r"4 .*|2 a stranger's job was cancelled",
        batch("slurm:Slurm.parse_poll", "if job and called == jobs[job]:", "if job:"),
    ),
    "ends by number alone, Slurm": (
        "2 a stranger's job was cancelled",
        batch("slurm:Slurm.cancel_commands", 'f"--name={name}", ', ""),
    ),
    # cancel
    "cancels arrays alone": (
        LIVES_ON,
        batch("settling:_end_all", "if job not in done]", 'if job not in done and job.role.value == "array"]'),
    ),
    "leaves half a cancel": (
        LIVES_ON,
        batch("settling:_is_open", "submissions.CANCELLED in names and", "False and"),
    ),
    # one submission at a time
    "a second submission is not refused": (
        "1 a second submission is queued while one goes on",
        app("submit.live:refuse_a_second", "[] if again else live(site, clusters)", "[]"),
    ),
    "more elements leave the former collector": (
        "1 two collects go on|3 reduced more than once",
        app("submit.more:add", "_unended(jobs, journal.accepted(files, submission))", "[]"),
    ),
    # collectors
    "two collectors until the reduce is queued": (
        "1 two collectors work side by side|1 two collects go on|3 reduced more than once",
        batch("replacing:_is_collector", "is Role.COLLECT", "is Role.REDUCE"),
    ),
    "what was watched is forgotten": (
        "5 tasks are left, the collector ended with code 3",
        app("submit.collect:sleep_until", "(end, now.standing, now.jobs, observer)", "(end, now.standing, now.jobs)"),
    ),
    "hands over while others work": (
        "1 a further array is queued while one goes on",
        app("submit.collect:_end", "if standing.workers or _hope(now.jobs, standing, is_silent):", "if False:"),
        batch("plan:plan", "if names else None", "if names and dependent.role is not Role.COLLECT else None"),
    ),
    "the collector waits for success": (
        r"3 a collect can never start|5 tasks are left, the collector (never ran|was deleted unrun)",
        batch("plan:plan", "job in jobs)), Condition.AFTER_ANY", "job in jobs)), Condition.AFTER_OK"),
    ),
    "the reduce waits for any end": (
        "3 a reduce starts before all is done",
        batch("plan:plan", "(job.name,), Condition.AFTER_OK", "(job.name,), Condition.AFTER_ANY"),
    ),
    "what cannot go on is done": (
        "3 a reduce starts before all is done",
        app("submit.collect:_end", "else End.BLOCKED", "else End.DONE"),
    ),
    "rounds count though they brought something": (
        "5 tasks are left, the collector ended with code 3",
        app("submit.handover:rounds_left", "before is None or now.is_beyond(before)", "before is None"),
    ),
    "ended by hand is submitted again": (
        "1 elements that were ended by hand are submitted again",
        app("submit.handover:worth", "sizes[-1] - len(by_hand)", "sizes[-1]"),
    ),
    "no collector has a bound": (
        "3 a collector is ended by its time limit",
        app("submit.collect:_hope", "bool(standing.unfinished) and not is_silent", "bool(standing.unfinished)"),
        app("submit.collect:sleep_until", "site.clock.wall() > deadline - _kept_back", "False and _kept_back"),
    ),
    "the reduce may pend": (
        "3 a reduce can never start",
        batch("slurm_directives:waiting", '"yes" if ends else None', "None"),
    ),
    "nobody sees to the reduce in the end": (
        "3 all is done and never reduced, .*",
        app("submit.collect:collect", "if verdict.is_for_reduce(charge.reduce_on):", "if False:"),
    ),
    "whoever finds all done queues a reduce": (
        "3 reduced more than once|1 two reduces go on",
        app("submit.last_reduce:_is_ensured", "if _is_settled(files, submission, collector):", "if False:"),
        app("submit.last_reduce:_is_missing", "jobs.cluster.settle(job.name, settling.LOOK) is None", "True"),
        app("submit.last_reduce:_is_missing", "return status.state is State.ENDED", "return True"),
    ),
    "what the system dropped is not queued again": (
        "[35] .*, the collector was deleted unrun",
        batch("submitter:Submitter._queued", "if not (waits and", "if True or not (waits and"),
    ),
    "a number is given twice": (
        "[1-4] .*",
        batch("journal:record_intent", "if name.startswith(number) and", "if False and"),
        app("submit.more:add", "_refuse_half(site, jobs)", "pass"),
    ),
    # what is said
    "absent is done": (
        "4 more elements are counted as done than ended in order",
        app("status.elements:_by_store", "if is_over else State.UNKNOWN", "if True else State.UNKNOWN"),
    ),
    "who stopped to beat runs": (
        "4 more elements are counted as running than run",
        app("status.elements:by_number", "found if jobs.trouble else", "found if True else"),
    ),
    "broken off is ended in order": (
        "4 more elements are counted as done than ended in order",
        app("submit.own_end:broken_off", "if path and code >", "if False and code >"),
    ),
    "a reduce that nobody knows is no trouble": (
        "4 status ends with 0 though the .* did not end well",
        app("status.followers:troubles", "{**_missing(jobs), **_forgotten(jobs), **", "{**"),
    ),
    "reduces what another has reduced": (
        "3 reduced more than once",
        app("submit.last_reduce:is_reduced_by_another", "return followers.is_red", "return False and followers.is_red"),
    ),
    "does not wait for its reduce": (
        "4 submit --wait ends with 0 though it was never reduced",
        app("submit.wait:wait_for", "Role.REDUCE if followers.reduce_of(submission) else Role.COLLECT", "Role.COLLECT"),
    ),
    "the wait is over and all is well": (
        "4 submit --wait ends with 0 though it was never reduced",
        app("submit.wait:Waited.code", "self.state is State.DONE", "self.state is not State.FAILED"),
    ),
}  # fmt: skip

VARIANTS = {name: Parts(broken=changes) for name, (_, *changes) in LINES.items()}
CAUGHT = {name: how for name, (how, *_) in LINES.items()}

FIRST = {
    "two collectors until the reduce is queued": 600,
    "what was watched is forgotten": 139,
    "reduces what another has reduced": 374,
    "does not wait for its reduce": 34,
    "an intent is not recorded": 31,
    "looks up in one process only": 31,
    "one look is enough": 6,
    "a time-out is a refusal": 43,
    "submits again without a look": 6,
    "a full queue is a refusal": 12,
    "nothing is taken back": 2,
    "an id without its name, Slurm": 204,
    "ends by number alone, Slurm": 888,
    "cancels arrays alone": 56,
    "leaves half a cancel": 255,
    "a second submission is not refused": 32,
    "more elements leave the former collector": 30,
    "hands over while others work": 33,
    "the collector waits for success": 21,
    "the reduce waits for any end": 21,
    "what cannot go on is done": 4,
    "rounds count though they brought something": 21,
    "ended by hand is submitted again": 94,
    "no collector has a bound": 283,
    "the reduce may pend": 38,
    "nobody sees to the reduce in the end": 830,
    "whoever finds all done queues a reduce": 0,
    "what the system dropped is not queued again": 539,
    "a number is given twice": 299,
    "absent is done": 1,
    "who stopped to beat runs": 92,
    "broken off is ended in order": 2,
    "a reduce that nobody knows is no trouble": 361,
    "the wait is over and all is well": 110,
}
"""The first seed that catches each."""
