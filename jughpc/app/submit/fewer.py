"""As many further elements as the system has room for: fewer at once rather than all of them late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from jughpc.batch.submissions import Accepted
from jughpc.batch.submitter import Submitter
from jughpc.errors import FullError

Queue = Callable[[Submitter, int], list[Accepted]]
"""Queues that many elements and what follows them, all or nothing, and returns the jobs."""


def as_many_as_fit(
    submitter: Submitter, size: int, queue: Queue, make_room: Callable[[], None], narrow: Queue
) -> list[Accepted]:
    """Queue `size` elements; where there is no room for them and all their followers, what needs less.

    Not even one: then it is waited for room, as long as the cluster's patience lasts.

    Args:
        make_room: Ends what may go once it is known that there is too little.
        narrow: Queues them with what has to follow at once; half as many, and so on, where these do not fit either.
    Raises:
        FullError: No room came. Else as `queue`.
    """
    at_once = replace(submitter, cluster=replace(submitter.cluster, waits_for_room=False))
    try:
        return queue(at_once, size)
    except FullError as error:
        submitter.tell(f"no room for {size} elements and what follows them: {error.stderr.strip()}")
    make_room()
    for fewer, how in ((size, queue), *((some, narrow) for some in _halves(size))):
        try:
            accepted = how(at_once, fewer)
        except FullError:
            continue
        if fewer < size:
            submitter.tell(f"{fewer} elements are queued in place of {size}: there is no room for more now")
        return accepted
    submitter.tell("there is no room for one; waiting for it as long as this job lasts")
    return narrow(submitter, 1)


def _halves(size: int) -> Iterator[int]:
    while size:
        yield size
        size //= 2
