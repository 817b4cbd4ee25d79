"""The attributes of PBS jobs and elements, in the server's order and words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from jughpc.testing.cluster import pbs_words as words
from jughpc.testing.cluster.answers import EPOCH, clock, ctime, ranges
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, Phase, SimJob
from jughpc.testing.cluster.pbs_ids import SERVER, job_id

Value = str | int | Mapping[str, str | int]
Attributes = dict[str, Value]


def of_job(engine: Engine, job: SimJob) -> Attributes:
    """Return the attributes of an array as a whole, or of a plain job."""
    if not job.ask.array:
        return _of_plain(engine, job, job.elements[0])
    return _whole({**_parent(engine, job), **_array(engine, job), **_tail(job, over=job.over)})


def of_element(engine: Engine, job: SimJob, element: Element) -> Attributes:
    """Return the attributes of one element. One that does not run, or never did, copies its array's."""
    if not job.ask.array:
        return of_job(engine, job)
    if not _has_record(engine, job, element):
        return _whole(_copied(engine, job, element))
    return _whole({**_own(engine, job, element), **_tail(job, over=element.over)})


def _has_record(engine: Engine, job: SimJob, element: Element) -> bool:
    """Return whether the server has a record of an element's own.

    Without history it drops that of an ended one at once; with it, when the whole array is deleted after that.
    """
    if not element.runs or element.waits:
        return False
    if not element.over:
        return True
    return engine.rules.keep > 0 and element.ended >= job.deletion


def _of_plain(engine: Engine, job: SimJob, element: Element) -> Attributes:
    head = _own(engine, job, element) if element.runs and not element.waits else _parent(engine, job)
    head = {**head, "Checkpoint": "u", "Hold_Types": words.holds(job), "Submit_arguments": _arguments(job)}
    return _whole({**head, **_tail(job, over=job.over)})


def _parent(engine: Engine, job: SimJob) -> Attributes:
    """Return what an array says of itself."""
    begun, over = job.begun, job.over
    found = _common(engine, job)
    found |= {"job_state": words.state_of(job), "Checkpoint": "u", "Hold_Types": words.holds(job)}
    found |= {"substate": words.substate(job), "Submit_arguments": _arguments(job)}
    if job.ask.begin > job.submitted:
        found["Execution_Time"] = ctime(job.ask.begin)
    if begun:
        first = min(element.started for element in job.elements.values() if element.runs)
        found["stime"] = ctime(first)
    if over and begun:
        found["obittime"] = ctime(job.ended)
    if comment := words.comment(job):
        found["comment"] = comment
    if job.free and not job.holds and not job.vanished and job.ask.begin <= engine.time:
        found["etime"] = ctime(job.submitted)
    if any(element.over for element in job.elements.values()) and begun:
        found |= {"Exit_status": words.summary(job), "Stageout_status": 1}
    return found


def _copied(engine: Engine, job: SimJob, element: Element) -> Attributes:
    found = _parent(engine, job)
    found["job_state"] = words.letter_of(job, element)
    if element.over and not job.over:
        found |= {"substate": 70, "comment": "Subjob finished"}
    elif element.over and job.begun:
        found["comment"] = "Subjob finished"
    elif not element.over:
        found["substate"] = 10
    return found


def _own(engine: Engine, job: SimJob, element: Element) -> Attributes:
    """Return what an element says of its own that runs or ran."""
    ask, node = job.ask, element.node.name if element.node else SERVER
    chunk = f"({node}:ncpus={ask.cpus}" + (f":mem={_kilobytes(ask.memory)}kb)" if ask.memory else ")")
    found = _common(engine, job, element)
    found |= {
        "job_state": words.letter_of(job, element),
        "exec_host": f"{node}/{element.index}",
        "exec_vnode": chunk,
        "stime": ctime(element.started),
        "jobdir": "/home/ada",
        "substate": words.substate_of(element),
        "comment": words.how_it_ran(chunk, element),
        "etime": ctime(job.submitted),
        "run_count": element.runs,
    }
    if ask.array:
        found |= {"array_id": job_id(job), "array_index": element.index}
    else:
        found.pop("array_index", None)
    if element.over:
        found |= {"obittime": ctime(element.ended), "Stageout_status": 1, "Exit_status": words.exit_status(element)}
        found["resources_used"] = _used(element, element.ended)
    else:
        found |= {"session_id": 1000 + 10 * job.number + element.index}
        found["resources_used"] = _used(element, engine.time)
    return found


def _common(engine: Engine, job: SimJob, element: Element | None = None) -> Attributes:
    ask, number = job.ask, job.number
    index = "" if not ask.array else ".^array_index^" if element is None else f".{element.index}"
    found: Attributes = {
        "Job_Name": ask.name,
        "Job_Owner": f"{ask.user}@{SERVER}",
        "queue": ask.partition,
        "server": SERVER,
        "ctime": ctime(job.submitted),
        "Error_Path": f"{SERVER}:{ask.workdir}/{ask.name}.e{number}{index}",
        "Join_Path": "oe",
        "Keep_Files": "n",
        "Mail_Points": "n",
        "mtime": ctime(max(job.submitted, job.ended)),
        "Output_Path": f"{SERVER}:{ask.workdir}/{ask.name}.o{number}{index}",
        "Priority": 0,
        "qtime": ctime(job.submitted),
        "Rerunable": str(ask.requeue),
        "Resource_List": _resources(job),
        "Variable_List": _variables(job),
    }
    if element is None and (depend := depends(engine, job)):
        found["depend"] = depend
    return found


def _array(engine: Engine, job: SimJob) -> Attributes:
    phases = [element.phase for element in job.elements.values()]
    waiting, running = phases.count(Phase.WAITING), phases.count(Phase.RUNNING)
    expired = phases.count(Phase.OVER)
    if job.over:
        expired = sum(not _has_record(engine, job, element) for element in job.elements.values()) * job.deleted
    remaining = ranges([element.index for element in job.having(Phase.WAITING)]) or "-"
    found: Attributes = {
        "array": "True",
        "array_state_count": f"Queued:{waiting} Running:{running} Exiting:0 Expired:{expired}",
        "array_indices_submitted": ranges(list(job.elements)),
        "array_indices_remaining": remaining,
    }
    return {**found, "max_run_subjobs": job.throttle} if job.throttle else found


def _tail(job: SimJob, *, over: bool) -> Attributes:
    stamp: Attributes = {"history_timestamp": int(EPOCH + job.ended)} if over else {}
    return {**stamp, "project": "_pbs_project_default", "Submit_Host": SERVER}


def depends(engine: Engine, job: SimJob) -> str:
    """Return what a job waits for, and what waits for it: both are its `depend`."""
    own = [f"{after.kind}:{_ids(engine, after.jobs)}" for after in job.after if not job.free]
    waiting = [other for other in engine.jobs.values() if job.deleted or not (other.free or other.over)]
    back = [
        f"{after.kind.replace('after', 'before')}:{job_id(other)}@{SERVER}"
        for other in waiting
        for after in other.after
        if job.number in after.jobs
    ]
    return ",".join(own + back)


def _ids(engine: Engine, numbers: tuple[int, ...]) -> str:
    jobs = (engine.jobs.get(number) for number in numbers)
    ids = [job_id(job) if job else f"{number}.{SERVER}" for job, number in zip(jobs, numbers, strict=True)]
    return ":".join(f"{found}@{SERVER}" for found in ids)


def _arguments(job: SimJob) -> str:
    return shlex.join(job.ask.words)


def _resources(job: SimJob) -> Mapping[str, str | int]:
    ask = job.ask
    chunk = f"1:ncpus={ask.cpus}" + (f":mem={ask.memory}" if ask.memory else "")
    memory: dict[str, str | int] = {"mem": ask.memory} if ask.memory else {}
    limit: dict[str, str | int] = {} if ask.walltime is None else {"walltime": clock(ask.walltime)}
    return {**memory, "ncpus": ask.cpus, "nodect": 1, "place": "free", "select": chunk, **limit}


def _used(element: Element, now: float) -> Mapping[str, str | int]:
    wall = clock(now - element.started)
    return {"cpupercent": 0, "cput": "00:00:00", "mem": "7352kb", "ncpus": 1, "vmem": "10380kb", "walltime": wall}


def _variables(job: SimJob) -> Mapping[str, str | int]:
    return {
        "PBS_O_HOME": "/home/ada",
        "PBS_O_LANG": "C.UTF-8",
        "PBS_O_LOGNAME": job.ask.user,
        "PBS_O_PATH": "/opt/pbs/bin:/usr/bin:/bin",
        "PBS_O_SHELL": "/bin/bash",
        "PBS_O_INTERACTIVE_AUTH_METHOD": "resvport",
        "PBS_O_INTERACTIVE_ENCRYPT_METHOD": "",
        "PBS_O_WORKDIR": job.ask.workdir,
        "PBS_O_SYSTEM": "Linux",
        "PBS_O_QUEUE": job.ask.partition,
        "PBS_O_HOST": SERVER,
    }


def _kilobytes(memory: str) -> int:
    return int(memory.removesuffix("mb") or 0) * 1024 if memory.endswith("mb") else 102400


_NAMES = (
    "Job_Name Job_Owner resources_used job_state queue server Checkpoint ctime depend Error_Path exec_host exec_vnode "
    "Execution_Time Hold_Types Join_Path Keep_Files Mail_Points mtime Output_Path Priority qtime Rerunable "
    "Resource_List stime obittime session_id jobdir substate Variable_List comment etime run_count Stageout_status "
    "Exit_status Submit_arguments array array_id array_index array_state_count array_indices_submitted "
    "array_indices_remaining history_timestamp project Submit_Host max_run_subjobs"
)
_ORDER = tuple(_NAMES.split())


def _whole(found: Attributes) -> Attributes:
    """Return the attributes in the server's order."""
    return {key: found[key] for key in _ORDER if key in found}


def all_of(engine: Engine, job: SimJob, *, elements: bool) -> Iterator[tuple[Element | None, Attributes]]:
    """Yield the attributes of a job, and of each element if it is an array and they are wanted."""
    yield None, of_job(engine, job)
    if elements and job.ask.array:
        for element in job.elements.values():
            yield element, of_element(engine, job, element)
