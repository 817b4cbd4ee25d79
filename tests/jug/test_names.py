"""Everything that jugfiles take from jug is there, under each of its names the same object."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import jughpc
import jughpc.tasks.task
from jughpc import library
from jughpc.library.utils import identity
from jughpc.tasks import alias
from jughpc.tasks.jugfile import load

NAMES = {
    "jug": "Task Tasklet TaskGenerator iteratetask return_tuple value CachedFunction CompoundTask "
    "CompoundTaskGenerator barrier bvalue set_jugdir init is_jug_running __version__ file_store dict_store redis_store "
    "backends hash hooks io mapreduce options subcommands unsafe utils",
    "jug.task": "Task Tasklet TaskGenerator iteratetask return_tuple value CachedFunction alltasks "
    "recursive_dependencies topological_sort describe",
    "jug.utils": "identity timed_path hash_with_mtime_size CustomHash jug_execute cached_glob glob_sort sync_move "
    "prepare_task_matcher prepare_name_matcher prepare_matcher_from_options add_task_selection_options",
    "jug.mapreduce": "mapreduce map currymap reduce block_access block_access_slice",
    "jug.io": "NoLoad write_task_out write_metadata print_task_summary_table get_terminal_size",
    "jug.unsafe": "NoHash",
    "jug.compound": "CompoundTask CompoundTaskGenerator compound_task_execute",
    "jug.barrier": "barrier bvalue BarrierError",
    "jug.hash": "hash_one hash_update new_hash_object",
    "jug.hooks": "register_hook register_hook_once jug_hook reset_all_hooks",
    "jug.hooks.register": "register_hook register_hook_once jug_hook reset_all_hooks",
    "jug.hooks.exit_checks": "exit_if_file_exists exit_when_true exit_after_n_tasks exit_after_time exit_env_vars",
    "jug.hooks.execution": "register_time_tasks",
    "jug.options": "set_jugdir parse default_options Options read_configuration_file",
    "jug.jug": "init main main_execute execution_loop ExecutionState is_jug_running set_jugdir",
    "jug.subcommands": "SubCommand cmdapi",
    "jug.backends": "file_store dict_store redis_store memoize_store select",
    "jug.backends.base": "base_store base_lock",
    "jug.backends.file_store": "file_store file_keepalive_store",
    "jug.backends.dict_store": "dict_store",
    "jug.backends.redis_store": "redis_store",
    "jug.backends.memoize_store": "memoize_store",
    "jug.backends.select": "select",
    "jug.backends.encode": "encode decode encode_to decode_from",
}


@pytest.fixture
def _served() -> None:
    alias.serve()


@pytest.mark.parametrize("module", ["jug.mapreduce", "jug.utils", "jug.io"])
@pytest.mark.usefixtures("_served")
def test_a_function_that_may_be_a_task_is_named_as_by_jug_and_found_there(module: str) -> None:
    there = vars(importlib.import_module(module))
    functions = [there[name] for name in NAMES[module].split() if inspect.isfunction(there[name])]
    ours = [one for one in functions if one.__code__.co_filename.startswith(str(Path(library.__file__).parent))]
    assert ours
    assert {pickle.loads(pickle.dumps(one)) for one in ours} == set(ours)
    assert {one.__module__ for one in ours} == {module}


@pytest.mark.usefixtures("_served")
@pytest.mark.parametrize("module", NAMES)
def test_jugs_names_can_be_imported_and_are_ours(module: str) -> None:
    there = importlib.import_module(module)
    assert there is importlib.import_module(module.replace("jug", "jughpc.jug", 1))
    for name in NAMES[module].split():
        assert hasattr(there, name), name


@pytest.mark.usefixtures("_served")
def test_importing_the_module_of_barriers_leaves_the_function() -> None:
    jug = importlib.import_module("jug")
    there = importlib.import_module("jug.barrier")
    assert inspect.isfunction(jug.barrier)
    assert there.barrier is jug.barrier


@pytest.mark.usefixtures("_served")
def test_modules_keep_their_own_identity() -> None:
    there = importlib.import_module("jug.task")
    assert there.__name__ == there.__spec__.name == "jughpc.jug.task"


@pytest.mark.usefixtures("_served")
def test_what_jug_does_not_have_cannot_be_imported() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("jug.nothing")
    with pytest.raises(AttributeError, match="'jug' has no attribute 'nothing'"):
        _ = importlib.import_module("jug").nothing


def test_the_list_of_tasks_is_one_list_after_every_load(tmp_path: Path) -> None:
    path = tmp_path / "jugfile.py"
    path.write_text("import jug, jug.task\nbefore = jug.task.alltasks\njug.Task(len, [])\n")
    for _ in range(2):
        space = load(path).space
        assert space["before"] is jughpc.tasks.task.alltasks
        assert len(space["before"]) == 1


REPLACED = """
import jug.task
from pathlib import Path
from jughpc.tasks.jugfile import load
before = jug.task.other
space = load(Path("jugfile.py")).space
import jughpc
print(before, space["jug"].Task is space["jug"].task.Task is jughpc.Task)
"""


def test_another_jug_that_was_imported_before_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "jug").mkdir()
    (tmp_path / "jug" / "__init__.py").write_text("other = True")
    (tmp_path / "jug" / "task.py").write_text("other = True")
    (tmp_path / "jugfile.py").write_text("import jug, jug.task\n")
    command = [sys.executable, "-c", REPLACED]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert out == "True True\n"


def test_modules_that_a_jugfile_imports_and_its_functions_see_our_jug(tmp_path: Path) -> None:
    (tmp_path / "steps_of_work.py").write_text("from jug import TaskGenerator\n@TaskGenerator\ndef f(x): return x\n")
    later = "def later():\n    from jug.utils import identity\n    return identity\n"
    (tmp_path / "jugfile.py").write_text(f"from steps_of_work import f\nt = f(1)\n{later}")
    jugfile = load(tmp_path / "jugfile.py")
    assert [task.name for task in jugfile.tasks] == ["steps_of_work.f"]
    assert jugfile.space["later"]() is identity


def test_our_own_package_has_the_same_names() -> None:
    modules = "backends dict_store file_store hooks io mapreduce options redis_store unsafe utils"
    for name in (*jughpc.__all__, *modules.split()):
        assert getattr(jughpc, name) is getattr(importlib.import_module("jughpc.jug"), name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jughpc.nothing


OWN = """
import sys
import jughpc.hooks.exit_checks, jughpc.backends.base
from jughpc.mapreduce import map
from jughpc.task import alltasks
import jughpc.jug.mapreduce
print(map is jughpc.jug.mapreduce.map, jughpc.mapreduce is jughpc.jug.mapreduce, callable(jughpc.barrier))
print(jughpc.hooks.exit_checks.__spec__.name, "jug" in sys.modules)
"""


def test_jugs_modules_can_be_imported_by_our_own_name_even_where_jug_is_not_served() -> None:
    out = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True, check=True).stdout
    assert out == "True True True\njughpc.jug.hooks.exit_checks False\n"


def test_importing_our_package_imports_its_version_alone() -> None:
    code = "import sys, jughpc; print([name for name in sys.modules if name.startswith('jughpc.')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "['jughpc._version']\n"


def test_counts_are_printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("jughpc.jug.io").print_task_summary_table(None, [("Done", {"f": 1}), ("Lost", {"g": 2})])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["Done", "Lost", "Task", "name"]
    assert lines[2:4] == [["1", "0", "f"], ["0", "2", "g"]]
