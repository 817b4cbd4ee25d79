"""scontrol: configuration, records of jobs, and what a user may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jughpc.testing.cluster.answers import Answer, Caller, clock, ranges, stamp
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, End, Phase, SimJob
from jughpc.testing.cluster.sbatch import dependencies
from jughpc.testing.cluster.scancel import elements
from jughpc.testing.cluster.squeue import known, reason_of, state_of

_UNKNOWN = Answer(1, "", "slurm_load_jobs error: Invalid job id specified\n")


def scontrol(engine: Engine, cluster: str, argv: Sequence[str], caller: Caller) -> Answer:
    """Do what scontrol is asked for, and return what it prints."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    verb, rest = words[0] if words else "", words[1:]
    if verb == "ping":
        return Answer(0, "Slurmctld(primary) at login01 is UP\n")
    if verb == "show" and rest[:1] == ["config"]:
        return Answer(0, _config(engine, cluster))
    if verb == "show" and rest[:1] == ["job"]:
        return _show(engine, rest[1] if len(rest) > 1 else "")
    if verb in _CHANGES:
        return _CHANGES[verb](engine, rest, caller)
    return Answer(1, "", f"invalid keyword: {verb}\n")


def _config(engine: Engine, cluster: str) -> str:
    rules = engine.rules
    kind = "accounting_storage/slurmdbd" if rules.accounting else "accounting_storage/none"
    settings = {
        "AccountingStorageType": kind,
        "ClusterName": cluster,
        "FirstJobId": rules.first,
        "KillWait": f"{rules.kill_wait:.0f} sec",
        "MaxArraySize": rules.array_size,
        "MaxJobCount": 10000 if rules.system_jobs is None else rules.system_jobs + 1,  # never reached
        "MinJobAge": f"{rules.keep:.0f} sec",
        "SchedulerParameters": "(null)",
        "SLURM_VERSION": "22.05.8",
    }
    lines = [f"{key:<23} = {value}" for key, value in settings.items()]
    return "\n".join(
        [f"Configuration data as of {stamp(engine.time)}", *lines, "", "Slurmctld(primary) at login01 is UP\n"]
    )


def _show(engine: Engine, word: str) -> Answer:
    found = [(job, element) for job, element in elements(engine, word) if known(engine, job, element)]
    if not found:
        return _UNKNOWN
    job = found[0][0]
    waiting = [element for _, element in found if element.waits and not element.runs]
    lines = [_record(engine, job, waiting[0], ranges([element.index for element in waiting]))] if waiting else []
    lines += [_record(engine, job, element, str(element.index)) for _, element in found if element not in waiting]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _record(engine: Engine, job: SimJob, element: Element, index: str) -> str:
    ask, throttle = job.ask, job.throttle
    waits = element.waits
    of_array = {"ArrayJobId": job.number, "ArrayTaskId": f"{index}%{throttle}" if waits and throttle else index}
    limit = "UNLIMITED" if ask.walltime is None else clock(ask.walltime)
    code = f"{element.code}:0" if element.code >= 0 else f"0:{-element.code}"
    fields = {
        "JobId": job.number,
        **(of_array if ask.array else {}),
        "JobName": ask.name,
        "UserId": f"{ask.user}(1001)",
        "JobState": state_of(element),
        "Reason": reason_of(engine, job, element),
        "Dependency": _depends(job),
        "Requeue": int(ask.requeue),
        "Restarts": max(0, element.runs - 1),
        "ExitCode": code,
        "TimeLimit": limit,
        "SubmitTime": stamp(job.submitted),
        "StartTime": "Unknown" if waits or not element.runs else stamp(element.started),
        "EndTime": stamp(element.ended) if element.over else "Unknown",
        "NodeList": element.node.name if element.node and not waits else "",
        "Command": ask.script,
        "WorkDir": ask.workdir,
    }
    return " ".join(f"{key}={value}" for key, value in fields.items()) + " "


def _depends(job: SimJob) -> str:
    if job.free or not job.after:
        return "(null)"
    state = "failed" if job.never else "unfulfilled"
    return ",".join(f"{after.kind}:{number}_*({state})" for after in job.after for number in after.jobs)


def _hold(engine: Engine, words: Sequence[str], caller: Caller) -> Answer:
    for job in _jobs(engine, words):
        engine.hold(job, "u", caller.user)
    return _said(engine, words)


def _release(engine: Engine, words: Sequence[str], caller: Caller) -> Answer:
    for job in _jobs(engine, words):
        engine.release(job, "u")
    return _said(engine, words)


def _requeue(engine: Engine, words: Sequence[str], caller: Caller) -> Answer:
    for job, element in (pair for word in words for pair in elements(engine, word)):
        if element.phase is Phase.RUNNING:
            engine.put_back(job, element, End.CANCELLED)
    return _said(engine, words)


def _update(engine: Engine, words: Sequence[str], caller: Caller) -> Answer:
    changes = {key.lower(): value for key, _, value in (word.partition("=") for word in words)}
    jobs = _jobs(engine, [changes.pop("jobid", "")])
    if not jobs:
        return Answer(1, "", "Invalid job id specified\nslurm_update error: Invalid job id specified\n")
    for job in jobs:
        if "arraytaskthrottle" in changes:
            job.throttle = int(changes["arraytaskthrottle"]) or None
        if "dependency" in changes:
            after = dependencies(changes["dependency"])
            if after is None:
                return Answer(1, "", "slurm_update error: Job dependency problem\n")
            engine.tie(job, after)
    return Answer()


def _jobs(engine: Engine, words: Sequence[str]) -> list[SimJob]:
    return list({job: None for word in words for job, _ in elements(engine, word)})


def _said(engine: Engine, words: Sequence[str]) -> Answer:
    unknown = [word for word in words if not elements(engine, word)]
    return Answer(bool(unknown), "", "".join(f"Invalid job id specified for job {word}\n" for word in unknown))


_CHANGES: Mapping[str, Callable[[Engine, Sequence[str], Caller], Answer]] = {
    "hold": _hold,
    "release": _release,
    "requeue": _requeue,
    "update": _update,
}
