"""A shell completes commands, options, files, task names and submissions, and no jugfile is run for that."""

from __future__ import annotations

import subprocess

import pytest


def complete(jughpc, line):
    """Return what bash is told for a line whose last word is to be completed."""
    words = line.split(" ")
    done = jughpc(_JUGHPC_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("jughpc submis", ["plain,submissions"]),
        ("jughpc completion ba", ["plain,bash"]),
        ("jughpc submit --arr", ["plain,--array"]),
        ("jughpc submit --scheduler p", ["plain,pbs"]),
        ("jughpc execute thr", ["plain,three.py"]),
        ("jughpc execute ", ["plain,three.py"]),
        ("jughpc status ../here/t", ["plain,../here/three.py"]),
        ("jughpc execute ot", ["file,ot"]),
        ("jughpc execute no/such", ["file,no/such"]),
        ("jughpc submit three.py --reduce ", ["file,"]),
        ("jughpc status --jugdir x", ["dir,x"]),
        ("jughpc status --jugdir = x", ["dir,x"]),
        ("jughpc submit --scheduler = p", ["plain,pbs"]),
        ("jughpc submit --start s", ["plain,spawn"]),
        ("jughpc submit --reduce-on ", ["plain,done", "plain,any"]),
        ("jughpc submit --profile ", ["plain,none"]),
        ("jughpc wait ", ["plain,three.py"]),
        ("jughpc trust x", ["dir,x"]),
        ("jughpc execute three.py --name ", []),
        ("jughpc status three.py --submission ", []),
        ("jughpc execute nosuch.py --name x", []),
    ],
)
def test_each_word_is_completed_by_what_it_means(three, line, told):
    assert complete(three, line) == told
    assert three.names() == {"three.py"}


def test_task_names_and_submissions_are_completed_from_the_jugdir(three):
    three("submit", "three.py", "--array", "1", "--scheduler", "local", "--wait")
    with (three.cwd / "three.py").open("a") as file:
        file.write("\nraise SystemExit('it was run')\n")
    assert complete(three, "jughpc invalidate three.py --name three.d") == ["plain,three.double"]
    assert complete(three, "jughpc invalidate --name ") == ["plain,three.add", "plain,three.double"]
    assert complete(three, "jughpc explain three.a") == ["plain,three.add"]
    assert complete(three, "jughpc failures three.py --debug three.a") == ["plain,three.add"]
    assert complete(three, "jughpc status --submission ") == ["plain,1"]
    assert complete(three, "jughpc wait ") == ["plain,1", "plain,three.py"]


def test_classes_and_profiles_are_completed_by_what_there_is(three):
    (three.cwd / "jughpc.yaml").write_text("profiles:\n  alps: {time: 2h}\n  desk: {}\n")
    three("submit", "three.py", "--array", "2", "--scheduler", "local", "--resources", "double:time=1h", "--wait")
    assert complete(three, "jughpc execute three.py --only ") == ["plain,default", "plain,time=1h"]
    assert complete(three, "jughpc submit --profile ") == ["plain,alps", "plain,desk", "plain,none"]
    assert complete(three, "jughpc profile check d") == ["plain,desk"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(jughpc, shell):
    done = jughpc("completion", shell)
    assert (done.returncode, f"_JUGHPC_COMPLETE={shell}_complete" in done.stdout) == (0, True)


def test_bash_takes_its_script(jughpc):
    script = jughpc.write("script", jughpc("completion", "bash").stdout)
    done = subprocess.run(
        ["bash", "-c", f"source {script} && complete -p jughpc"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, "jughpc" in done.stdout) == (0, True), done.stderr


def test_a_shell_that_there_is_no_script_for_is_refused(jughpc):
    done = jughpc("completion", "nosuch")
    assert (done.returncode, "'bash', 'zsh', 'fish'" in done.stderr) == (2, True)
