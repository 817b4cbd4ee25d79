"""Failures that a person would call the same are one kind, and no others are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jughpc.app.status.alike import Frame, alike, cut, gist, last_frame
from jughpc.store.failure import Failure
from jughpc.tasks import usertrace

LIBRARY = """Traceback (most recent call last):
  File "/home/me/fit.py", line 7, in fit
    return np.linalg.inv(matrix)
           ^^^^^^^^^^^^^^^^^^^^^
  File "/opt/env/lib/python3.11/site-packages/numpy/linalg/linalg.py", line 561, in inv
    ainv = _umath_linalg.inv(a)
  File "<__array_function__ internals>", line 200, in inv
    [Previous line repeated 3 more times]
numpy.linalg.LinAlgError: Singular matrix
    of 3 rows
"""

CHAINED = f"""{LIBRARY}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/home/me/fit.py", line 9, in fit
    raise ValueError("no fit")
ValueError: no fit
"""


def failed(text, call="f(1)", trace="", when=0.0, deaths=0):
    digest = call.encode().ljust(16)[:16]
    name = call.partition("(")[0]
    return Failure(digest, name, text, trace, "life", "node1", "", when, call=call, deaths=deaths)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: 17 is odd", "ValueError: 4.5e-3 is odd"),
        ("KeyError: 'sample_17'", "KeyError: 'sample_3'"),
        ("OSError: [Errno 2] No such file: '/scratch/a1/x.dat'", "OSError: [Errno 2] No such file: 'run/b.dat'"),
        ("TypeError: <thing at 0x7f0a12>", "TypeError: <thing at 0x7f0b44>"),
        ("ValueError: digest 3f2a9c11de", "ValueError: digest a0b1c2d3"),
        ("ValueError: one of {'gini', 'log'}, not 'x'", "ValueError: one of {'log', 'gini'}, not 'x'"),  # a set
    ],
)
def test_what_differs_in_numbers_addresses_paths_and_the_order_of_sets_is_of_one_kind(one, other):
    assert [len(kind) for kind in alike([failed(one), failed(other)])] == [2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (failed("ValueError: odd"), failed("TypeError: odd")),
        (failed("KeyError: 'left'"), failed("KeyError: 'right'")),
        (failed("ValueError: no fit", trace=LIBRARY), failed("ValueError: no fit", trace=CHAINED)),
        (failed("5 workers died: by signal 9"), failed("5 workers died: by signal 9", deaths=5)),
    ],
)
def test_what_differs_in_type_text_or_place_is_of_two_kinds(one, other):
    assert [len(kind) for kind in alike([one, other])] == [1, 1]


def test_tasks_that_killed_workers_in_the_same_way_are_of_one_kind_wherever_it_was():
    words = "{0} workers died while they ran it, the last on node{0}: killed by signal 11"
    assert len(alike(failed(words.format(deaths), deaths=deaths) for deaths in (2, 5))) == 1


def test_the_largest_kind_is_first_and_is_one_line_with_its_earliest_task():
    primes = [failed("ZeroDivisionError: division by zero", f"is_prime({n})", when=100.0 - n) for n in (7, 41, 13)]
    kinds = alike([failed("ValueError: odd\nand more"), *primes])
    assert [str(kind) for kind in kinds] == [
        "3 x ZeroDivisionError: division by zero, first in is_prime(41)",
        "1 x ValueError: odd, first in f(1)",
    ]
    assert kinds[0].functions == {"is_prime": 3}


def test_the_place_is_the_last_line_of_the_users_in_what_was_raised_last():
    assert last_frame(LIBRARY) == Frame("/home/me/fit.py", 7, "fit")
    assert str(last_frame(CHAINED)) == "/home/me/fit.py:9 in fit"
    assert last_frame("  1. killed by signal 9; on node1 (by hand)") is None


def test_a_traceback_is_cut_to_the_users_lines():
    assert cut(LIBRARY).splitlines() == [*LIBRARY.splitlines()[:4], *LIBRARY.splitlines()[-2:]]
    assert cut(cut(CHAINED)) == cut(CHAINED)


def test_a_traceback_of_nothing_of_the_users_stays_whole():
    foreign = LIBRARY.replace("/home/me", "/usr/lib/python3.11")
    assert cut(foreign) == foreign
    assert last_frame(foreign).function == "inv"


def test_what_python_writes_is_understood(tmp_path):
    path = Path(tmp_path, "broken.py")
    path.write_text("import json\ndef load(text):\n    return json.loads(text)\n")
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    try:
        scope["load"]("{")
    except ValueError as error:
        trace = usertrace.of(error)
    assert last_frame(trace) == Frame(str(path), 3, "load")
    assert f"python{sys.version_info[0]}.{sys.version_info[1]}" not in cut(trace)


@pytest.mark.parametrize(
    ("exception", "told"),
    [
        ("ValueError: no\nmore", "ValueError: no"),
        ("ValueError: \n\nAll fits failed.\nmore", "ValueError: All fits failed."),
        ("ValueError:", "ValueError:"),
        ("", ""),
    ],
)
def test_one_line_tells_what_was_raised_also_where_its_text_begins_below(exception, told):
    assert gist(exception) == told
