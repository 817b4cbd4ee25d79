"""How PBS runs an element: its environment, a login shell above the script, signals to all of the session."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jughpc.testing.cluster.pbs_ids import SERVER, element_id, job_id
from jughpc.testing.cluster.processes import Exited, Start
from tests.fakebin.stage import RealStage

_RUN = "umask 077; cd; {shell} {script}; exit $?"
"""What the login shell does: PBS jobs have this umask, and start at home, whoever submitted them how and where."""


@dataclass(frozen=True)
class Given:
    """What a submission was handed by its surroundings.

    Attributes:
        environ: The variables of qsub; PBS hands some of them on, under other names.
    """

    workdir: str
    environ: Mapping[str, str]


class RealProcess:
    """What runs in an element: a session of its own. Meets `model.Process`."""

    def __init__(self, stage: RealStage, start: Start, exited: Exited, spool: Path, given: Given) -> None:
        self._stage, self._start, self._exited = stage, start, exited
        self._spool = spool / element_id(start.job, start.element).replace("[", "-").replace("]", "")
        self._dying = False
        with self._spool.with_suffix(".OU").open("wb") as output:
            self._child = subprocess.Popen(
                ["/bin/bash", "-l", "-c", _RUN.format(shell="/bin/bash", script=shlex.quote(start.job.ask.script))],
                env=self._environ(given), cwd="/", stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._ear = os.pidfd_open(self._child.pid)
        stage.hear(self._ear, self._shell_ended)

    def term(self) -> None:
        self._dying = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._child.returncode is None:
            self._hear_no_more()

    def _shell_ended(self) -> None:
        """Say so; at once kill whatever is left, but after a TERM only when that has had its time."""
        self._hear_no_more()
        if self._dying:
            self._await_others()
            return
        self._signal(signal.SIGKILL)
        self._tell()

    def _await_others(self) -> None:
        if any(_session(self._child.pid)):
            self._stage.at(0.05, self._await_others)
        else:
            self._tell()

    def _tell(self) -> None:
        log = self._start.job.ask.log
        if log not in ("", "/dev/null"):
            shutil.copy(self._spool.with_suffix(".OU"), log.replace("^array_index^", str(self._start.element.index)))
        self._exited(self._child.returncode)

    def _hear_no_more(self) -> None:
        self._stage.deaf(self._ear)
        os.close(self._ear)
        self._child.wait()

    def _signal(self, number: int) -> None:
        for pid in _session(self._child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _environ(self, given: Given) -> dict[str, str]:
        job, element, ask = self._start.job, self._start.element, self._start.job.ask
        nodes = self._spool.with_suffix(".nodes")
        nodes.write_text(f"{self._start.node.name}\n" * ask.cpus)
        home = given.environ["HOME"]
        found = {
            "HOME": home, "LOGNAME": ask.user, "USER": ask.user, "SHELL": "/bin/bash", "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin", "NCPUS": str(ask.cpus), "OMP_NUM_THREADS": str(ask.cpus),
            "PBS_CONF_FILE": given.environ["PBS_CONF_FILE"],
            "PBS_ENVIRONMENT": "PBS_BATCH", "PBS_JOBDIR": home, "PBS_JOBID": element_id(job, element),
            "PBS_JOBNAME": ask.name, "PBS_NODEFILE": str(nodes), "PBS_NODENUM": "0", "PBS_TASKNUM": "1",
            "PBS_JOBCOOKIE": "0" * 32, "PBS_MOMPORT": "15003", "PBS_O_INTERACTIVE_AUTH_METHOD": "resvport",
            "PBS_O_INTERACTIVE_ENCRYPT_METHOD": "",
            "PBS_O_HOME": home, "PBS_O_HOST": SERVER, "PBS_O_LANG": "C.UTF-8", "PBS_O_LOGNAME": ask.user,
            "PBS_O_PATH": given.environ["PATH"], "PBS_O_QUEUE": ask.partition, "PBS_O_SHELL": "/bin/bash",
            "PBS_O_SYSTEM": "Linux", "PBS_O_WORKDIR": given.workdir, "PBS_QUEUE": ask.partition,
        }  # fmt: skip
        if ask.array:
            found |= {"PBS_ARRAY_ID": job_id(job), "PBS_ARRAY_INDEX": str(element.index)}
        return found


def _session(leader: int) -> Iterator[int]:
    """Yield the processes of the session that `leader` began. Source: proc(5), stat."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                yield int(path.parent.name)
