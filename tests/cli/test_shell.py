"""shell, webstatus, demo, and commands of other packages."""

from __future__ import annotations

import urllib.error
import urllib.request

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


@pytest.fixture
def served(jughpc):
    """Return a function that serves the status page of a jugfile, and returns its address."""
    processes = []

    def serve(jugfile):
        processes.append(jughpc.start("webstatus", jugfile, "--port", "0"))
        return processes[-1].stdout.readline().split()[0]

    yield serve
    for process in processes:
        process.terminate()
        process.communicate()


@pytest.fixture
def page(three, served):
    """Return the address of the status page of `three.py`."""
    return served("three.py")


def looked_at(address):
    """Return the status and the text of a page."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_webstatus_shows_the_table_as_it_is_now(three, page):
    with urllib.request.urlopen(page) as answer:
        before = answer.read().decode()
    three("execute", "three.py")
    with urllib.request.urlopen(page) as answer:
        after = answer.read().decode()
    assert "<td>2</td><td>0</td><td>0</td><td>three.double</td>" in before
    assert "<td>2</td><td>0</td><td>three.double</td>" in after
    assert "All tasks complete (3 tasks)." in after


def test_webstatus_finds_the_jugdir_that_a_jugfile_chooses_and_makes_none_by_looking(jughpc, served):
    jughpc.write("own.py", "from jug import TaskGenerator, set_jugdir\nset_jugdir('mine')\nx = TaskGenerator(abs)(1)\n")
    there = jughpc.names()
    address = served("own.py")
    assert looked_at(address)[0] == 200
    assert jughpc.names() == there
    assert jughpc("execute", "own.py").returncode == 0
    assert "All tasks complete (1 tasks)." in looked_at(address)[1]
    assert jughpc.names() == there | {"mine", ".jughpc"}


def test_webstatus_heeds_settings_as_every_command_does(three, served):
    assert three("execute", "three.py", "--jugdir", "elsewhere").returncode == 0
    three.write("jughpc.yaml", "jugdir: elsewhere\n")
    assert "All tasks complete (3 tasks)." in looked_at(served("three.py"))[1]


def test_webstatus_tells_what_hinders_it_until_it_is_mended(three, served):
    address = served("three.py")
    text = (three.cwd / "three.py").read_text()
    three.write("three.py", "1 / 0\n")
    status, page = looked_at(address)
    assert (status, "ZeroDivisionError" in page, "refresh" in page) == (503, True, True)
    (three.cwd / "three.jugdata").write_text("no folder")
    three.write("three.py", text)
    status, page = looked_at(address)
    assert (status, "three.jugdata is a file" in page) == (503, True)
    (three.cwd / "three.jugdata").unlink()
    assert looked_at(address)[0] == 200


def test_webstatus_serves_nothing_else(page):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{page}three.py")
    assert error.value.code == 404
    error.value.close()


def test_webstatus_says_when_it_cannot_listen(three):
    done = three("webstatus", "three.py", "--ip", "192.0.2.1")
    assert (done.returncode, "cannot listen on 192.0.2.1" in done.stderr) == (2, True)


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
