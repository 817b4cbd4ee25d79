"""Every mistake gets one clear message and exit code 2, never a traceback of ours, and leaves nothing half made."""

from __future__ import annotations

import pytest

MISTAKES = [
    ("execute nosuch.py", "No jugfile nosuch.py; near it: three.py"),
    ("status nosuch.py", "No jugfile nosuch.py"),
    ("submit nosuch.py --array 2", "No jugfile nosuch.py"),
    ("sleep-until nosuch.py", "No jugfile nosuch.py"),
    ("execute .", ". is a folder"),
    ("submit three.py --nosuch", "No such option"),
    ("submit three.py --array 0", "0 is less than 1"),
    ("submit three.py --array x", "'x' is neither a whole number nor auto"),
    ("submit three.py --time soon", "'soon' is no time"),
    ("submit three.py --time 90", "'90' has no unit"),
    ("submit three.py --time=-5m", "is no time"),
    ("submit three.py --mem lots", "'lots' is no memory size"),
    ("submit three.py --mem 4000", "'4000' is no memory size"),
    ("submit three.py --scheduler nosuch", "There is no scheduler 'nosuch'"),
    ("submit three.py --reduce nosuch.py", "there is no reduce script nosuch.py"),
    ("submit three.py --templates nosuch", "there is no folder"),
    ("submit three.py --jugdir a%(nosuch)s", "only %(jugfile)s and %(date)s"),
    ("submit three.py --jugdir dict_store", "the jugdir is dict_store, and this needs a folder"),
    ("execute three.py --jugdir /proc/nosuch/x", "the jugdir /proc/nosuch/x cannot be used"),
    ("submit three.py --jugdir /proc/nosuch/x", "the jugdir /proc/nosuch/x cannot be used"),
    ("execute three.py --jugdir three.py", "is a file"),
    ("execute three.py --jugdir file_keepalive:x", "no kind of jugdir begins with 'file_keepalive:'"),
    ("status three.py --jugdir mysql://me:secret@db/x", "no kind of jugdir begins with 'mysql:'"),
    ("doctor --jugdir redis://h", "the jugdir is a redis server, and this needs a folder"),
    ("status three.py --jugdir three.py/below", "is a file, or lies below one"),
    ("status three.py --jugdir redis:nosuch", "that is no redis address"),
    ("execute three.py --jugdir dict_store:three.py", "the file three.py is no whole store"),
    ("reduce three.py --script nosuch.py", "no reduce script can be read from nosuch.py"),
    ("collect three.py --submission 5", "there is no store in three.jugdata"),
    ("excute three.py", "there is no command 'excute'; did you mean execute"),
    ("cleanup three.py --nosuch", "No such option"),
    ("invalidate three.py --name typo", "no task of three.py was chosen; there are three.double (2), three.add (1)"),
    ("status --watch three.py", "Before a jugfile, write --watch=5."),
    ("submit three.py 64", "64 is taken for an argument of the jugfile. For that many elements: --array 64"),
]


@pytest.mark.parametrize(("line", "words"), MISTAKES)
def test_a_mistake_is_told_in_one_message_and_leaves_nothing_behind(three, line, words):
    done = three(*line.split())
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.startswith("jughpc: ")
    assert len(done.stderr.splitlines()) <= 2
    assert three.names() == {"three.py"}


@pytest.mark.parametrize("command", ["execute", "status"])
def test_a_server_that_does_not_answer_is_a_fault_of_the_world_told_in_one_line(three, command):
    done = three(command, "three.py", "--jugdir", "redis://127.0.0.1:1", JUGHPC_PATIENCE="0")
    assert done.returncode == 1
    assert done.stderr.startswith("jughpc: the redis server at redis://127.0.0.1:1/0?namespace=three-")
    assert (len(done.stderr.splitlines()), three.names()) == (1, {"three.py"})


@pytest.mark.parametrize("command", ["execute", "status", "submit", "check"])
def test_a_jugfile_that_raises_shows_its_own_traceback_and_our_one_line(jughpc, command):
    jughpc.write("raises.py", "def helper():\n    return 1 / 0\n\nhelper()\n")
    done = jughpc(command, "raises.py")
    assert done.returncode == 2
    assert 'raises.py", line 2, in helper' in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    ours = [line for line in done.stderr.splitlines() if "jughpc" in line]
    assert ours == [f"jughpc: {jughpc.cwd}/raises.py could not be run to its end: it raised the error above."]
    assert jughpc.names() == {"raises.py"}


def test_a_syntax_error_in_a_jugfile_is_shown_as_python_shows_it(jughpc):
    jughpc.write("bad.py", "def (\n")
    done = jughpc("execute", "bad.py")
    assert (done.returncode, "SyntaxError" in done.stderr) == (2, True)
    assert jughpc.names() == {"bad.py"}


@pytest.mark.parametrize("command", ["execute", "status", "submit"])
def test_a_lazy_map_gets_told_to_become_a_list(jughpc, command):
    jughpc.write("lazy.py", "from jug import TaskGenerator\nf = TaskGenerator(abs)\nall_of_it = map(f, range(3))\n")
    done = jughpc(command, "lazy.py")
    assert done.returncode == 2
    assert "`all_of_it` is a lazy map" in done.stderr
    assert "list(...)" in done.stderr
    assert jughpc.names() == {"lazy.py"}


def test_a_jugfile_that_cannot_be_read_as_a_file_of_tasks_is_refused_by_submit(jughpc):
    jughpc.write("empty.py", "x = 1\n")
    done = jughpc("submit", "empty.py")
    assert (done.returncode, "defines no task" in done.stderr) == (2, True)
    assert jughpc.names() == {"empty.py"}


@pytest.mark.parametrize("command", ["execute", "status", "submit", "cleanup --locks-only"])
def test_a_folder_of_something_else_is_left_alone(three, command):
    notes = three.cwd / "notes"
    notes.mkdir()
    (notes / "notes.txt").write_text("mine")
    done = three(*command.split(), "three.py", "--jugdir", "notes")
    assert done.returncode == 2
    assert "belongs to something else: it holds notes.txt" in done.stderr
    assert [path.name for path in notes.iterdir()] == ["notes.txt"]


def test_a_jugdir_of_jugs_is_recognised(three):
    (three.cwd / "old" / "locks").mkdir(parents=True)
    done = three("execute", "three.py", "--jugdir", "old")
    assert (done.returncode, "was written by jug" in done.stderr) == (2, True)


def test_a_line_break_in_a_setup_line_leaves_nothing_behind(three):
    done = three("submit", "three.py", "--scheduler", "local", "--setup", "a\nb")
    assert (done.returncode, "line break" in done.stderr) == (2, True)
    assert three.names() == {"three.py"}


def test_a_scheduler_that_refuses_leaves_no_jugdir_behind(three):
    refusal = "sbatch: error: invalid partition specified: nosuch"
    three.write("sbatch", f"#!/bin/sh\necho '{refusal}' >&2\nexit 1\n").chmod(0o755)
    there = three.names()
    path = f"{three.cwd}:{three.environ['PATH']}"
    done = three("submit", "three.py", "--partition", "nosuch", "--scheduler", "slurm", PATH=path)
    assert done.returncode == 2
    assert "invalid partition specified: nosuch" in done.stderr
    assert "submissions/1/0-array.sh" in done.stderr
    assert three.names() == there


def test_a_scheduler_that_refuses_leaves_a_jugdir_with_results_as_it_was(three):
    three.write("sbatch", "#!/bin/sh\necho refused >&2\nexit 1\n").chmod(0o755)
    three("execute", "three.py")
    three.write("sum.py", "")
    words = ("submit", "three.py", "--reduce", "sum.py", "--scheduler", "slurm")  # the reduce is all that is left to do
    done = three(*words, PATH=f"{three.cwd}:{three.environ['PATH']}")
    assert done.returncode == 2
    assert three("check", "three.py").returncode == 0


def test_a_bad_setting_is_named_with_its_file(three):
    three.write("jughpc.yaml", "partitoin: long\n")
    done = three("submit", "three.py")
    assert done.returncode == 2
    assert "jughpc.yaml: there is no setting 'partitoin'; did you mean partition" in done.stderr


def test_without_arguments_the_usage_is_shown(jughpc):
    done = jughpc()
    assert (done.returncode, done.stdout.startswith("Usage: jughpc")) == (2, True)


def test_a_closed_pipe_is_no_traceback(three):
    import subprocess

    shown = subprocess.run(
        " ".join([*three.argv("status", "three.py"), "| true"]),
        cwd=three.cwd, env=three.environ, shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in shown.stderr
