"""A jugfile and its store, brought together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.app.context import kept
from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target, Usual, choose, remember
from jughpc.config.settings import Settings
from jughpc.errors import JugdirError, JugfileNotFoundError, SettingError
from jughpc.fs import OsClock
from jughpc.store.location import Folder, Memory
from jughpc.tasks.task import Task

CACHED = """
from jug import TaskGenerator, CachedFunction

@TaskGenerator
def single(i):
    return i

def costly():
    return 6

six = CachedFunction(costly)
one = single(six)
"""


# sessions


def test_a_peek_makes_no_store_and_a_begin_does(lab):
    assert sessions.peek(lab.site).is_new
    assert lab.disk.paths() == []
    assert not sessions.begin(lab.site).is_new
    assert lab.store.shards == 1


def test_a_store_that_is_there_is_opened(lab):
    lab.begin().done(b"x" * 16)
    session = sessions.peek(lab.site)
    assert not session.is_new
    assert not session.store.missing([b"x" * 16])


def test_what_was_computed_while_loading_is_kept_when_the_store_is_made(labs):
    lab = labs(text=CACHED)
    peeked = sessions.peek(lab.site)
    (digest,) = peeked.store.look(0).done
    settled = sessions.settle(peeked)
    assert settled.store.get(digest) == 6
    assert lab.store.get(digest) == 6
    assert Task.store.results is settled.store


def test_to_settle_twice_changes_nothing(lab):
    session = sessions.begin(lab.site)
    assert sessions.settle(session) is session


def test_a_store_in_memory_needs_no_making(lab):
    site = replace(lab.site, target=replace(lab.site.target, location=Memory()))
    session = sessions.begin(site)
    assert session.is_new
    assert Task.store.results is session.store


def test_a_store_is_made_with_the_pace_of_the_settings_and_fit_for_the_tasks(labs):
    text = "from jug import TaskGenerator\nf = TaskGenerator(abs)\nxs = [f(i) for i in range(2000)]\n"
    lab = labs(text=text, settings=Settings(beat=1.0, lag=2.0, ttl=8.0))
    sessions.begin(lab.site)
    assert (lab.store.pace.beat, lab.store.pace.lag, lab.store.pace.ttl) == (1.0, 2.0, 8.0)
    assert lab.store.shards > 1


def test_a_load_past_a_barrier_keeps_the_store(labs):
    text = "from jug import TaskGenerator, barrier\nf = TaskGenerator(abs)\nx = f(1)\nbarrier()\ny = f(2)\n"
    lab = labs(text=text)
    session = sessions.begin(lab.site)
    lab.done(*lab.digests("abs"), value=1)
    again = sessions.again(session)
    assert (len(again.jugfile.tasks), again.jugfile.barrier, again.store) == (2, False, session.store)


def test_a_jugfile_that_chooses_another_jugdir_than_the_commands_is_refused(lab, tmp_path):
    lab.jugfile.write_text(f"from jug import set_jugdir\nset_jugdir({str(tmp_path / 'own')!r})\n{lab.text}")
    with pytest.raises(JugdirError, match="own"):
        sessions.peek(lab.site)


def test_a_jugfile_that_chooses_a_store_of_its_own_making_is_refused(lab):
    lab.jugfile.write_text(f"from jug.task import Task\n{lab.text}\nTask.store = {{}}\n")
    with pytest.raises(JugdirError, match="a dict"):
        sessions.peek(lab.site)


def test_a_jugfile_that_makes_a_new_store_in_memory_at_each_load_is_refused_at_the_second(lab):
    lab.jugfile.write_text(
        "from jug import set_jugdir\nfrom jug.task import Task\nfrom jughpc.app.context.session import as_it_is\n"
        f"from jughpc.store.location import Memory\nTask.store = as_it_is(Memory())\n{lab.text}"
    )
    session = sessions.begin(replace(lab.site, target=replace(lab.site.target, location=Memory())))
    with pytest.raises(JugdirError, match="set_jugdir"):
        sessions.again(session)


def test_the_jugdir_that_a_jugfile_chooses_itself_is_found_out(lab, tmp_path):
    own = tmp_path / "own"
    lab.jugfile.write_text(f"from jug import set_jugdir\nset_jugdir({str(own)!r})\n{lab.text}")
    assert sessions.with_own_jugdir(lab.site.target).location == Folder(own)


def test_a_jugfile_that_cannot_choose_is_not_loaded_to_know(lab):
    run = lab.tmp_path / "was run"
    lab.jugfile.write_text(f"__import__('pathlib').Path({str(run)!r}).touch()\n")
    target = lab.site.target
    assert sessions.with_own_jugdir(target) is target
    assert not run.exists()
    missing = replace(lab.site.target, jugfile=Path("nosuch.py"))
    assert sessions.with_own_jugdir(missing) is missing


# sites


def test_a_site_opens_its_store_once(lab):
    lab.begin()
    site = lab.site
    assert site.store() is site.store()
    assert site.make(5) is site.store()


def test_a_site_without_a_store_has_none_until_it_is_made(lab):
    site = lab.site
    assert site.store() is None
    assert site.make(5) is site.store()


def test_a_lease_that_a_block_was_given_is_ended_behind_it_also_by_an_error(lab):
    site, lives = lab.begin().site, []

    def work():
        with site.leasing() as lease:
            lease.begin(site.store())
            lives.extend(lab.store.records())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert (len(lives), lab.store.records()) == (1, [])


def test_a_folder_has_a_lease_that_a_process_beats_for(tmp_path):
    site = Site(Target(Path("x.py"), Folder(tmp_path / "jugdir")), Settings(), OsClock(), print)
    with site.leasing() as lease:
        lease.begin(store := site.make(1))
        (record,) = store.records()
        assert record.life == lease.record.life
    assert store.records() == []


# targets


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_named_is_taken(here):
    found = choose(here, "a/b.py", None, ["x"], Usual())
    assert (found.jugfile, found.args, found.chosen) == (Path("a/b.py"), ("x",), "")
    assert found.location == Folder(here / "a" / "b.jugdata")


def test_what_was_used_last_is_taken_again_with_its_arguments_unless_others_are_given(here):
    (here / "a.py").touch()
    remember(here, Target(Path("a.py"), Folder(here / "x", "x"), ("1",)), print)
    found = choose(here, None, None, (), Usual())
    assert (found.jugfile, found.location, found.args) == (Path("a.py"), Folder(here / "x"), ("1",))
    assert found.chosen
    assert choose(here, None, None, ("2",), Usual()).args == ("2",)


def test_a_jugfile_that_is_gone_is_not_remembered(here):
    (here / "jugfile.py").touch()
    remember(here, Target(Path("a.py"), Folder(here / "x", "x")), print)
    assert choose(here, None, None, (), Usual()).jugfile == Path("jugfile.py")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"jugfile": "a.py"}', '{"jugfile": "a.py", "jugdir": "x", "args": 3}']
)
def test_a_damaged_memory_is_none(here, text):
    (here / "a.py").touch()
    (here / ".jughpc").write_text(text)
    with pytest.raises(JugfileNotFoundError):
        choose(here, None, None, (), Usual())


def test_what_could_be_meant_is_listed_in_order(here):
    for name, text in (("b.py", "from jug import Task"), ("a.py", "import jughpc"), ("c.py", "import os")):
        (here / name).write_text(text)
    with pytest.raises(JugfileNotFoundError, match=r"a\.py, b\.py\. Name one: jughpc COMMAND a\.py"):
        choose(here, None, None, (), Usual())


def test_a_folder_without_a_jugfile_says_so(here):
    with pytest.raises(JugfileNotFoundError, match="no jugfile in"):
        choose(here, None, None, (), Usual())


def test_the_date_is_filled_in_and_nothing_else(here):
    usual = Usual(jugdir="%(date)s/%(jugfile)s", date="2026-11-26")
    assert choose(here, "a.py", None, (), usual).location == Folder(here / "2026-11-26" / "a")
    with pytest.raises(SettingError, match="only"):
        choose(here, "a.py", "%(nosuch)s", (), usual)


def test_a_folder_that_cannot_be_written_to_has_no_memory(here):
    remember(here / "nosuch", Target(Path("a.py"), Folder(here)), print)


# manifests


def test_one_that_is_damaged_is_removed_so_that_the_next_load_keeps_it_anew(lab):
    lab.begin()
    key = kept.key_of(lab.site.target, lab.jugfile.read_bytes())
    (name,) = lab.files.names("manifest")
    lab.files.save(f"manifest/{name}", [b"PK not really"])
    assert kept.latest(lab.files, key) is None
    assert lab.files.names("manifest") == []


@pytest.fixture
def loaded(lab):
    """Return what keeps the first N tasks of a load that was done at some time; and what is found of all these."""
    lab.begin()
    key = kept.key_of(lab.site.target, lab.jugfile.read_bytes())
    whole = kept.latest(lab.files, key)
    (first,) = lab.files.names("manifest")
    lab.files.remove(f"manifest/{first}")

    def keep(count, when, *, barrier=False):
        cut = {"kinds": whole.kinds[:count], "digests": whole.digests[:count], "starts": whole.starts[: count + 1]}
        cut |= {"needs": whole.needs[: whole.starts[count]]}
        part = replace(whole, **cut, barrier=barrier)
        kept.keep(lab.files, kept.Load(key, part.digests.tobytes(), barrier, when), part.columns, "t")

    def found():
        latest = kept.latest(lab.files, key)
        return len(latest), latest.since

    return keep, found, lambda: len(lab.files.names("manifest"))


def test_of_several_loads_the_latest_is_found_with_its_time_whatever_it_brought(loaded):
    keep, found, _ = loaded
    for count, when in ((4, 10.0), (2, 20.25), (3, 20.5)):
        keep(count, when)
        assert found() == (count, when)


def test_a_load_that_brings_what_one_before_the_latest_brought_becomes_the_latest(loaded):
    keep, found, files = loaded
    for count, when in ((4, 10.0), (2, 20.0), (4, 30.0)):
        keep(count, when)
    assert (found(), files()) == ((4, 30.0), 2)


def test_a_load_that_brings_the_same_again_writes_nothing(loaded, lab):
    keep, found, _ = loaded
    keep(4, 10.0)
    lab.orders.calls.clear()
    keep(4, 20.0)
    assert (found(), {verb for verb, _ in lab.orders.calls} & {"write", "rename"}) == ((4, 10.0), set())


def test_who_ends_at_a_barrier_that_others_have_passed_does_not_hide_what_they_found(loaded):
    keep, found, _ = loaded
    for count, when, barrier in ((2, 10.0, True), (4, 20.0, False), (2, 30.0, True)):
        keep(count, when, barrier=barrier)
    assert found() == (4, 20.0)


def test_a_load_past_a_barrier_behind_which_nothing_comes_is_another(loaded, lab):
    keep, found, _ = loaded
    keep(4, 10.0, barrier=True)
    keep(4, 20.0)
    assert found() == (4, 20.0)


def test_of_a_jugfile_whose_tasks_differ_at_each_load_a_few_are_kept(loaded):
    keep, found, files = loaded
    for count in range(1, 9):
        keep(count, float(count))
    assert (found(), files()) == ((8, 8.0), 4)


def test_arguments_make_another_load(lab):
    given = [replace(lab.site.target, args=args) for args in ((), ("a",), ("b",), ("a", "b"), ("ab",))]
    keys = {kept.key_of(target, lab.jugfile.read_bytes()) for target in given}
    assert len(keys) == 5


def test_one_of_an_older_version_is_found_until_there_is_another(lab):
    lab.begin()
    key = kept.key_of(lab.site.target, lab.jugfile.read_bytes())
    (name,) = lab.files.names("manifest")
    lab.files.rename(f"manifest/{name}", f"manifest/{key}.9.npz")
    assert kept.latest(lab.files, key).since == 0.0
    lab.begin()
    assert kept.latest(lab.files, key).since > 0


def test_a_folder_without_manifests_has_none(lab):
    assert kept.of_any(lab.files) is None
    assert kept.latest(lab.files, "0" * 32) is None
