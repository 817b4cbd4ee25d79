"""Hosts that a submission's further arrays keep off, because elements failed there and not elsewhere.

submissions/<number>/avoided-<host>   why, in words; written once, when the first array is queued that keeps off it
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from jughpc.batch.submissions import Submission
from jughpc.fs import Files

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_NAME = re.compile(f"avoided-({_HOST.pattern})")
_MOST = 500  # characters of a reason


def is_host(text: str) -> bool:
    """Return whether `text` is the name of one host: nothing else reaches a command line as one."""
    return bool(_HOST.fullmatch(text))


def short(host: str) -> str:
    """Return a host's name without its domain: a scheduler and the host itself may spell it differently."""
    return host.partition(".")[0]


def recorded(files: Files, submission: Submission) -> dict[str, str]:
    """Return the hosts that further arrays of `submission` keep off, each with the reason."""
    matches = (match for name in files.names(submission.path) if (match := _NAME.fullmatch(name)))
    return {match[1]: _reason(files, f"{submission.path}/{match[0]}") for match in matches}


def record(files: Files, submission: Submission, hosts: Mapping[str, str]) -> None:
    """Record that further arrays keep off these hosts, each with the reason; a second time changes nothing."""
    for host, words in hosts.items():
        if is_host(host):
            with suppress(FileExistsError):
                files.write(f"{submission.path}/avoided-{host}", [words[:_MOST].encode(errors="replace")])


def keeping_off(submission: Submission, hosts: Mapping[str, str]) -> Submission:
    """Return `submission` as one whose jobs run on none of these hosts, either."""
    known = submission.options.exclude
    more = tuple(host for host in sorted(hosts) if is_host(host) and host not in known)
    return replace(submission, options=replace(submission.options, exclude=known + more)) if more else submission


def _reason(files: Files, path: str) -> str:
    try:
        return files.read(path, _MOST).decode(errors="replace")
    except FileNotFoundError:
        return ""
