"""qsub: how its options and a script's directives become a job, and how it says no."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from jughpc.testing.cluster.answers import EPOCH, Answer, Caller, Read
from jughpc.testing.cluster.engine import Engine, RefusedError
from jughpc.testing.cluster.model import After, Ask
from jughpc.testing.cluster.options import Given, OptionError, as_array, command_of, directives, parse, seconds
from jughpc.testing.cluster.pbs_ids import job_id, well_formed

_VALUED = "aAcCejJklmMNopPqrRSuvW"
_BARE = "fhIVXz"
LONGS = {letter: letter in _VALUED for letter in _VALUED + _BARE}
SHORTS = {letter: letter for letter in LONGS}

USAGE = (
    "usage: qsub [-a date_time] [-A account_string] [-c interval]\n"
    "\t[-C directive_prefix] [-e path] [-f ] [-h ] [-I [-X]] [-j oe|eo] [-J X-Y[:Z]]\n"
    "\t[-k keep] [-l resource_list] [-m mail_options] [-M user_list]\n"
    "\t[-N jobname] [-o path] [-p priority] [-P project] [-q queue] [-r y|n]\n"
    "\t[-R o|e|oe] [-S path] [-u user_list] [-W otherattributes=value...]\n"
    "\t[-v variable_list] [-V ] [-z] [script | -- command [arg1 ...]]\n"
    "       qsub --version\n"
)
_KINDS = ("afterany", "afterok", "afternotok", "after", "beforeany", "beforeok", "beforenotok")
_SPAN = re.compile(r"(\d+)-(\d+)(?::\d+)?(?:%\d+)?")
_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,236}")
_REFUSALS = {
    "array": Answer(3, "", "qsub: Array job exceeds server or queue size limit\n"),
    "user": Answer(38, "", "qsub: would exceed queue generic's per-user limit\n"),
    "system": Answer(38, "", "qsub: would exceed complex's per-user limit\n"),
}


class RejectedError(Exception):
    """A submission that qsub or the server finds fault with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def qsub(engine: Engine, read: Read, argv: Sequence[str], caller: Caller) -> Answer:
    """Submit, and return what qsub prints."""
    try:
        ask, silent = understand(read, argv[1:], caller, engine.time)
        job = engine.submit(ask)
    except RejectedError as error:
        return error.answer
    except RefusedError as error:
        return _REFUSALS[error.why]
    return Answer() if silent else Answer(0, f"{job_id(job)}\n")


def understand(read: Read, words: Sequence[str], caller: Caller, now: float) -> tuple[Ask, bool]:
    """Return what is asked for, and whether the id is not to be printed. Raises RejectedError."""
    given, rest = _options(words)
    path = rest[0] if rest else ""
    script = read(path) if path else None
    if script is None:
        raise RejectedError(Answer(1, "", "qsub: script file:: No such file or directory\n"))
    own, _ = _options(directives(script, "#PBS"))
    options = dict([*own, *given])
    resources = _resources([value for name, value in [*own, *given] if name == "l"])
    name = options.get("N", path.rpartition("/")[2])
    if not _NAME.fullmatch(name):
        raise _illegal("N")
    ask = Ask(
        name=name,
        user=caller.user,
        script=path,
        after=_after(options.get("W", "")),
        begin=_begin(options.get("a", ""), now),
        held="h" in options,
        walltime=seconds(resources.get("walltime", "")) if "walltime" in resources else None,
        requeue=options.get("r", "y") == "y",
        memory=_of_select(resources, "mem", ""),
        cpus=int(_of_select(resources, "ncpus", "1")),
        partition=options.get("q", "workq"),
        log=options.get("o", ""),
        workdir=caller.workdir,
        argv=command_of(script),
        words=tuple(words),
    )
    return _with_array(ask, options), "z" in options


def dependencies(text: str) -> tuple[After, ...] | None:
    """Return the conditions that `afterok:1.srv:2[],afterany:3` says, None if it says none.

    An array's id without its brackets names no job: it comes out as the number -1, which no job has.
    """
    found: list[After] = []
    for part in filter(None, text.split(",")):
        kind, *ids = part.split(":")
        if kind not in _KINDS or not ids or not all(map(well_formed, ids)):
            return None
        if kind.startswith("after"):
            found.append(After(kind, tuple(int(re.split(r"[\[.]", word)[0]) for word in ids)))
    return tuple(found)


def depend_of(others: str) -> str | None:
    """Return what `-W` says of dependencies, None if nothing."""
    match = re.search(r"(?:^|,)depend=(.*)$", others)
    return match[1] if match else None


def _options(words: Sequence[str]) -> tuple[Given, list[str]]:
    try:
        return parse(words, LONGS, SHORTS)
    except OptionError as error:
        raise RejectedError(Answer(2, "", f"qsub: invalid option -- '{str(error).lstrip('-')}'\n{USAGE}")) from None


def _illegal(letter: str) -> RejectedError:
    return RejectedError(Answer(2, "", f"qsub: illegal -{letter} value\n{USAGE}"))


def _after(others: str) -> tuple[After, ...]:
    found = dependencies(depend_of(others) or "")
    if found is None:
        raise _illegal("W")
    return found


def _begin(text: str, now: float) -> float:
    """Return when `[[CC]YY]MMDDhhmm` is, `now` if it is no such time."""
    digits = re.fullmatch(r"(?:\d\d)?(?:\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)", text)
    if not digits:
        return now
    month, day, hour, minute = map(int, digits.groups())
    year = datetime.fromtimestamp(EPOCH + now, timezone.utc).year
    return datetime(year, month, day, hour, minute, tzinfo=timezone.utc).timestamp() - EPOCH


def _resources(lists: Sequence[str]) -> Mapping[str, str]:
    pairs = (part.partition("=") for text in lists for part in text.split(","))
    found = {key: value for key, _, value in pairs}
    if "walltime" in found and seconds(found["walltime"]) is None:
        raise RejectedError(Answer(1, "", "qsub: Illegal attribute or resource value Resource_List.walltime\n"))
    return found


def _of_select(resources: Mapping[str, str], key: str, default: str) -> str:
    chunk = dict(part.partition("=")[::2] for part in resources.get("select", "").split(":"))
    return chunk.get(key) or resources.get(key, default)


def _with_array(ask: Ask, options: Mapping[str, str]) -> Ask:
    if "J" not in options:
        return ask
    match = _SPAN.fullmatch(options["J"])
    if not match or int(match[1]) >= int(match[2]):  # -J refuses a single element
        raise _illegal("J")
    found = as_array(ask, options["J"])
    if found is None:
        raise _illegal("J")
    return replace(found, requeue=True)
