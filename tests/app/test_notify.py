"""One message at the end of it all: who tells it, what it says, and that nothing depends on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from jughpc.app.submit import notify
from jughpc.app.submit.cancel import cancel
from jughpc.app.submit.collect import Charge, collect
from jughpc.app.submit.history import as_before
from jughpc.app.submit.more import add
from jughpc.app.submit.notify import ALL_DONE, NEEDS_YOU, WENT_WRONG, at_end
from jughpc.app.submit.submit import plan_submission
from jughpc.app.submit.verdict import End
from jughpc.batch import shell
from jughpc.batch.scheduler import Reply
from jughpc.batch.shell import SignalledError
from jughpc.errors import CommandMissingError, JugfileError, UsageError

COMMAND = "cat > told; test $JUGHPC_NOTICE_EVENT = done"


@dataclass
class Told:
    """Stands for the shell, and takes note of what is told."""

    code: int = 0
    events: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __call__(self, argv, timeout, env, said):
        assert argv == ["/bin/sh", "-c", COMMAND]
        self.events.append(env["JUGHPC_NOTICE_EVENT"])
        self.texts.append(said)
        return Reply(tuple(argv), self.code, "", "no such mailbox")


@pytest.fixture
def queued(lab):
    """Return a submission with a reduce, and whoever is told of its end."""
    lab.told = Told()
    lab.submit(size=2, reduce=lab.reduce_script(), notify=COMMAND)
    return lab


def ends(lab, event="", error=None, number=1, deadline=None):
    """Let a job end with `event`, or by an error."""
    with at_end(lab.site, number, deadline, lab.told) as notice:
        notice.event, notice.lines = event, ["what happened"]
        if error:
            raise error


def test_a_command_gets_what_happened_as_its_input_and_in_variables(queued):
    ends(queued, ALL_DONE)
    head, line, last = queued.told.texts[0].splitlines()
    assert head.endswith("sums.py, submission 1: all is done")
    assert (line, last) == ("what happened", f"The results are in {queued.folder}; `jughpc status` shows more.")


def test_it_is_told_once_whoever_ends_later_and_again_for_another_submission(queued):
    for event in (NEEDS_YOU, ALL_DONE, WENT_WRONG):
        ends(queued, event)
    assert queued.told.events == ["left"]
    queued.submit(size=1, again=True, notify=COMMAND)
    ends(queued, ALL_DONE, number=2)
    assert queued.told.events == ["left", "done"]


@pytest.mark.parametrize("how", [{}, {"event": ALL_DONE, "number": 2}, {"event": ALL_DONE, "number": None}])
def test_where_others_go_on_or_nobody_is_to_be_told_or_it_is_run_by_hand_nothing_is_told(queued, how):
    queued.submit(size=1, again=True)  # which names nobody
    ends(queued, **how)
    assert queued.told.events == []


@pytest.mark.parametrize("error", [JugfileError("reduce.py", "ZeroDivisionError", ""), OSError("full"), SystemExit(3)])
def test_a_job_that_fails_is_told_with_its_error_which_goes_on_its_way(queued, error):
    with pytest.raises(type(error)):
        ends(queued, ALL_DONE, error)
    assert queued.told.events == ["failed"]
    assert "the last job failed\n" in queued.told.texts[0]


def test_a_signal_is_an_end_only_where_the_time_is_over_for_else_the_job_may_start_again(queued):
    now = queued.clock.wall()
    for deadline in (None, now + 3600, now + 10):
        with pytest.raises(SignalledError):
            ends(queued, ALL_DONE, SignalledError(15), deadline=deadline)
    assert queued.told.events == ["failed"]
    assert "it met its time limit" in queued.told.texts[0]


def test_a_cancelled_submission_tells_nobody(queued):
    cancel(queued.site, queued.clusters, 1)
    ends(queued, NEEDS_YOU)
    assert queued.told.events == []


def test_a_command_that_fails_is_told_in_the_log_and_harms_nothing(queued):
    queued.told.code = 7
    ends(queued, ALL_DONE)
    assert queued.said[-1] == "the command of --notify ended with exit code 7: no such mailbox"


def test_one_that_cannot_be_started_does_neither(queued):
    def missing(argv, timeout, env, said):
        raise CommandMissingError("/bin/sh")

    queued.told = missing
    ends(queued, ALL_DONE)
    assert "the command of --notify did not run" in queued.said[-1]


def test_a_real_shell_reads_it(lab, tmp_path):
    lab.submit(size=2, notify=f"cat > {tmp_path}/told; test $JUGHPC_NOTICE_EVENT = failed")
    with at_end(lab.site, 1, run=shell.run) as notice:
        notice.event = WENT_WRONG
    assert "the last job failed" in (tmp_path / "told").read_text()
    assert not any("--notify" in words for words in lab.said)


# who tells it


def verdict(lab, **how):
    lab.clock.sleep(5)
    lab.exit(1)
    lab.clock.sleep(5)
    return collect(lab.site, lab.clusters, Charge(1, 2, **how))


def test_where_all_is_done_the_reduce_tells_it_and_without_one_the_collector(labs):
    for reduce, event in ((True, ""), (False, ALL_DONE)):
        lab = labs()
        lab.submit(size=2, reduce=lab.reduce_script() if reduce else None)
        lab.all_done()
        assert verdict(lab).news("done") == event


def test_where_tasks_are_left_the_collector_tells_it_unless_the_reduce_takes_what_is_there(queued):
    queued.failed(queued.digests("single")[0])
    queued.done(*queued.digests("single")[1:], *queued.digests("double")[1:])
    found = verdict(queued)
    assert (found.news("done"), found.news("any")) == (NEEDS_YOU, "")


def test_a_collector_that_hands_over_tells_nothing(queued):
    assert verdict(queued).news("done") == ""


def test_the_last_jobs_are_to_tell_it_and_so_are_those_that_take_their_place(queued):
    verdict(queued)
    scripts = [path for path in queued.disk.paths() if path.endswith(("collect.sh", "reduce.sh"))]
    assert len(scripts) == 4
    assert all("--tells" in queued.files.read(path).decode() for path in scripts)
    assert as_before(queued.site, queued.clusters, 1, None).notify == COMMAND


def test_a_command_that_may_hold_a_password_lies_in_a_file_for_its_owner_alone_and_on_no_command_line(queued):
    verdict(queued)
    kept = {path for path in queued.disk.paths() if COMMAND.encode() in queued.files.read(path)}
    assert kept == {"submissions/1/setup"}
    assert not any(COMMAND in word for argv in queued.commands for word in argv)


# mail


def told_by_mail(lab):
    return [path for path in lab.disk.paths() if path.endswith(".sh") and b"--mail-type" in lab.files.read(path)]


def test_mail_is_the_schedulers_on_the_last_job_alone(lab):
    lab.submit(size=2, reduce=lab.reduce_script(), notify=notify.MAIL)
    assert [Path(path).name for path in told_by_mail(lab)] == ["2-reduce.sh"]
    lab.submit(size=2, again=True, notify=notify.MAIL)
    assert [Path(path).name for path in told_by_mail(lab)] == ["2-reduce.sh", "1-collect.sh"]


def test_a_system_that_sends_no_mail_says_so(lab):
    request = replace(lab.request(notify=notify.MAIL), scheduler="local")
    with pytest.raises(UsageError, match=r"local sends no mail\. Name a command"):
        plan_submission(lab.site, lab.clusters, request)


def silenced(lab):
    """Return the numbers of the jobs of which no mail is to tell any more."""
    return [argv[2] for argv in lab.commands if argv[0] == "scontrol" and argv[-1] == "MailType=NONE"]


@pytest.mark.parametrize("has_reduce", [True, False])
def test_what_others_take_the_place_of_is_not_mailed(labs, has_reduce):
    lab = labs()
    lab.submit(size=2, reduce=lab.reduce_script() if has_reduce else None, notify=notify.MAIL)
    lab.clock.sleep(5)
    add(lab.site, lab.clusters, 1)
    assert silenced(lab) == [f"JobId={job.number}" for job in lab.engine.history[1 : 2 + has_reduce]]
    before = len(lab.engine.history)
    assert verdict(lab).end is End.HANDED_OVER
    assert silenced(lab)[1 + has_reduce :] == [f"JobId={lab.job(before - 1).number}"]
