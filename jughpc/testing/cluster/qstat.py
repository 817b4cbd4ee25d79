"""qstat and qselect: what the server tells of jobs, and of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jughpc.testing.cluster import pbs_forms as forms
from jughpc.testing.cluster.answers import Answer, Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import SimJob
from jughpc.testing.cluster.options import OptionError, parse
from jughpc.testing.cluster.pbs_attributes import Attributes, all_of, of_element
from jughpc.testing.cluster.pbs_forms import Entry
from jughpc.testing.cluster.pbs_ids import SERVER, Named, element_id, find, full, job_id, well_formed
from jughpc.testing.cluster.pbs_words import letter_of, state_of

_LONGS = {letter: letter in "FDu" for letter in "fFDtxwBQHTsu1n"}
_SHORTS = {letter: letter for letter in _LONGS}
_SELECTS = {letter: letter in "NusqAJPr" for letter in "NusqAPrxTJH"} | {"J": False}

UNKNOWN, FINISHED = 153, 35


@dataclass(frozen=True)
class Found:
    """What an id led to.

    Attributes:
        trouble: What is wrong with it, and the code that says so.
    """

    entries: Sequence[Entry] = ()
    trouble: str = ""
    code: int = 0


def qstat(engine: Engine, argv: Sequence[str], caller: Caller) -> Answer:
    """Return what qstat prints."""
    try:
        given, ids = parse(argv[1:], _LONGS, _SHORTS)
    except OptionError as error:
        return Answer(2, "", f"qstat: invalid option -- '{str(error).lstrip('-')}'\nusage:\n")
    options = dict(given)
    form = _form(options)
    if "B" in options:
        return Answer(0, form(engine.time, [(SERVER, _server(engine))], "Server"))
    if "Q" in options:
        return Answer(0, form(engine.time, [("workq", _queue(engine))], "Queue"))
    found = [_find(engine, word, options) for word in ids] if ids else [_all(engine, options)]
    entries = [entry for one in found for entry in one.entries]
    if engine.rules.first_only and options.get("F") == "json":
        entries = list(next((one.entries for one in found if one.entries), ()))
    codes = [one.code for one in found if one.code]
    return Answer(codes[-1] if codes else 0, form(engine.time, entries, "Jobs"), "".join(one.trouble for one in found))


def qselect(engine: Engine, argv: Sequence[str], caller: Caller) -> Answer:
    """Return the ids that qselect prints."""
    try:
        given, _ = parse(argv[1:], _SELECTS, {letter: letter for letter in _SELECTS})
    except OptionError as error:
        return Answer(2, "", f"qselect: invalid option -- '{str(error).lstrip('-')}'\nusage:\n")
    options = dict(given)
    history = engine.rules.keep > 0
    jobs = [job for job in engine.jobs.values() if _selected(job, options)]
    if "x" in options and not history:
        jobs = []  # seen: nothing though a job of that name runs, code 0
    ids = [
        element_id(job, element) if "T" in options else job_id(job)
        for job in jobs
        for element in (job.elements.values() if "T" in options else list(job.elements.values())[:1])
        if not options.get("s") or letter_of(job, element) in options["s"] or state_of(job) in options["s"]
    ]
    return Answer(0, "".join(f"{word}\n" for word in ids))


def _selected(job: SimJob, options: Mapping[str, str]) -> bool:
    right = options.get("N", job.ask.name) == job.ask.name and options.get("u", job.ask.user) == job.ask.user
    return right and ("x" in options or not job.over)


def _find(engine: Engine, word: str, options: Mapping[str, str]) -> Found:
    if not well_formed(word):
        return Found((), f"qstat: Unknown queue destination {word}\n", 170)
    if "x" in options and engine.rules.keep <= 0:
        return Found((), f"qstat: PBS is not configured to maintain job history {full(word)}\n")
    named = find(engine, word)
    if named is None:
        return Found((), f"qstat: Unknown Job Id {full(word)}\n", UNKNOWN)
    if named.job.over and "x" not in options:
        advice = "Job has finished, use -x or -H to obtain historical job information"
        return Found((), f"qstat: {full(word)} {advice}\n", FINISHED)
    return Found(_entries(engine, named, options))


def _all(engine: Engine, options: Mapping[str, str]) -> Found:
    if "x" in options and engine.rules.keep <= 0:
        return Found((), "qstat: PBS is not configured to maintain job history\n")
    jobs = [job for job in engine.jobs.values() if "x" in options or not job.over]
    named = [Named(job, tuple(job.elements.values()), whole=True) for job in jobs]
    return Found([entry for one in named for entry in _entries(engine, one, options)])


def _entries(engine: Engine, named: Named, options: Mapping[str, str]) -> list[Entry]:
    job = named.job
    if not named.whole:
        return [(element_id(job, element), of_element(engine, job, element)) for element in named.elements]
    both = all_of(engine, job, elements="t" in options)
    return [(job_id(job) if element is None else element_id(job, element), found) for element, found in both]


def _form(options: Mapping[str, str]) -> Callable[[float, Sequence[Entry], str], str]:
    if options.get("F") == "json":
        return forms.as_json
    if options.get("F") == "dsv":
        return lambda now, entries, title: forms.as_dsv(entries, options.get("D", "|"))
    return lambda now, entries, title: forms.as_text(entries)


def _server(engine: Engine) -> Attributes:
    rules = engine.rules
    found: Attributes = {
        "server_state": "Active",
        "server_host": SERVER,
        "scheduling": "True",
        "total_jobs": len(engine.jobs),
        "default_queue": "workq",
        "resources_default": {"ncpus": 1},
        "node_fail_requeue": int(rules.node_wait),
        "max_array_size": rules.array_size,
        "pbs_version": "23.06.06",
        "job_history_enable": str(rules.keep > 0),
    }
    if rules.keep > 0:
        found["job_history_duration"] = "24:00:00"
    if rules.user_jobs is not None:
        found["max_queued"] = f"[u:PBS_GENERIC={rules.user_jobs}]"
    return found


def _queue(engine: Engine) -> Attributes:
    return {"queue_type": "Execution", "total_jobs": len(engine.jobs), "enabled": "True", "started": "True"}
