"""What of a function's source counts when it is asked whether it changed."""

from __future__ import annotations

import pytest

from jughpc.tasks.source import functions

PLAIN = """
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    return all(n % d for d in range(2, n))
"""

SAME = {
    "a comment": PLAIN.replace("n))", "n))  # slowly"),
    "blank lines": PLAIN.replace("(n):\n", "(n):\n\n\n"),
    "another layout": PLAIN.replace("range(2, n)", "range(\n        2,\n        n,\n    )"),
    "other quotes around it": PLAIN.replace("    return", "    '''Tell.'''\n    return"),
    "a version": PLAIN.replace("TaskGenerator\ndef", "TaskGenerator(version='2')\ndef"),
    "no longer a task": PLAIN.replace("@TaskGenerator\n", ""),
    "by its module": PLAIN.replace("@TaskGenerator", "@jug.TaskGenerator"),
    "another function": PLAIN + "\n\ndef other():\n    pass\n",
}
OTHER = {
    "a number": PLAIN.replace("2, n", "3, n"),
    "a kind of number": PLAIN.replace("2, n", "2.0, n"),
    "a name": PLAIN.replace("for d", "for e"),
    "a default": PLAIN.replace("(n):", "(n=1):"),
    "an annotation": PLAIN.replace("(n):", "(n: int):"),
    "an operator": PLAIN.replace("n % d", "n // d"),
    "a decorator": PLAIN.replace("@TaskGenerator", "@TaskGenerator\n@twice"),
    "a string that is no docstring": PLAIN.replace("    return", "    print('a')\n    return"),
    "one more of this name": PLAIN + "\n\nclass A:\n    def is_prime(self):\n        pass\n",
}


def digest(text: str) -> str:
    return functions(text.encode())["is_prime"].digest


@pytest.mark.parametrize("how", SAME)
def test_what_changes_nothing_that_is_computed_does_not_count(how: str) -> None:
    assert digest(SAME[how]) == digest(PLAIN)


@pytest.mark.parametrize("how", OTHER)
def test_whatever_may_change_what_is_computed_counts(how: str) -> None:
    assert digest(OTHER[how]) != digest(PLAIN)


def test_a_digest_is_the_same_in_all_versions_of_python() -> None:
    head = 'async def f(a, /, *b: int, c=f"{1!r:>{2}}", **d):\n'
    body = "    match a:\n        case [1, *_]: return {**d}\n    return -1j\n"
    assert functions((head + body).encode())["f"].digest == "d2177ec414ae7b3a"


def test_the_text_is_kept_as_it_stands() -> None:
    assert functions(PLAIN.encode())["is_prime"].text == "\n".join(PLAIN.splitlines()[4:])


@pytest.mark.parametrize("text", [b"def f(:", b"\xff\xfe", b"a = 1\0"], ids=["syntax", "encoding", "null"])
def test_what_is_no_python_defines_nothing(text: bytes) -> None:
    assert functions(text) == {}
