"""Which jugfile a command means when none is named."""


def test_the_jugfile_last_executed_here_is_taken_and_named(three):
    three.write("jugfile.py", "import jug\n")
    three("execute", "three.py", "--jugdir", "elsewhere")
    done = three("status", "--short")
    assert done.stdout == "All tasks complete (3 tasks).\n"
    assert done.stderr == "jughpc: three.py, the one last used in this folder\n"
    assert three("check").returncode == 0


def test_a_jugfile_that_could_not_be_loaded_is_not_remembered(three):
    three.write("raises.py", "1 / 0\n")
    three("execute", "three.py")
    three("execute", "raises.py")
    assert "three.py" in three("status").stderr


def test_jugfile_py_is_taken_where_nothing_was_used_yet(three):
    (three.cwd / "three.py").rename(three.cwd / "jugfile.py")
    done = three("execute", "--short")
    assert "Executed:  3 tasks" in done.stdout
    assert "jugfile.py, the usual name" in done.stderr
    assert (three.cwd / "jugfile.jugdata").is_dir()


def test_a_remembered_jugfile_that_is_gone_is_not_taken(three):
    three("execute", "three.py")
    (three.cwd / "three.py").rename(three.cwd / "other.py")
    done = three("status")
    assert (done.returncode, "which jugfile? Found" in done.stderr, "other.py" in done.stderr) == (2, True, True)


def test_where_several_could_be_meant_they_are_listed(three):
    three.write("other.py", "from jug import TaskGenerator\n")
    three.write("script.py", "print('no jugfile')\n")
    done = three("execute")
    assert done.returncode == 2
    assert "other.py, three.py" in done.stderr
    assert "script.py" not in done.stderr


def test_where_there_is_none_at_all_that_is_said(jughpc):
    done = jughpc("status")
    assert (done.returncode, "there is no jugfile in" in done.stderr) == (2, True)


def test_what_stands_behind_the_dashes_is_the_jugfiles_own_and_is_remembered(jughpc):
    jughpc.write("own.py", "import sys\nfrom jug import Task\nt = [Task(len, a) for a in sys.argv[1:]]\n")
    assert "Executed:  2 tasks" in jughpc("execute", "own.py", "--short", "--", "--level", "2").stdout
    assert jughpc("status", "--short").stdout == "All tasks complete (2 tasks).\n"


def test_the_jugdirs_name_is_filled_in(three):
    three("execute", "three.py", "--jugdir", "%(jugfile)s-%(date)s")
    assert [name for name in three.names() if name.startswith("three-20")]
