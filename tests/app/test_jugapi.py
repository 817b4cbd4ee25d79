"""What jug's users call from Python: shells, loops in scripts, stores by name, results that jug left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jughpc.app.context import session as sessions
from jughpc.app.context.jugstore import NamedStore, digest_of
from jughpc.app.jugapi.api import set_jugdir
from jughpc.app.jugapi.import_jug import import_jug
from jughpc.app.jugapi.inline import run_tasks
from jughpc.app.jugapi.shell import names
from jughpc.errors import BusyError, JugdirError, UsageError
from jughpc.store.location import Memory
from jughpc.store.memory import MemoryStore
from jughpc.tasks.task import Task
from jughpc.testing.simlocation import still_lease

DATA = Path(__file__).parent.parent / "data" / "jug"


# the shell


@pytest.fixture
def shell(lab):
    """Return what gives the names of a shell on the lab's jugfile, as it stands now."""

    def begin():
        site = lab.site
        return names(site, still_lease(site.location, site.clock))

    return begin


def test_a_shell_has_the_names_of_the_jugfile_and_none_of_pythons(lab, shell):
    space = shell()
    assert {"whole", "singles", "value", "load_all", "get_tasks", "get_filtered_tasks", "invalidate"} <= space.keys()
    assert not any(name.startswith("__") for name in space)


def test_load_all_puts_results_in_the_place_of_tasks_as_far_as_they_are_there(lab, shell):
    lab.begin().done(*lab.digests("single"), value=3)
    space = shell()
    space["load_all"]()
    assert space["singles"] == [3, 3, 3, 3]
    assert isinstance(space["whole"], Task)


def test_names_that_the_user_deleted_are_not_loaded(lab, shell):
    lab.begin().all_done()
    space = shell()
    del space["whole"]
    space["load_all"]()
    assert "whole" not in space


def test_tasks_are_filtered_by_how_they_stand(lab, shell):
    one, two, three, four = lab.begin().digests("single")
    lab.done(one, two).failed(three)
    space = shell()
    found = space["get_filtered_tasks"]
    doubles = lab.digests("double")
    assert {task.digest for task in found(loadable=True)} == {one, two}
    assert {task.digest for task in found(failed=True)} == {three}
    assert {task.digest for task in found(available=True)} == {four, *doubles[:2]}
    assert found() == []
    assert len(found(loadable=True, failed=True, available=True)) == 6
    assert len(space["get_tasks"]()) == 9


def test_a_shell_invalidates_a_task_with_what_depends_on_it_and_holds_nothing_after(lab, shell):
    lab.begin().all_done()
    space = shell()
    assert space["value"](space["doubles"][0]) == 0
    assert space["invalidate"](space["singles"][0]) == 3
    assert len(lab.store.missing(lab.all())) == 3
    assert lab.store.look(0).claims == {}
    assert not space["doubles"][0].is_loaded()
    lab.orders.calls.clear()
    assert space["invalidate"](space["singles"][1]) == 2
    assert not any(path.startswith("workers/") for call, path in lab.orders.calls if call == "create")


def test_a_shell_without_a_store_has_nothing_to_invalidate(lab, shell):
    space = shell()
    assert space["invalidate"](space["singles"][0]) == 0
    assert lab.disk.paths() == []


def test_a_shell_waits_for_the_living_for_a_while_and_then_gives_up(lab, shell):
    digest = lab.begin().digests("single")[0]
    lab.life().claim(digest)
    space = shell()
    with pytest.raises(BusyError):
        space["invalidate"](space["singles"][0])
    assert 20 <= lab.clock.now() < 22


# loops in scripts


def loop(tasks, **how):
    said = []
    options = {"keep_going": False, "retry_failed": True, "debug": False, **how}
    return run_tasks(tasks, say=said.append, **options)


def half(x):
    return 1 / x


def more(x):
    return x + 1


@pytest.fixture
def chosen():
    """Return a store in memory that was chosen for tasks."""
    Task.store = NamedStore(Memory(), MemoryStore())
    return Task.store


def test_a_loop_runs_tasks_and_all_they_need(chosen):
    last = Task(more, Task(more, 1))
    assert loop([last]) == (set(), [])
    assert last.value() == 3


def test_a_loop_raises_what_a_task_raised(chosen):
    with pytest.raises(ZeroDivisionError):
        loop([Task(half, 0)])


def test_a_loop_that_is_to_keep_going_returns_what_failed_and_what_has_no_result(chosen):
    bad, good = Task(half, 0), Task(half, 2)
    waiting = Task(more, bad)
    failed, left = loop([bad, waiting, good], keep_going=True)
    assert failed == {bad}
    assert left == [bad, waiting]
    assert good.value() == 0.5


def test_what_failed_before_is_run_again_only_if_that_was_asked_for(chosen):
    bad = Task(half, 0)
    loop([bad], keep_going=True)
    assert loop([bad], keep_going=False, retry_failed=False) == ({bad}, [bad])
    with pytest.raises(ZeroDivisionError):
        loop([bad], retry_failed=True)


def test_a_store_without_claims_is_refused(chosen):
    Task.store = MemoryStore()
    with pytest.raises(JugdirError, match="MemoryStore"):
        loop([Task(more, 1)])


# choosing a jugdir


def test_a_jugdir_that_was_chosen_already_is_not_opened_again(tmp_path):
    first = set_jugdir(str(tmp_path / "x"))
    assert set_jugdir(str(tmp_path / "x")) is first
    assert set_jugdir(str(tmp_path / "y")) is not first


def test_what_is_no_text_is_taken_for_a_store(tmp_path):
    own = MemoryStore()
    assert set_jugdir(own) is own is Task.store


# stores by name


@pytest.fixture
def named(lab):
    lab.begin()
    return NamedStore(lab.location, lab.store)


def test_results_come_and_go_by_name(named):
    name = b"a" * 32
    assert not named.can_load(name)
    named.dump(5, name)
    assert (named.can_load(name), named.load(name.decode()), named.list()) == (True, 5, [name])
    assert named.remove(name)
    assert not named.remove(name)
    assert not named.can_load(name)


def test_a_cleanup_by_script_keeps_the_results_of_active_tasks(lab, named):
    lab.all_done().done(b"x" * 16)
    lab.failed(b"y" * 16)
    tasks = sessions.peek(lab.site).jugfile.tasks
    assert named.cleanup(tasks, keeplocks=True) == 1
    assert lab.store.failure(b"y" * 16)
    assert named.cleanup(tasks) == 0
    assert lab.store.failure(b"y" * 16) is None
    assert not lab.store.missing(lab.all())


def test_locks_are_claims_of_tasks_and_failures(lab, named):
    one, two = lab.digests("single")[:2]
    lab.failed(one).life().claim(two).claim(b"")
    assert set(named.listlocks()) == {one.hex().encode(), two.hex().encode()}
    assert named.remove_locks() == 1


@pytest.mark.parametrize("name", ["", "x" * 32, "ab", b"\xff" * 32, "a" * 31])
def test_what_names_no_result_is_refused(name):
    with pytest.raises(UsageError, match="names no result"):
        digest_of(name)


def test_a_name_of_jugs_own_is_pointed_to_the_import():
    with pytest.raises(UsageError, match="import-jug"):
        digest_of("a" * 40)
    with pytest.raises(UsageError) as error:
        digest_of("a" * 30)
    assert "import-jug" not in str(error.value)


# what jug computed


@pytest.fixture
def old(labs):
    lab = labs(text=(DATA / "old.py").read_text())
    lab.jugfile = lab.tmp_path / "old.py"
    lab.jugfile.write_text(lab.text)
    return lab


@pytest.mark.parametrize("kind", ["files", "packed"])
def test_what_jug_computed_is_taken_over_and_counted(old, kind):
    done = import_jug(old.site, DATA / kind, empty_is_none=True)
    assert done.taken.total() == 18
    assert done.ambiguous.total() == 2
    assert done.unreadable == []
    assert len(old.store.look(0).done) == 18


def test_a_second_import_finds_all_there(old):
    import_jug(old.site, DATA / "files", empty_is_none=True)
    done = import_jug(old.site, DATA / "files", empty_is_none=True)
    assert (done.taken.total(), done.there.total()) == (0, 18)


def test_an_empty_file_is_unreadable_unless_it_is_said_to_be_none(old):
    done = import_jug(old.site, DATA / "files")
    assert done.taken.total() == 17
    (line,) = done.unreadable
    assert line.startswith("old.nothing")


def test_results_of_no_task_are_counted(old, tmp_path):
    shutil.copytree(DATA / "files", tmp_path / "jugs")
    (tmp_path / "jugs" / "ab").mkdir(exist_ok=True)
    (tmp_path / "jugs" / "ab" / ("0" * 38)).write_bytes(b"x")
    assert import_jug(old.site, DATA / "files").unclaimed == 2
    assert import_jug(old.site, tmp_path / "jugs").unclaimed == 3


def test_a_barrier_is_passed_once_the_results_before_it_were_taken(old):
    text = old.jugfile.read_text()
    old.jugfile.write_text(f"{text}\nfrom jug import barrier, Task\nbarrier()\nTask(abs, 4321)\n")
    done = import_jug(old.site, DATA / "files", empty_is_none=True)
    assert done.absent.total() >= 0
    assert done.taken.total() == 18


def test_a_folder_without_results_of_jugs_makes_no_store(old, tmp_path):
    with pytest.raises(JugdirError, match="holds no results of jug's"):
        import_jug(old.site, tmp_path)
    assert old.disk.paths() == []
