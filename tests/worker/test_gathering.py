"""Small files of a shard are made one while workers run; what is large, or held by others, stays."""

from __future__ import annotations

import pytest

from jughpc.fs import OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.worker import runner

TASKS = 200

ONE_BY_ONE = f"""
@TaskGenerator
def some(i):
    runs.append(i)
    clock.sleep(0.06)
    return WHAT

tasks = [some(i) for i in range({TASKS})]
"""

ROWS = """
@TaskGenerator
def note(above, i):
    return i

row = [note([], i) for i in range(5)]
for n in range(1, 40):
    row = [note([row[i - 1], row[i]], (n, i)) for i in range(5)]
"""


def files(bench):
    return [name for name in bench.names() if name.endswith(".pack") or len(name) == 32]


def values(worker, bench):
    return [bench.store.get(digest) for digest in worker.graph.digests]


def test_results_of_tasks_that_are_claimed_one_by_one_end_in_one_file(bench):
    worker = bench.worker(ONE_BY_ONE.replace("WHAT", "i"))
    most = []
    worker.space["clock"] = Watched(bench.clock, lambda: most.append(len(files(bench))))
    worker.run()
    assert (len(files(bench)), max(most)) == (1, runner.MANY_SINGLES)
    assert values(worker, bench) == list(range(TASKS))


class Watched:
    """The bench's clock, for tasks; each look of theirs at it is one at the files, too."""

    def __init__(self, clock, look):
        self._clock, self._look = clock, look

    def sleep(self, seconds):
        self._look()
        self._clock.sleep(seconds)


def test_rows_that_need_each_other_leave_few_files_on_the_way_and_one_at_the_end(bench, short):
    worker = bench.worker(ROWS, short())
    worker.run()
    assert len(files(bench)) == 1
    assert len(values(worker, bench)) == 200


def test_each_row_costs_a_shard_one_claim_and_its_files_are_not_copied_time_and_again(bench, short):
    files = Traffic(bench.files.root)
    bench.open(1, files)
    worker = bench.worker(ROWS.replace("40", "80"), short())
    worker.run()
    claims = [name for name in files.made if "shard.claim" in name]
    packs = sum(int.from_bytes(head[8:12], "little") for head in files.heads)
    assert (len(claims) <= 2 * 80 + 2, packs < 5 * 400) == (True, True)


class Traffic(OsFiles):
    """The real files, and what was made of them."""

    def __init__(self, root):
        super().__init__(root)
        self.made, self.heads = [], []

    def link(self, old, new):
        self.made.append(new)
        super().link(old, new)

    def save(self, path, parts):
        self.heads += [bytes(parts[0])] if path.startswith("shards/") else []
        super().save(path, parts)


class Fuller(FileStore):
    """A store whose shards hold almost as many files more as make a listing a burden."""

    def scattered(self, shard):
        return super().scattered(shard) + runner.MANY_LONG - 10


def test_long_tasks_are_gathered_once_a_listing_of_them_is_a_burden(bench):
    store = Fuller(bench.files, bench.clock, Layout(0), Pace(), lambda record: False)
    text = ONE_BY_ONE.replace("WHAT", "i").replace("0.06", str(runner.LONG)).replace("200", "15")
    bench.worker(text, store=store).run()
    assert len(files(bench)) == 15 - 10 + 1


def test_large_results_stay_where_they_are(bench):
    large = f"__import__('os').urandom({runner.GATHERED})"
    bench.worker(ONE_BY_ONE.replace("WHAT", large).replace("200", "70")).run()
    assert len(files(bench)) == 70


def test_tasks_that_take_long_are_not_gathered(bench):
    bench.worker(ONE_BY_ONE.replace("WHAT", "i").replace("0.06", str(runner.LONG)).replace("200", "70")).run()
    assert len(files(bench)) == 70


@pytest.mark.parametrize("answers", [[False], [True, False]], ids=["before the new file", "before the old ones go"])
def test_who_no_longer_holds_the_shard_removes_nothing(bench, answers):
    for byte in b"ab":
        bench.store.put(bytes([byte]) * 16, byte)
    replies = iter(answers + [False] * 9)
    bench.store.pack(0, "life-9", is_ours=lambda: next(replies))
    assert [bench.store.get(bytes([byte]) * 16) for byte in b"ab"] == list(b"ab")
    assert {name for name in files(bench) if len(name) == 32} == {(bytes([byte]) * 16).hex() for byte in b"ab"}


def test_a_life_may_gather_a_shard_again_and_again(bench):
    for byte in range(1, 9):
        bench.store.put(bytes([byte]) * 16, byte)
        bench.store.pack(0, "life-9")
    assert len(files(bench)) == 1
    assert [bench.store.get(bytes([byte]) * 16) for byte in range(1, 9)] == list(range(1, 9))
