"""Every file of JSON that is read: with any field replaced or absent it is none, or harmless, and never a traceback."""

from __future__ import annotations

import ast
import json
import math
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import jughpc
from jughpc import host, units
from jughpc.app.context import sources, target
from jughpc.app.doctor import visibility
from jughpc.app.status import lives
from jughpc.batch import ends, joined, journal, replacing, submissions
from jughpc.batch.joined import Joined
from jughpc.batch.local import folder as local_folder
from jughpc.batch.local import states
from jughpc.batch.scheduler import Limits, Role, State, Status, Workload
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.errors import JugError
from jughpc.fs import OsFiles
from jughpc.store import death, failure, measures, rescue
from jughpc.store.failure import Failure
from jughpc.store.files import charter
from jughpc.store.location import Folder
from jughpc.testing.clocks import HandClock
from tests.foreign import FOREIGN, lacking, leaves, paths_of, replaced

TOKEN, TASK = "1a2b3c4d", bytes(range(16))
LIFE = f"{TOKEN}-0-0-node1-77-0a1b2c3d"
KEPT = sources._Version("f", 1, "0" * 16)
JOB = Accepted(Role.ARRAY, "12", f"primes-{TOKEN}-0", 8, 0, "0-array.sh")
FAILURE = Failure(
    TASK, "primes.is_prime", "ValueError: no", "Traceback", LIFE, "node1", "slurm:1_2.0", 7.5, 2, TOKEN, 3
)
DEATH = death.Death(TASK, LIFE, death.CRASH, "it died", "node1", "slurm:1_2.0", TOKEN, 2, 1, 5, 1 << 20, 77.0)
END = ends.End("slurm:1_2.0", 1, State.FAILED, "it fell", ("last", "words"), "node1", 7.5)


@dataclass(frozen=True)
class Place:
    """A jugdir with a submission, in which a test puts one file more."""

    files: OsFiles
    root: Path
    submission: submissions.Submission

    def inside(self, name):
        return f"{self.submission.path}/{name}"


@pytest.fixture
def place(tmp_path):
    files, options = OsFiles(tmp_path), ElementOptions(tmp_path)
    work = Workload(("work",), 8, "primes")
    drafted = submissions.draft(files, HandClock(), tmp_path, scheduler="slurm", workload=work, options=options)
    return Place(files, tmp_path, submissions.prepare(files, replace(drafted, token=TOKEN)))


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Attributes:
        write: Writes one as jughpc does; returns its path, relative to the jugdir.
        read: What jughpc makes of it.
        shown: Names of texts that are shown to people, or compared, and nothing else.
        signed: Names of numbers that may be negative.
    """

    write: object
    read: object
    shown: frozenset = frozenset()
    signed: frozenset = frozenset()


def wrote(place, name, text):
    (place.root / name).parent.mkdir(parents=True, exist_ok=True)
    (place.root / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def the_only(place, pattern):
    (found,) = place.root.glob(pattern)
    return found.relative_to(place.root).as_posix()


def write_charter(place):
    fields = {"format": 1, "version": "1.0", "shard_bits": 4, "beat": 15.0, "lag": 60.0, "ttl": 180.0}
    return wrote(place, charter.STORE, json.dumps(fields, indent=1) + "\n")


def write_joined(place):
    known = Joined(Limits(1001, {"version": "20"}), {"qsub": "/usr/bin/qsub"})
    joined.record(place.files, place.submission, "pbs", known)
    return the_only(place, "submissions/1/joined-pbs")


def write_failure(place):
    fields = {**vars(FAILURE), "digest": TASK.hex()}
    return wrote(place, "failure", json.dumps(fields))


def write_end(place):
    path = ends.path_of(place.submission, "0-array", 3)
    ends.tell(place.files, path, END)
    return path


def write_seen(place):
    seen = {0: Status(State.DONE), 1: Status(State.FAILED, "it fell", "node1", END.status.why)}
    journal.record_accepted(place.files, place.submission, JOB)
    ends.keep(place.files, place.submission, JOB, seen)
    return place.inside("ends/0-array.seen.1")


def write_lives(place):
    found = [lives.Life(LIFE, TOKEN, "node1", 3, 1, "died", "it fell")]
    lives._write(place.files, place.submission, found)
    return place.inside("lives.1.json")


def write_report(place):
    return wrote(place, "0.report", json.dumps(vars(visibility.Report(0, "node1", -0.5, True, 50, 0.1, 0.2))))


def write_beat(place):
    return wrote(place, "1.beat", json.dumps({"count": 3, "read": {"0": 2}, "listed": {"0": 2}}))


def look(place):
    memory = visibility.Memory(sent=[0.0, 0.1, 0.2])
    visibility._look(place.files, HandClock(), visibility.Guest(0, 2, "node1", 0.0), memory)
    return memory.read


def write_memory(place):
    wrote(place, "jugfile.py", "import jug")
    jugfile = target.Target(Path("jugfile.py"), Folder(place.root / "jugfile.jugdata"), ("7", "--fast"))
    target.remember(place.root, jugfile, print)
    return target.MEMORY


def write_source(place):
    sources._write(place.files, KEPT, "def f(): ...", [b"abcd"])
    return the_only(place, f"{sources.FOLDER}/*")


def write_rescued(place):
    wrote(place, "kept/rescue.json", json.dumps({"jugdir": "/data/primes.jugdata", "life": LIFE}))
    (place.root / "kept").chmod(0o700)
    return "kept/rescue.json"


def write_replaces(place):
    collector = replace(JOB, role=Role.COLLECT, script="0-collect.sh", size=1)
    journal.record_accepted(place.files, place.submission, collector)
    text = json.dumps({"new": ["0-collect", "1-reduce"], "old": ["2-collect", "3-reduce"], "began": 5.0})
    return wrote(place, place.inside("0.replaces"), text)


def settle(place):
    before = set(place.files.names(place.submission.path))
    replacing.settle(place.files, place.submission, 0.0)
    return sorted(set(place.files.names(place.submission.path)) - before)


def write_supervisor(place):
    process = host.myself()
    return wrote(place, "supervisor.1", states.record_text(process))


def supervisor(place):
    found = states.latest_supervisor(place.files, HandClock())
    return found and {"process": found.process, "host": found.host}


def write_entry(place):
    return wrote(
        place, "0a1b2c3d", json.dumps({"folder": str(place.root / "7" / "local"), "name": "primes", "host": "h"})
    )


def write_intent(place):
    intent = journal.Intent(Role.ARRAY, f"primes-{TOKEN}-0", 8, 0, "0-array.sh", ("11",), "slurm", 7.5)
    journal.record_intent(place.files, place.submission, intent)
    return place.inside("0-array.intent")


def write_never(place):
    journal.settle_as(place.files, place.submission, "0-array", journal.Never("no such queue"))
    return place.inside("0-array.json")


def write_setup(place):
    own = {"setup": ["module load python"], "notify": "mail"}
    return wrote(place, place.inside(submissions.SETUP), json.dumps(own))


def read_setup(place):
    found = submissions.load(place.files, place.root, place.submission.number)
    return found.options.setup, found.meta


def write_rescued_record(place):
    write_intent(place)
    (place.root / place.inside("record.json")).write_text("{")
    return place.inside("0-array.intent")


def write_measures(place):
    """Write the two lines as one text, for each has a checksum of its own."""
    sums = measures.Sums(2, 1, 1.5, 1.0, 0.5, 1.0, 1 << 20, Counter({0: 2}))
    summary = measures.Summary(LIFE, "node1", 7.5, 9.5, 1.0, 1 << 20, {"primes.is_prime": sums})
    slots = [measures.Slot("primes.is_prime", 0, 2.0, 1.5)]
    tasks = [measures.Long("primes.is_prime", "0" * 12, 0.5, 1.0, 1.0, 1 << 20, failed=True)]
    lines = measures.encode(measures.Measures(summary, 1.0, slots, tasks)).splitlines()
    return wrote(place, "measures", json.dumps([json.loads(line.partition(b" ")[2]) for line in lines]))


def read_measures(data):
    lines = json.loads(data)
    found = measures.decode(b"".join(map(measures._line, lines)), LIFE) if isinstance(lines, list) else None
    return found.rows() if found else None


def read_at(name, decode):
    return lambda place: decode((place.root / name).read_bytes())


READERS = {
    "store.failure:decode": Reader(
        write_failure, read_at("failure", lambda data: failure.decode(data, TASK)),
        signed=frozenset({"element", "when", "tries", "deaths"}),
        shown=frozenset({"name", "exception", "trace", "life", "host", "owner", "submission", "call"}),
    ),
    "store.measures:_parsed": Reader(
        write_measures, read_at("measures", read_measures),
        shown=frozenset({"host", "digest", "name", "key of functions"}),
    ),
    "store.death:decode": Reader(
        lambda place: wrote(place, "death", death.encode(DEATH)),
        read_at("death", lambda data: death.decode(data, TASK, LIFE)),
        shown=frozenset({"words", "host", "owner", "submission", "how"}),
        signed=frozenset({"element", "when", "run", "before", "memory"}),
    ),
    "store.files.charter:_decoded": Reader(
        write_charter, lambda place: charter.find_charter(place.files, HandClock(), place.root)
    ),
    "batch.ends:told": Reader(
        write_end, lambda place: ends.told(place.files, place.submission, "0-array", 3),
        shown=frozenset({"owner", "reason", "lines", "host"}), signed=frozenset({"code", "when"}),
    ),
    "batch.ends:_seen": Reader(
        write_seen, lambda place: ends.kept(place.files, place.submission, [JOB]),
        shown=frozenset({"reason", "host", "words", "advice"}),
    ),
    "app.status.lives:_kept": Reader(
        write_lives, lambda place: lives._kept(place.files, place.submission), shown=frozenset({"host", "reason"})
    ),
    "app.doctor.visibility:reports": Reader(
        write_report, lambda place: visibility.reports(place.files), shown=frozenset({"host"}),
        signed=frozenset({"number", "ahead", "won", "read_delay", "listed_delay"}),
    ),
    "app.doctor.visibility:_record": Reader(write_beat, look, signed=frozenset({"1"})),
    "app.context.target:_recall": Reader(
        write_memory, lambda place: target._recall(place.root), shown=frozenset({"args", "jugdir", "jugfile"})
    ),
    "app.context.sources:_read": Reader(
        write_source, lambda place: sources._read(place.files, KEPT),
        shown=frozenset({"text"}),
    ),
    "store.rescue:_whose": Reader(
        write_rescued, lambda place: rescue.whose(place.root / "kept"), shown=frozenset({""})
    ),
    "batch.replacing:_read": Reader(write_replaces, settle),
    "batch.local.states:_read_record": Reader(write_supervisor, supervisor, shown=frozenset({"host"})),
    "batch.local.folder:_entry": Reader(
        write_entry, lambda place: local_folder._entry(place.files, "0a1b2c3d"), shown=frozenset({"name", "host"})
    ),
    "batch.journal:_whole": Reader(
        write_intent, lambda place: journal.open_intents(place.files, place.submission), shown=frozenset({"name"})
    ),
    "batch.joined:_read": Reader(
        write_joined, lambda place: joined.recorded(place.files, place.submission),
        shown=frozenset({"version", "qsub"}),  # which is run as the record's own commands are
    ),
    "batch.journal:_whole, of what never was": Reader(
        write_never, lambda place: journal.entries(place.files, place.submission),
        shown=frozenset({"reason", "damage"}),
    ),
    "batch.submissions:_kept_own": Reader(write_setup, read_setup, shown=frozenset({"", "notify"})),
    "batch.submissions:_from_intents": Reader(
        write_rescued_record, lambda place: submissions.load(place.files, place.root, place.submission.number),
        shown=frozenset({"damage", "name", "token"}),
    ),
}  # fmt: skip

ELSEWHERE = {
    "batch.local.folder:read_job": "batch/local/test_strangers.py",
    "batch.submissions:load": "batch/test_typed.py",
    "store.record:decode": "store/test_record.py",
    "store.redis.charter:read": "store/redis/test_neighbours.py",
    "batch.pbs_answers:as_json": "batch/test_pbs_poll.py",
    "batch.flux_answers:rows": "batch/flux/test_flux.py",
    "batch.local.scheduler:_answer": "batch/local/test_flow.py",
}
"""Readers whose fields a test of their own replaces."""

OF_OURS = {
    "batch.replacing:_chosen": "what is not the one of two words counts as the other",
    "app.calls.commands:answer": "a command of ours, which this process started",
    "jsonfile:read_json": "the one that the others use",
    "batch.staging.interpreter:ask": "an interpreter that this process started",
    "app.run.children:take_up": "what the parent put into the environment",
    "library.io:write_metadata": "what this process wrote a line before",
    "store.lease.process:settle": "a pipe from this process's own child",
}
"""Texts that nobody else can have written, and who did."""


def readers():
    """Yield each function that reads JSON, as MODULE:FUNCTION."""
    root = Path(jughpc.__file__).parent
    for path in sorted(root.rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        if module.startswith(("testing", "importable")):
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and any(_reads(node) for node in ast.walk(function)):
                yield f"{module}:{function.name}"


def _reads(node):
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func) in ("read_json", "jsonfile.read_json", "json.loads", "json.load")


def test_every_reader_has_its_cases():
    known = {name.partition(",")[0] for name in READERS} | ELSEWHERE.keys() | OF_OURS.keys()
    assert set(readers()) == known
    assert [name for name in ELSEWHERE.values() if not (Path(__file__).parent / name).is_file()] == []


def wrong(reader, whole, found):
    """Return what no file of ours would have brought, though `whole` is what one did bring."""
    before = {}
    for name, value in leaves(whole):
        before.setdefault(name, []).append(value)
    return [(name, value) for name, value in leaves(found) if not _is_sane(reader, before.get(name, []), name, value)]


def _is_sane(reader, before, name, value):
    if value in before and type(value) in map(type, before):
        return True
    if isinstance(value, bool):
        return bool in map(type, before)
    if isinstance(value, str):
        return name in reader.shown
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, (int, float)):
        return (
            (value >= 0 or name in reader.signed) and abs(value) < 1 << 63 and type(value) in (int, *map(type, before))
        )
    return value is None or isinstance(value, (bytes, Path)) or not before


@pytest.mark.parametrize("name", READERS)
def test_a_file_with_one_foreign_field_is_none_or_harmless(name, place):
    reader = READERS[name]
    path = place.root / reader.write(place)
    text = path.read_text()
    fields, whole = json.loads(text), reader.read(place)
    assert whole, "a whole one is read"
    for where in paths_of(fields):
        changed = [replaced(fields, where, value) for value in FOREIGN] + [lacking(fields, where)]
        for other in changed:
            path.write_text(json.dumps(other))
            try:
                found = reader.read(place)
            except JugError:
                continue
            assert wrong(reader, whole, found) == [], (where, other)


def test_a_time_that_was_read_is_shown_by_one_function_which_takes_any():
    root = Path(jughpc.__file__).parent
    shown = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if "fromtimestamp(" in path.read_text()]
    assert set(shown) - {"testing/cluster/qsub.py", "testing/cluster/answers.py"} == {"units.py"}
    assert {units.moment(when) for when in (1e18, -1e18, float("nan"), float("inf"))} == {"at no time"}
