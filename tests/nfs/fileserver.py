"""fileserver.py PORT FOLDER: do on FOLDER what `RemoteFiles` asks for, by this kernel's own NFS client."""

from __future__ import annotations

import sys
import threading
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from jughpc.fs import OsFiles


class Places(dict[str, OsFiles]):
    """The folders asked for, each seen by one process as long as this runs."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def __missing__(self, name: str) -> OsFiles:
        self[name] = OsFiles(self._root / name)
        return self[name]


def serve(places: Places, caller: Connection) -> None:
    """Answer one call with what came of it: True and its value, or False and what it raised."""
    with caller:
        place, verb, args = caller.recv()
        try:
            answer = getattr(places[place], verb)(*args)
            caller.send((True, bytes(answer) if isinstance(answer, memoryview) else answer))
        except OSError as error:
            caller.send((False, error))


def main(port: str, folder: str) -> None:
    places = Places(Path(folder))
    with Listener(("0.0.0.0", int(port)), backlog=64) as calls:
        while True:
            threading.Thread(target=serve, args=(places, calls.accept()), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
