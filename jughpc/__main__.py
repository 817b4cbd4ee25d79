"""Let `python -m jughpc` be the command `jughpc`."""

import sys

from jughpc import staged

if __name__ == "__main__":
    staged.take()  # first: what is imported from here on

from contextlib import suppress
from pathlib import Path

with suppress(OSError):  # a folder that was removed
    if sys.path and Path(sys.path[0]) in (Path(), Path.cwd()):
        del sys.path[0]  # `-m` puts it there, and a user's json.py would take the place of Python's

from jughpc.cli.main import main

if __name__ == "__main__":
    main()
