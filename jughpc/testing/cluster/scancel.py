"""scancel, and ids of jobs and elements as Slurm reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jughpc.testing.cluster.answers import Answer, Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, Phase, SimJob
from jughpc.testing.cluster.options import OptionError, indices, parse

_VALUED = "account clusters name nodelist partition qos reservation signal state user wckey"
_BARE = "batch ctld cron full help hurry interactive me quiet verbose"
_LONGS = dict.fromkeys(_VALUED.split(), True) | dict.fromkeys(_BARE.split(), False)
_SHORTS = {
    "A": "account", "M": "clusters", "n": "name", "w": "nodelist", "p": "partition", "q": "qos", "s": "signal",
    "t": "state", "u": "user", "b": "batch", "f": "full", "i": "interactive", "Q": "quiet", "v": "verbose",
}  # fmt: skip
_ID = re.compile(r"(\d+)(?:_(\d+|\[[\d,:%-]+\]))?")
_PHASES = {"PENDING": Phase.WAITING, "PD": Phase.WAITING, "RUNNING": Phase.RUNNING, "R": Phase.RUNNING}

Chosen = tuple[SimJob, Element]


def scancel(engine: Engine, argv: Sequence[str], caller: Caller) -> Answer:
    """End what is asked for; what is not known is passed over in silence."""
    try:
        given, ids = parse(argv[1:], _LONGS, _SHORTS)
    except OptionError as error:
        return Answer(1, "", f"scancel: unrecognized option '{error}'\nTry \"scancel --help\" for more information\n")
    options = dict(given)
    if bad := [word for word in ids if not _ID.fullmatch(word)]:
        return Answer(1, "", f"scancel: error: Invalid job id {bad[0]}\n")
    if not ids and not {"user", "me", "name", "state", "partition"} & options.keys():
        return Answer(1, "", "scancel: error: No job identification provided\n")
    mine, foreign = [], []
    for word in ids or map(str, list(engine.jobs)):
        for job, element in _chosen(engine, word, options, caller):
            if job.ask.user == caller.user:
                mine.append((job, element))
            elif ids and word not in foreign:
                foreign.append(word)
    _note_whole(mine, named=bool(ids))
    engine.cancel(mine, caller.user)
    denied = [f"scancel: error: Kill job error on job id {word}: Access/permission denied\n" for word in foreign]
    return Answer(210 if denied else 0, "", "".join(denied))


def elements(engine: Engine, word: str) -> list[Chosen]:
    """Return the elements that `12`, `12_3` or `12_[1-3]` names, [] for what is not known."""
    match = _ID.fullmatch(word)
    job = engine.jobs.get(int(match[1])) if match else None
    if match is None or job is None:
        return []
    found = indices(match[2].strip("[]")) if match[2] else None
    wanted = found[0] if found else tuple(job.elements)
    return [(job, job.elements[index]) for index in wanted if index in job.elements]


def _chosen(engine: Engine, word: str, options: Mapping[str, str], caller: Caller) -> Iterator[Chosen]:
    phase = _PHASES.get(options.get("state", "").upper())
    user = caller.user if "me" in options else options.get("user")
    for job, element in elements(engine, word):
        right = job.ask.name in options["name"].split(",") if options.get("name") else True
        if right and phase in (None, element.phase) and user in (None, job.ask.user) and not element.over:
            yield job, element


def _note_whole(chosen: Sequence[Chosen], *, named: bool) -> None:
    for job in {job for job, _ in chosen}:
        job.deleted = job.deleted or set(job.live()) <= {element for other, element in chosen if other is job}
        job.blurred = job.deleted and not named and not job.begun
