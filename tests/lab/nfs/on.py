"""on.py ADDRESS CMD..: run a command, without a shell, on a machine where agent.py listens.

Working directory, environment, output and exit code pass through; when this ends, the command is killed.
With CLOCK_AHEAD=S in the environment, the machine's clock is first set S seconds ahead of this one's.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

from agent import PORT


def main(address: str, *argv: str) -> int:
    """Return the exit code of `argv`; 255 if the machine does not answer or goes away."""
    try:
        with socket.create_connection((address, PORT), timeout=2) as machine:
            machine.settimeout(None)
            machine.sendall(request(argv))
            return replay(machine)
    except OSError as error:
        print(f"{address}: {error}", file=sys.stderr)
        return 255


def request(argv: tuple[str, ...]) -> bytes:
    ahead = os.environ.get("CLOCK_AHEAD")
    clock = time.time() + float(ahead) if ahead else None
    return json.dumps({"argv": argv, "cwd": os.getcwd(), "env": dict(os.environ), "clock": clock}).encode() + b"\n"


def replay(machine: socket.socket) -> int:
    """Print what the command prints, and return its exit code."""
    with machine.makefile("rb") as frames:
        while head := frames.readline().split():
            number, size = map(int, head)
            data = frames.read(size)
            if number == 0:
                return int(data)
            os.write(number, data)
    raise ConnectionError("the connection was lost")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
