"""A stand-in for a PBS server and its nodes: the commands in pbs/ ask it, and it really runs what they submit.

What it says, and what becomes of jobs, is that of the simulated PBS, whose texts are held against recorded ones.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from jughpc import host
from jughpc.testing.cluster.answers import Answer, Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Node, Process
from jughpc.testing.cluster.pbs import SimPbs
from jughpc.testing.cluster.processes import Exited, Start
from jughpc.testing.cluster.rules import PBS, Rules
from tests.fakebin.execution import Given, RealProcess
from tests.fakebin.stage import RealStage

COMMANDS = Path(__file__).parent / "pbs"

RULES = replace(PBS, kill_wait=3.0, late=0.5, cycle=0.05, first_only=True)
"""Quicker than a real one; and it has the fault of the releases since December 2023."""


class PbsServer:
    """A server with its nodes.

    Attributes:
        engine: Its queue; to be touched by `do` only.
        away: Whether nobody listens.
        asked: The commands that were answered.
    """

    def __init__(self, folder: Path, rules: Rules, nodes: Mapping[str, int]) -> None:
        self.folder, self.stage, self.away = folder, RealStage(), False
        self.asked: list[Sequence[str]] = []
        self._given: dict[str, Given] = {}
        places = [Node(name, slots) for name, slots in nodes.items()]
        self.engine = Engine(self.stage, random.Random(0), rules, places, self._launch)  # type: ignore[arg-type]
        self._system = SimPbs(self.engine, _read)
        (folder / "spool").mkdir()
        (folder / "pbs.conf").write_text(f"PBS_SERVER=pbs01\nPBS_SOCKET={folder}/socket\n")
        self._ear = socket.socket(socket.AF_UNIX)
        self._ear.bind(str(folder / "socket"))
        self._ear.listen(64)
        self.stage.hear(self._ear.fileno(), self._serve)

    @property
    def environ(self) -> dict[str, str]:
        """What lets commands find it."""
        return {"PBS_CONF_FILE": str(self.folder / "pbs.conf")}

    def do(self, change: Callable[[Engine], object]) -> None:
        """Do something to its queue and nodes."""
        self.stage.do(lambda: change(self.engine))

    def close(self) -> None:
        """End all that runs, and itself."""
        for _, element in list(self.engine.running()):
            if element.process:
                element.process.kill()
        self._ear.close()
        self.stage.close()

    def _launch(self, start: Start, exited: Exited) -> Process:
        return RealProcess(self.stage, start, exited, self.folder / "spool", self._given[start.job.ask.script])

    def _serve(self) -> None:
        connection, _ = self._ear.accept()
        with connection:
            told = json.loads(connection.makefile().read())
            answer = self._answer(told)
            words = {"code": answer.code, "stdout": answer.stdout, "stderr": answer.stderr}
            connection.sendall(json.dumps(words).encode())

    def _answer(self, told: Mapping[str, Any]) -> Answer:
        argv = told["argv"]
        self.asked.append(argv)
        if self.away:
            return self._system.away(argv)
        if argv[0] == "qsub":
            self._given[argv[-1]] = Given(told["cwd"], told["environ"])
        return self._system.answer(argv, Caller(host.user(), workdir=told["cwd"]))


@contextmanager
def serving(folder: Path, rules: Rules = RULES, nodes: Mapping[str, int] | None = None) -> Iterator[PbsServer]:
    """Run a server in `folder`, an absolute path, as a thread of this process."""
    server = PbsServer(folder, rules, nodes or {"node1": 2, "node2": 2})
    thread = threading.Thread(target=server.stage.run)
    thread.start()
    try:
        yield server
    finally:
        server.stage.do(lambda: setattr(server.stage, "over", True))
        thread.join()
        server.close()


def _read(path: str) -> str | None:
    return Path(path).read_text() if Path(path).is_file() else None
