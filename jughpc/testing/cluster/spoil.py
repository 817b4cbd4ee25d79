"""How what a command printed reaches its reader otherwise: banners, cuts, other types, garbage."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from jughpc.testing.cluster.answers import Answer

BANNER = "*** Maintenance on Monday | all queues will be drained ***\n"
FOOTER = "\nQuestions? hpc-help@example.org | 9-17 h\n"
GARBAGE = (
    "||||\n",
    "12|x|RUNNING\n",
    "\x00\x1b[31mslurm\x1b[0m\n",
    "-1|-5|DANCING|None|\n",
    "1|99999999999|RUNNING|None|n\n",
)

_ARRAYS_FOR_OBJECTS = {'"Jobs":\t{': '"Jobs":\t[{', '"job_state":\t"': '"job_state":\t7, "x":\t"'}


def _banner(answer: Answer, rng: random.Random) -> Answer:
    return replace(answer, stdout=BANNER + answer.stdout)


def _footer(answer: Answer, rng: random.Random) -> Answer:
    return replace(answer, stdout=answer.stdout + FOOTER)


def _truncated(answer: Answer, rng: random.Random) -> Answer:
    return replace(answer, stdout=answer.stdout[: rng.randint(0, len(answer.stdout))])


def _empty(answer: Answer, rng: random.Random) -> Answer:
    return replace(answer, stdout="")


def _garbage(answer: Answer, rng: random.Random) -> Answer:
    lines = answer.stdout.splitlines(keepends=True)
    lines.insert(rng.randint(0, len(lines)), rng.choice(GARBAGE))
    return replace(answer, stdout="".join(lines))


def _types(answer: Answer, rng: random.Random) -> Answer:
    old = rng.choice(list(_ARRAYS_FOR_OBJECTS))
    return replace(answer, stdout=answer.stdout.replace(old, _ARRAYS_FOR_OBJECTS[old], 1))


WAYS: Mapping[str, Callable[[Answer, random.Random], Answer]] = {
    "banner": _banner,
    "footer": _footer,
    "truncated": _truncated,
    "empty": _empty,
    "garbage": _garbage,
    "types": _types,
}
"""The ways in which an answer is spoiled, by name."""
