"""What qstat prints of jobs: JSON, lines of `name=value` between bars, or indented text.

JSON is asked for first. OpenPBS since December 2023 prints the first of several ids only in it, and says nothing of the
others; the two other forms are whole (openpbs issue 2672).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jughpc.batch.scheduler import JobId, Reply
from jughpc.errors import SchedulerError

FORMS = (("-F", "json"), ("-F", "dsv"), ())
"""How qstat is asked to print, the first first."""

Fields = Mapping[str, Any]

_ID = re.compile(r"(\d+)(?:\[(\d*)\])?(\.\S+)?")
_JOB = "Job Id: "
_BAR = re.compile(r"(?<!\\)\|")  # one in a value has a backslash
_BLOCK = re.compile(r"(?ms)^Job Id: (\S+)\n(.*?\n)\n(?=Job Id: |\s|\Z)")
_NUMBERS = ("substate", "Exit_status", "run_count")
_NO_HISTORY = "not configured to maintain job history"

# Some releases do not escape quotes in these two (openpbs: seen with exported shell functions).
_UNSAFE = re.compile(r'("Variable_List":\s*)\{.*?\n\t{3}\}|("Submit_arguments":\s*)"[^\n]*"(?=,?\n)', re.DOTALL)


def silent(reply: Reply) -> SchedulerError:
    """Return the error that an answer without an answer is."""
    return SchedulerError(f"{reply.argv[0]} exited with {reply.code}: {reply.stderr.strip()}")


def as_json(reply: Reply) -> dict[str, Any]:
    """Return the object that was printed. Raises SchedulerError if it is none."""
    trouble = "it is no object"
    for text in (reply.stdout, _UNSAFE.sub(_emptied, reply.stdout)):
        try:
            found = json.loads(text, strict=False)
        except ValueError as error:
            trouble = str(error)
            continue
        if isinstance(found, dict):
            return found
    raise SchedulerError(f"{reply.argv[0]} printed no JSON: {trouble}\n{reply.stderr.strip()}")


def objects(found: Mapping[str, Any], key: str) -> Iterator[tuple[str, Fields]]:
    """Yield what lies under `key`, but for what has not the shape of an object."""
    inner = found.get(key)
    for name, fields in inner.items() if isinstance(inner, dict) else ():
        if isinstance(fields, dict):
            yield name, fields


def entries(reply: Reply) -> Iterator[tuple[str, int, Fields]]:
    """Yield sequence number, index and attributes of each element; an array's own entry is none."""
    for key, fields in _jobs(reply):
        match = _ID.fullmatch(key)
        if match and match[2] != "":
            yield match[1], int(match[2] or 0), fields


def sequence(job: JobId) -> str:
    """Return the number in an id: the server's name, and the brackets, may be left out."""
    return re.split(r"[\[.]", job)[0]


def unheard(reply: Reply, jobs: Iterable[JobId]) -> list[JobId]:
    """Return those of `jobs` of which `reply` says nothing: neither how they stand, nor that they are not known."""
    told = {sequence(key) for key, _ in _jobs(reply)}
    if _NO_HISTORY not in reply.stderr:  # that names an id, too, and means all of them: running ones as well
        told |= {sequence(word) for word in re.findall(r"(?m)^qstat: .*?(\d+\S*)", reply.stderr)}
    return [job for job in jobs if sequence(job) not in told]


def says_no_history(reply: Reply) -> bool:
    """Return whether the server, asked for ended jobs too, told of none at all for it keeps none any more."""
    return _NO_HISTORY in reply.stderr


def _jobs(reply: Reply) -> Iterable[tuple[str, Fields]]:
    if "dsv" in reply.argv:
        return _of_bars(reply.stdout)
    if "-f" in reply.argv and "-F" not in reply.argv:
        return _of_text(reply.stdout)
    return objects(as_json(reply), "Jobs")


def _of_bars(text: str) -> Iterator[tuple[str, Fields]]:
    """Yield what is said in lines; one that is cut off, and says less than there was to say, is none."""
    for line in text.splitlines(keepends=True):
        head, *pairs = _BAR.split(line)
        if head.startswith(_JOB) and line.endswith("\n"):
            yield head.removeprefix(_JOB).strip(), _fields(pair.rstrip("\n").partition("=")[::2] for pair in pairs)


def _of_text(text: str) -> Iterator[tuple[str, Fields]]:
    """Yield what is said in blocks, each ended by an empty line; one that is cut off is none."""
    for job, block in _BLOCK.findall(text):
        yield job, _fields(_pairs(block.splitlines()))


def _pairs(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and values of lines `    name = value`, which go on in lines that begin with a tab."""
    pairs: list[tuple[str, str]] = []
    for line in lines:
        name, equals, value = line.strip().partition(" = ")
        if line.startswith("    ") and equals:
            pairs.append((name, value))
        elif line.startswith("\t") and pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + line[1:])
    return pairs


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the attributes as JSON has them: `resources_used.mem` is there under its first part."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        head, _, part = name.partition(".")
        if part:
            found.setdefault(head, {})[part] = value
        elif head:
            found[head] = int(value) if head in _NUMBERS and re.fullmatch(r"-?\d{1,9}", value) else value
    return found


def _emptied(match: re.Match[str]) -> str:
    return f"{match[1]}{{}}" if match[1] else f'{match[2]}""'
