"""Commands, their time-outs, and processes that outlive their starter."""

import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from jughpc import host
from jughpc.batch import shell
from jughpc.errors import CommandMissingError, CommandTimeoutError, SchedulerError


def spawn(tmp_path: Path, program: str) -> host.Process:
    argv = [sys.executable, "-c", program]
    return shell.spawn(argv, stdout=tmp_path / "log", env=dict(os.environ), cwd=tmp_path)


def ended(process: host.Process) -> int:
    while (code := shell.reap(process)) is None:
        time.sleep(0.005)
    return code


def test_a_reply_holds_the_command_its_code_and_both_texts():
    reply = shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (reply.code, reply.stdout, reply.stderr) == (3, "out\n", "err\n")
    assert reply.argv[0] == "sh"


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(CommandMissingError, match="no-such-sbatch: no such command"):
        shell.run(["no-such-sbatch"])


def test_a_file_that_may_not_be_run_is_no_command(tmp_path):
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    with pytest.raises(CommandMissingError):
        shell.run([str(tmp_path / "sbatch")])


def test_a_file_that_no_host_like_this_can_run_is_no_command_either(tmp_path):
    (path := tmp_path / "sbatch").write_bytes(b"\x7fELF of another kind of machine")
    path.chmod(0o755)
    for command in (path, path / "sbatch", tmp_path / ("x" * 300)):
        with pytest.raises(CommandMissingError, match=r"sbatch: cannot be run here \(|x: cannot be run here \("):
            shell.run([str(command)])


def test_a_command_that_cannot_be_started_for_now_is_not_taken_for_a_missing_one():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, limits[1]))
    try:
        with pytest.raises(SchedulerError, match="true could not be started: Too many open files") as said:
            shell.run(["true"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(held[0])
    assert not isinstance(said.value, CommandMissingError)


def test_a_command_that_hangs_is_told_apart_from_one_that_refuses():
    with pytest.raises(CommandTimeoutError, match=r"sleep did not answer within 0\.05 s"):
        shell.run(["sleep", "60"], timeout=0.05)


def test_the_children_of_a_command_that_hangs_are_killed_with_it(tmp_path):
    pid, patience = tmp_path / "pid", 0.1
    while not (pid.exists() and pid.read_text()):  # until it had the time to begin one
        patience *= 2
        with pytest.raises(CommandTimeoutError):
            shell.run(["sh", "-c", f"sleep 60 & echo $! >{pid}; wait"], timeout=patience)
    child = int(pid.read_text())
    while Path(f"/proc/{child}").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        time.sleep(0.005)


def test_a_command_that_takes_long_is_told_of_with_what_it_said_last_and_its_answer_is_whole(tmp_path):
    told, script = [], "echo one; echo The queue is full, sleeping >&2; read gone <fifo; echo two; exit 3"
    os.mkfifo(tmp_path / "fifo")

    def tell(line):
        told.append(line)
        (tmp_path / "fifo").write_text("go\n")

    reply = shell.run(["sh", "-c", f"cd {tmp_path}; {script}"], tell=tell, long=0.5)
    assert (reply.code, reply.stdout, reply.stderr) == (3, "one\ntwo\n", "The queue is full, sleeping\n")
    assert len(told) == 1
    assert told[0].startswith(("The queue is full, sleeping (", "sh has not answered"))


def test_output_that_is_not_utf8_is_still_text():
    assert shell.run(["printf", r"a\377b"]).stdout == "a\ufffdb"


def test_a_spawned_process_writes_to_its_log_and_ends_with_its_code(tmp_path):
    (tmp_path / "log").write_text("before\n")
    child = spawn(tmp_path, "import os; print(os.getcwd()); raise SystemExit(7)")
    assert ended(child) == 7
    assert (tmp_path / "log").read_text() == f"before\n{tmp_path}\n"


def test_a_spawned_process_has_a_session_of_its_own(tmp_path):
    child = spawn(tmp_path, "import time; time.sleep(60)")
    assert os.getsid(child.pid) == child.pid
    shell.kill(child, "KILL")
    assert ended(child) == 137


def test_a_process_is_alive_until_it_ends(tmp_path):
    child = spawn(tmp_path, "import time; time.sleep(60)")
    assert host.alive(child)
    shell.kill(child)
    while host.alive(child):
        time.sleep(0.005)
    assert ended(child) == 143


def test_another_process_with_the_same_pid_is_not_the_one_that_was_meant():
    me = host.myself()
    assert host.alive(me)
    assert not host.alive(me._replace(start=me.start - 1))


def test_another_process_with_the_same_pid_gets_no_signal(tmp_path):
    child = spawn(tmp_path, "import time; time.sleep(60)")
    shell.kill(child._replace(start=child.start - 1), "KILL")
    assert shell.reap(child) is None
    shell.kill(child, "KILL")
    ended(child)


def test_offspring_that_outlives_the_process_gets_the_signal_too(tmp_path):
    child = spawn(tmp_path, "import subprocess; subprocess.Popen(['sleep', '60'])")
    ended(child)
    shell.kill(child, "KILL")
    with suppress(ProcessLookupError):  # else this test never ends
        while True:
            os.killpg(child.pid, 0)
            time.sleep(0.005)


def test_signalling_a_process_that_is_gone_is_no_error(tmp_path):
    child = spawn(tmp_path, "pass")
    ended(child)
    shell.kill(child)
    assert not host.alive(child)


def test_spawning_in_a_folder_that_is_not_there_says_which_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        shell.spawn(["true"], stdout=tmp_path / "log", env=dict(os.environ), cwd=tmp_path / "nowhere")


def test_commands_are_looked_up_on_the_path():
    assert shell.command_path("sh")
    assert shell.command_path("no-such-sbatch") is None


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_is_heeded_ends_the_block_by_an_exception(number):
    before = signal.getsignal(number)
    with pytest.raises(shell.SignalledError) as error, shell.heeding_signals():
        signal.raise_signal(number)
    assert error.value.number == number
    assert signal.getsignal(number) is before


def test_a_hangup_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with shell.heeding_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_link_that_was_planted_in_place_of_a_log_is_not_written_through(tmp_path):
    (tmp_path / "precious").write_text("as it was")
    (tmp_path / "log").symlink_to("precious")
    with pytest.raises(FileExistsError, match="log"):
        shell.spawn(["true"], stdout=tmp_path / "log", env={}, cwd=tmp_path)
    assert (tmp_path / "precious").read_text() == "as it was"
