"""Digests never change by accident: results of years hang on them.

If a test here fails, the encoding was changed, and every result that was ever stored is lost to its task.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import NoLoad, Tasklet


def f(*args: object, **kwargs: object) -> object:
    return args, kwargs


class Colour(enum.Enum):
    RED = 1


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Point:
    x: int
    y: set[str]


class Box:
    def __init__(self) -> None:
        self.tags = {"a", "b"}
        self.size = 1

    def method(self) -> int:
        return self.size


Pair = namedtuple("Pair", "a b")

for _thing in (f, Colour, Mode, Point, Box, Box.method, Pair):
    _thing.__module__ = "golden"  # wherever the tests lie


def lambda_here() -> Any:
    twice = lambda x: x * 2  # noqa: E731  # its text is what counts
    twice.__module__ = "golden"
    return twice


GOLDEN: list[tuple[str, Any, str]] = [
    ("none", None, "4a12c5fea91070975d1b5729a4700e4f"),
    ("int", 1, "736fc6581e5428f4a7d37b87bd3ce0fd"),
    ("big int", -(2**100), "45c5538c25ced16aea54f524514d757d"),
    ("bool", True, "f94879e07159cf42f338d653954cc5bf"),
    ("float", 1.5, "9141c207854af6a002826bd4b856438d"),
    ("nan", float("nan"), "7f0efaef22184ee2c2a104b282caa08e"),
    ("complex", 1 - 2j, "beef85759ee8907e697412b2b48143b1"),
    ("str", "Grüße", "fe43ee9b32805192490585d98fdb71e3"),
    ("bytes", b"\0\xff", "1cea1fc1f764057821c6c000a5f7b27e"),
    ("bytearray", bytearray(b"ab"), "243e5a28ebc92c499fef953041640b8a"),
    ("ellipsis", ..., "d48e26973c088a99bcc87fd20be0b527"),
    ("range", range(1, 10, 2), "d9c574638b43649e674e69630ec231fd"),
    ("slice", slice(1, None, 2), "a4e24389d29772f0fdff51835c9b5b47"),
    ("list", [1, [2], []], "891ce77360c50cfd6c08548cfe7325e6"),
    ("tuple", (1, (2,), ()), "9366bc1b2d25f4a1ecb6ef722c8f3964"),
    ("dict", {"b": 1, "a": {2: None}}, "7e78b304d9413fe5a39fa5fb29e6f767"),
    ("set", {3, 1, 2}, "ab9c402f4b000be90aca01fb46108ecd"),
    ("frozenset", frozenset("ab"), "2fa3b103a6bfa7aa6ed37504468033bd"),
    ("ordered dict", OrderedDict(b=1, a=2), "6ded6a9b94561decee3741126b611945"),
    ("default dict", defaultdict(list, b=[1]), "cf45dcff71835a442f0131db2f7766cb"),
    ("counter", Counter("abca"), "cf40841b879b9421edcb46a22068e276"),
    ("deque", deque([1, 2], maxlen=3), "3f3880ab9f922ac7f023e8939c994223"),
    ("named tuple", Pair(1, 2), "a159424f64457201117e57892820c7f0"),
    ("dataclass", Point(1, {"a", "b"}), "17d7ba4f4735f930334031ea76ec5f98"),
    ("enum", Colour.RED, "b375e00c4368df300473b9d717ac1717"),
    ("flag", Mode.READ | Mode.WRITE, "01dc56eaf5f6b090751a00379948ab0b"),
    ("path", Path("a/b"), "33e3bdc767798125345f07ddd95b70ae"),
    ("decimal", Decimal("1.50"), "5460fe2724731828ed34ea0065ed9970"),
    ("datetime", datetime(2020, 1, 2, 3, 4, 5), "ee56e08b417f9a66d27c7a69e313c446"),
    ("uuid", UUID(int=1), "2b31451b67fdcadfd877192c01818d6f"),
    ("object", Box(), "cefe3c15067e6f86bc3a6bf1d9121a56"),
    ("namespace", SimpleNamespace(b=1, a=2), "045a035ae141574e12c8fe33840747c8"),
    ("class", Point, "b94d7efbabe627cb6dc94e518a49b7b3"),
    ("function", f, "d7fea685578b32793a68e324a432d176"),
    ("builtin", len, "5585474b3713323719ecc6e4f4a0bedc"),
    ("method", Box().method, "d2da8352d835b7999bbb90cd16731746"),
    ("partial", partial(f, 1, k=2), "b40a9aeadfb362b23e45118587df6d81"),
    ("getter", itemgetter(1), "d630a1961551c1e460b0d7cab3d603f2"),
    ("lambda", lambda_here(), "edf0117d82adf2f7d4c35bb4856909c6"),
    ("generator", TaskGenerator(f), "e424fb129581cddc26992321f03511f4"),
    ("task", Task(f, 1), "4a2319c758d0c13dac61cf8a3e4720b7"),
    ("list of tasks", [Task(f, 1), Task(f, 2)], "7353b3daed3d70a6f54ca10190ee13a7"),
    ("item", Task(f, 1)[0], "83242d0ae58feda47f56d039f65523db"),
    ("tasklet", Tasklet(Task(f, 1), len), "3524e67884f625fcc90addbc95cf2503"),
    ("no load", NoLoad(Task(f, 1)), "fb19f547744fd14d3b4bb07289ffef1e"),
]


@pytest.mark.parametrize(("argument", "digest"), [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN])
def test_the_digest_of_a_call_with_such_an_argument_is_what_it_always_was(argument: object, digest: str) -> None:
    assert Task(f, argument).digest.hex() == digest


CALLS: list[tuple[str, Task[Any], str]] = [
    ("no arguments", Task(f), "53899b7d21a7d04de54f1b53af9d5128"),
    ("keywords", Task(f, 1, b=2, a=[3]), "3fd1f1a4baa48e9411000b34a7491c5b"),
    ("version", TaskGenerator(f, version="2")(1), "c7a4fd15b7b035bf992fbc7720279627"),
]


@pytest.mark.parametrize(("task", "digest"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
def test_the_digest_of_such_a_call_is_what_it_always_was(task: Task[Any], digest: str) -> None:
    assert task.digest.hex() == digest
