"""What PBS's comments and exit codes mean, and what to do about them. Source: the recorded comments of OpenPBS 23."""

from __future__ import annotations

from jughpc.batch.causes import Cause, Entry, Why, why

_ENDS = (
    Entry(
        ".*exceeded resource (walltime|cput).*|-29", Cause.TIME_LIMIT, "met its time limit", "ask for more with --time"
    ),
    Entry(".*exceeded resource (mem|vmem).*|-27", Cause.OUT_OF_MEMORY, "ran out of memory", "ask for more with --mem"),
    Entry("-20|-1[0-9]|-2[0-6]|.*(node|mom) (failed|failure).*", Cause.NODE_FAIL, "lost its node, {host}"),
    Entry("terminated.*|.* terminated by .*", Cause.USER, "was ended by somebody: {reason}"),
    Entry("-[1-9]", Cause.LAUNCH, "could not be started on {host}"),
)
_WAITS = (
    Entry(
        "Can Never Run: (?!.*walltime).*",
        Cause.REQUEST,
        "can never run: {rest}",
        "ask for less with --cpus, --mem or --gpus",
    ),
    Entry("Can Never Run: .*", Cause.REQUEST, "can never run: {rest}", "shorten --time"),
    Entry(".*(down|offline|drain).*", Cause.NODES, "waits for nodes: {rest}", "pbsnodes -l tells which are down"),
    Entry("Not Running: .*(limit|max).*", Cause.LIMIT, "waits for a limit on what may run at once: {rest}"),
    Entry("Not Running: .*", Cause.TURN, "waits for its turn: {rest}"),
    Entry("", Cause.TURN),
)
_HOLDS = (
    Entry(".*u.*", Cause.HELD, "is held by you", "qrls {job}"),
    Entry(
        ".*[so].*", Cause.HELD, "is held by an operator, or for it was started too often", "ask your site why"
    ),
    Entry("p", Cause.HELD, "is held for a bad password", "ask your site why"),
)  # fmt: skip


def of_end(code: str, comment: str, host: str) -> Why | None:
    """Return what an end means that is not a plain one."""
    known = {"reason": comment, "host": host or "an unknown one"}
    return why(_ENDS, comment, known) or why(_ENDS, code, known)


def of_never(reason: str) -> Why | None:
    """Return why what never ran did not, None if somebody deleted it."""
    words = "never started, for a job that it waited for did not end well"
    return Why(Cause.NEVER, words) if reason.startswith("never ran, ") else None


def of_wait(comment: str) -> Why | None:
    """Return what keeps a queued element waiting."""
    return why(_WAITS, comment, {"rest": comment.partition(": ")[2]})


def of_hold(kinds: str, job: str) -> Why | None:
    """Return who holds an element, by its Hold_Types."""
    return why(_HOLDS, kinds, {"job": job})
