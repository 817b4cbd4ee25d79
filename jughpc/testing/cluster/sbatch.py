"""sbatch: how its options and a script's directives become a job, and how it says no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jughpc.testing.cluster.answers import Answer, Caller, Read
from jughpc.testing.cluster.engine import Engine, RefusedError
from jughpc.testing.cluster.model import After, Ask
from jughpc.testing.cluster.options import Given, OptionError, as_array, command_of, directives, parse, seconds

_VALUED = (
    "account array begin chdir cluster clusters comment constraint cpus-per-task dependency distribution error "
    "exclude export gres gpus job-name kill-on-invalid-dep licenses mail-type mail-user mem mem-per-cpu mincpus nice "
    "nodelist nodes ntasks ntasks-per-node open-mode output partition priority qos reservation signal time time-min "
    "tmp wait-all-nodes wckey"
)
_BARE = "contiguous exclusive help hold ignore-pbs no-requeue parsable quiet requeue spread-job test-only verbose wait"
LONGS = dict.fromkeys(_VALUED.split(), True) | dict.fromkeys(_BARE.split(), False)
SHORTS = {
    "A": "account", "a": "array", "b": "begin", "D": "chdir", "M": "clusters", "C": "constraint", "c": "cpus-per-task",
    "d": "dependency", "e": "error", "x": "exclude", "J": "job-name", "H": "hold", "L": "licenses", "w": "nodelist",
    "N": "nodes", "n": "ntasks", "o": "output", "p": "partition", "q": "qos", "Q": "quiet", "t": "time",
    "v": "verbose", "W": "wait", "m": "distribution",
}  # fmt: skip

_FAILED = "sbatch: error: Batch job submission failed: "
_SYNTAX = "sbatch: error: Batch job submission failed: Invalid job array specification\n"
_NO_SCRIPT = """sbatch: error: This does not look like a batch script.  The first
sbatch: error: line must start with #! followed by the path to an interpreter.
sbatch: error: For instance: #!/bin/sh
"""
_REFUSALS = {
    "array": Answer(1, "", _SYNTAX),
    "user": Answer(
        1,
        "",
        f"sbatch: error: AssocMaxSubmitJobLimit\n{_FAILED}Job violates accounting/QOS policy (job submit limit, "
        "user's size and/or time limits)\n",
    ),
    "system": Answer(
        1,
        "",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"
        f"{_FAILED}Resource temporarily unavailable\n",
        again=True,
    ),
}


class RejectedError(Exception):
    """A submission that sbatch or the controller finds fault with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def sbatch(engine: Engine, read: Read, cluster: str, argv: Sequence[str], caller: Caller) -> Answer:
    """Submit, and return what sbatch prints."""
    try:
        ask, given = understand(read, argv[1:], caller, engine.time)
        if not {node.name for node in engine.nodes}.issuperset(ask.exclude):
            raise RejectedError(Answer(1, "", f"{_FAILED}Invalid node name specified\n"))
        job = engine.submit(ask)
    except RejectedError as error:
        return error.answer
    except RefusedError as error:
        return _REFUSALS[error.why]
    where = cluster if "clusters" in given else ""
    if "parsable" in given:
        return Answer(0, f"{job.number};{where}\n" if where else f"{job.number}\n")
    if "quiet" in given:
        return Answer()
    return Answer(0, f"Submitted batch job {job.number}" + (f" on cluster {where}" if where else "") + "\n")


def understand(read: Read, words: Sequence[str], caller: Caller, now: float) -> tuple[Ask, Mapping[str, str]]:
    """Return what is asked for, and the options that hold. Raises RejectedError."""
    given, rest = _options(words)
    path = rest[0] if rest else ""
    script = read(path) if path else None
    if script is None:
        raise RejectedError(Answer(1, "", f"sbatch: error: Unable to open file {path}\n"))
    if not script.startswith("#!"):
        raise RejectedError(Answer(1, "", _NO_SCRIPT))
    own, _ = _options(directives(script, "#SBATCH"))
    options = dict([*own, *given])  # the later wins, and so the command line does
    requeues = [name for name, _ in [*own, *given] if name in ("requeue", "no-requeue")]
    ask = Ask(
        name=options.get("job-name", path.rpartition("/")[2]),
        user=caller.user,
        script=path,
        after=_after(options.get("dependency", "")),
        begin=_begin(options.get("begin", ""), now),
        held="hold" in options,
        exclude=tuple(filter(None, options.get("exclude", "").split(","))),
        kill=options.get("kill-on-invalid-dep", "") == "yes",
        walltime=_walltime(options.get("time", "")),
        requeue=requeues[-1:] != ["no-requeue"],
        memory=options.get("mem", "100M"),
        cpus=int(options.get("cpus-per-task", "1")),
        partition=options.get("partition", "batch"),
        log=options.get("output", ""),
        workdir=options.get("chdir", caller.workdir),
        argv=command_of(script),
        words=(*words,),
    )
    return _with_array(ask, options), options


def dependencies(text: str) -> tuple[After, ...] | None:
    """Return the conditions that `afterok:1:2,afterany:3_4` says, () for none, None if it says none."""
    found: list[After] = []
    for part in filter(None, text.split(",")):
        kind, *ids = part.split(":")
        numbers = [number.partition("_")[0].partition("+")[0] for number in ids]
        if kind not in ("afterany", "afterok", "afternotok") or not ids or not all(map(str.isdigit, numbers)):
            return None
        found.append(After(kind, tuple(map(int, numbers))))
    return tuple(found)


def _options(words: Sequence[str]) -> tuple[Given, list[str]]:
    try:
        return parse(words, LONGS, SHORTS)
    except OptionError as error:
        text = f"sbatch: unrecognized option '{error}'\nTry \"sbatch --help\" for more information\n"
        raise RejectedError(Answer(255, "", text)) from None


def _with_array(ask: Ask, options: Mapping[str, str]) -> Ask:
    if "array" not in options:
        return ask
    found = as_array(ask, options["array"])
    if found is None:
        raise RejectedError(Answer(1, "", _SYNTAX))
    return found


def _after(text: str) -> tuple[After, ...]:
    found = dependencies(text)
    if found is None:
        raise RejectedError(Answer(1, "", f"{_FAILED}Job dependency problem\n"))
    return found


def _begin(text: str, now: float) -> float:
    amount = text.removeprefix("now").removeprefix("+")
    for unit, size in {"hours": 3600, "hour": 3600, "minutes": 60, "minute": 60, "seconds": 1, "second": 1}.items():
        if amount.endswith(unit):
            return now + float(amount.removesuffix(unit) or 0) * size
    return now + float(amount) if amount.isdigit() else now


def _walltime(text: str) -> float | None:
    if not text:
        return None
    found = seconds(text)
    if found is None:
        raise RejectedError(Answer(1, "", "sbatch: error: Invalid --time specification\n"))
    return found or None
