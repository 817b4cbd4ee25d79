"""The last thing that a machine of nfs-up starts: it runs what on.py asks for, one thread a command."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO

PORT = 7000

Process = subprocess.Popen[bytes]


def serve(caller: socket.socket) -> None:
    """Run one command: a line of JSON comes in; frames of output and at last the exit code go out."""
    with caller, caller.makefile("rb") as lines:
        request = json.loads(lines.readline())
        if request["clock"] is not None:
            time.clock_settime(time.CLOCK_REALTIME, request["clock"])
        process = start(request)
        threading.Thread(target=end_with_caller, args=(lines, process), daemon=True).start()
        forward(caller, process)
        code = process.wait()
        frame(caller, 0, str(code if code >= 0 else 128 - code).encode())


def start(request: dict[str, Any]) -> Process:
    argv = ["env", *request["argv"]]  # env tells of a missing command in its own words
    env = request["env"] | {"TMPDIR": "/run/tmp"}
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=request["cwd"], env=env, start_new_session=True, stdout=pipe, stderr=pipe)


def end_with_caller(lines: BinaryIO, process: Process) -> None:
    """Kill the command when its caller goes away before its end."""
    lines.read()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def forward(caller: socket.socket, process: Process) -> None:
    """Send the command's output as it comes, until both its pipes are closed."""
    with selectors.DefaultSelector() as outputs:
        outputs.register(process.stdout, selectors.EVENT_READ, 1)
        outputs.register(process.stderr, selectors.EVENT_READ, 2)
        while outputs.get_map():
            for output, _ in outputs.select():
                if data := os.read(output.fd, 1 << 16):
                    frame(caller, output.data, data)
                else:
                    outputs.unregister(output.fileobj)


def frame(caller: socket.socket, number: int, data: bytes) -> None:
    """Send output of file descriptor `number`, or as number 0 the exit code."""
    with suppress(OSError):  # the caller is gone, and end_with_caller acts on that
        caller.sendall(f"{number} {len(data)}\n".encode() + data)


if __name__ == "__main__":
    with socket.create_server(("0.0.0.0", PORT), backlog=64) as server:
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
