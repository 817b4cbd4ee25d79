"""What is done at the end of a forked worker, as at the end of a program: what its own tasks asked for, and no more.

A fork has all that was registered before it. Done there, too, it would remove the temporary folders of a jugfile under
the hands of the other workers.
"""

from __future__ import annotations

import atexit
import weakref


def begin_anew() -> None:
    """Forget what was registered so far: that is for the process which this one was forked of to do."""
    atexit._clear()  # as multiprocessing does since Python 3.13; there is no other way
    for one in list(weakref.finalize._registry):  # type: ignore[attr-defined]  # temporary folders are among them
        one.atexit = False
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]  # the next one registers them anew


def perform() -> None:
    """Do what was registered since then, the last first; what fails is told, as Python does."""
    atexit._run_exitfuncs()
