"""Every kind of result that jug stores in a way of its own."""

import numpy as np
from jug import Task, TaskGenerator, barrier, bvalue, iteratetask
from jug.mapreduce import mapreduce


@TaskGenerator
def double(x):
    return 2 * x


@TaskGenerator
def array(n):
    return np.arange(n)


@TaskGenerator
def nothing():
    return None


@TaskGenerator
def objects():
    return np.array([1, "a", None], dtype=object)


@TaskGenerator
def mixed(a, b):
    return {"a": a, "b": b}


@TaskGenerator
def gather(*parts):
    return parts


def add(a, b):
    return a + b


doubles = [double(x) for x in range(5)]
numbers = array(10)
none = nothing()
things = objects()
both = mixed(doubles[1], [numbers, doubles[2]])
item = double(both["a"])
first, second = iteratetask(double([1, 2]), 2)
total = mapreduce(add, float, list(range(20)))
length = Task(len, [1, 2, 3])
clash = [gather([1], 2), gather([1, 2])]  # two calls, one hash in jug
barrier()
late = [double(x) for x in bvalue(doubles)]
