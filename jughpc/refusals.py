"""What the operating system refuses, in words: which file, what is wrong with it, and what to do."""

from __future__ import annotations

import errno

_STEPS = {
    errno.ENOSPC: "free some space there (df -h, df -i), then run the command again",
    errno.EDQUOT: "your quota is used up: remove what you need no more, then run the command again",
    errno.EROFS: "it is mounted read-only: ask its administrators, or name another folder",
    errno.EACCES: "ask its owner for access (ls -ld shows who that is), or name another",
    errno.EPERM: "ask its owner for access (ls -ld shows who that is), or name another",
    errno.EMFILE: "this shell lets a process open too few files: raise `ulimit -n`",
    errno.ENFILE: "this host has no room for open files: try again later, or on another",
    errno.ENOMEM: "there is too little memory: raise `ulimit -v`, or use another host",
    errno.EAGAIN: "too many processes or threads: raise `ulimit -u`, or end some",
    errno.EFBIG: "this shell lets a file grow no further: raise `ulimit -f`",
    errno.ENOENT: "it was removed, or never was there: look whether the path is right",
    errno.EEXIST: "move what is there out of the way",
    errno.ENOTDIR: "a file stands where a folder was meant: look whether the path is right",
    errno.EISDIR: "a folder stands where a file was meant: move it out of the way",
    errno.ELOOP: "a link stands there, or leads nowhere: remove it",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ESTALE: "the file server lost it: run the command again",
}
_OTHERWISE = "run the command again once the file system works"


def fact(error: OSError) -> str:
    """Return which file, if that is known, and what is wrong with it."""
    what = ", ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    said = error.strerror or str(error) or type(error).__name__
    return f"{what}: {said}" if what else said


def step(error: OSError | MemoryError) -> str:
    """Return what to do about it: a server knows better, and says so as `advice`."""
    if advice := getattr(error, "advice", ""):
        return str(advice)
    number = errno.ENOMEM if isinstance(error, MemoryError) else error.errno
    return _STEPS.get(number or 0, _OTHERWISE)
