"""Calls whose hashes jug 2.7.0 gave are in hashes.json, by the names in `cases`."""

import numpy as np
from jug import Task, TaskGenerator, iteratetask, return_tuple
from jug.io import NoLoad
from jug.mapreduce import currymap, mapreduce
from jug.mapreduce import map as jug_map
from jug.mapreduce import reduce as jug_reduce
from jug.unsafe import NoHash
from jug.utils import CustomHash, identity


@TaskGenerator
def f(*args, **kwargs):
    return args, kwargs


@return_tuple(2)
@TaskGenerator
def pair(x):
    return x, x


def plain(x):
    return [x]


def add(a, b):
    return a + b


t = f(1)
mapped = jug_map(plain, list(range(10)))

cases = {
    "int": f(1),
    "large int": f(2**70),
    "bool": f(True),
    "float": f(1.5),
    "complex": f(2j),
    "text": f("abc"),
    "bytes": f(b"x"),
    "none": f(None),
    "list in list": f([1, [2, 3]]),
    "tuple with a task": f((1, t)),
    "lists with a task": f([t, [t]]),
    "keywords": f(1, x=2, y=[3]),
    "dict with a task": f({"b": 1, "a": t}),
    "set": f({3, 1, 2}),
    "frozenset": f(frozenset([1])),
    "task": f(t),
    "task twice": f(t, t),
    "item": f(t[0]),
    "item of an item": f(t[0][1]),
    "slice": f(t[1:3]),
    "item by a task": f(t[f(9)]),
    "iteratetask": f(list(iteratetask(t, 2))),
    "return_tuple": f(pair(3)[1]),
    "generator": f(f),
    "function": f(plain),
    "builtin": Task(len, [1, 2]),
    "array": f(np.arange(5)),
    "array of objects": f(np.array([1, "a", None], dtype=object)),
    "NoHash": f(NoHash(5)),
    "NoLoad": f(NoLoad(t)),
    "CustomHash": f(CustomHash(3, lambda x: b"abc")),
    "identity": identity(7),
    "mapreduce": mapreduce(add, plain, list(range(20))),
    "mapreduce of generators": mapreduce(f, f, list(range(6))),
    "reduce": jug_reduce(add, list(range(30))),
    "map": f(mapped),
    "slice of a map": f(mapped[2:5]),
    "item of a map": f(mapped[3]),
    "currymap": f(currymap(add, [(1, 2), (3, 4), (5, 6)])),
    "map one by one": f(jug_map(plain, [1, 2, 3], map_step=1)),
}
