"""shell, demo, and commands of other packages."""

from __future__ import annotations

import pytest

NO_IPYTHON = "import sys\nsys.modules['IPython'] = None\n"


def typed(shell, text, *argv, **environ):
    done = shell("shell", *argv, typed=text, **environ)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def python(jughpc):
    """Return the environment of a shell without IPython, which takes a second to start."""
    site = jughpc.cwd / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_IPYTHON)
    return {"PYTHONPATH": str(site)}


def test_a_shell_knows_the_jugfiles_names_and_value(three, python):
    three("execute", "three.py")
    shown = typed(three, "print('got', value(both), double.f(7))\n", "three.py", **python)
    assert "got 6 14" in shown
    assert "get_filtered_tasks" in shown


def test_a_shell_is_ipython_where_that_is_installed(three):
    pytest.importorskip("IPython")
    three("execute", "three.py")
    text = "load_all()\nprint('got', both, get_ipython() is not None, invalidate(get_tasks()[0]))\n"
    assert "got 6 True 2" in typed(three, text, "three.py", IPYTHONDIR=str(three.cwd / "ipython"))


def test_a_shell_lists_tasks_by_what_can_be_done_with_them(three, python):
    three("execute", "three.py", "--name", "double")
    text = (
        "print('all', len(get_tasks()), 'done', [t.name for t in get_filtered_tasks(loadable=True)],"
        " 'ready', [t.name for t in get_filtered_tasks(available=True)], get_filtered_tasks(failed=True))\n"
    )
    shown = typed(three, text, "three.py", **python)
    assert "all 3 done ['three.double', 'three.double'] ready ['three.add'] []" in shown


def test_a_shell_lists_failed_tasks(failing, python):
    failing("execute", "failing.py", "--keep-going")
    text = "print('failed', [t.name for t in get_filtered_tasks(failed=True)])\n"
    assert "failed ['failing.invert']" in typed(failing, text, "failing.py", **python)


def test_load_all_puts_results_in_the_place_of_tasks(three, python):
    three("execute", "three.py")
    assert "got 2 4 6" in typed(three, "load_all()\nprint('got', one, two, both)\n", "three.py", **python)


def test_invalidate_in_a_shell_removes_what_depends_on_a_task_too(three, python):
    three("execute", "three.py")
    assert "gone 2" in typed(three, "print('gone', invalidate(one))\n", "three.py", **python)
    assert "2 tasks waiting to be run, 0 failed, 1 complete" in three("status", "three.py", "--short").stdout


def test_demo_writes_a_jugfile_that_works_and_never_writes_over_it(jughpc):
    assert "cd jughpc-demo" in jughpc("demo").stdout
    assert jughpc("count", "jughpc-demo/primes.py", "--short").stdout.startswith("Count:  99 tasks")
    assert jughpc("demo").returncode == 2


@pytest.fixture
def package(jughpc):
    """Return a function that installs a package with a command of its own."""

    def install(code, value="mine:hello"):
        jughpc.write("mine.py", code)
        info = jughpc.cwd / "mine-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jughpc.commands]\nhello = {value}\n")
        return {"PYTHONPATH": str(jughpc.cwd)}

    return install


HELLO = """
import click
from jughpc.cli.common import takes_jugfile

@click.command()
@takes_jugfile
def hello(site):
    '''Say hello.'''
    click.echo(f"hello {site.target.jugfile}")
    return 5
"""


def test_a_command_of_another_package_is_one_of_ours(jughpc, package):
    environ = package(HELLO)
    done = jughpc("hello", "some.py", **environ)
    assert (done.returncode, done.stdout) == (5, "hello some.py\n")
    assert "hello" in jughpc("--help", **environ).stdout
    assert "did you mean hello" in jughpc("helo", **environ).stderr


@pytest.mark.parametrize(("code", "words"), [("1 / 0", "cannot be imported"), ("hello = 3", "must be a click command")])
def test_a_broken_command_of_another_package_breaks_nothing_else(jughpc, package, code, words):
    environ = package(code)
    done = jughpc("hello", **environ)
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert jughpc("--help", **environ).returncode == 0
