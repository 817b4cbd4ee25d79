"""The usual mistakes of a first hour end in words that name the way out."""

from __future__ import annotations

import pytest

HEAD = """from jug import TaskGenerator, value, barrier

@TaskGenerator
def double(x):
    return 2 * x

t = double(1)
"""

WANTS_VALUE = "A Task stands for a call that some worker makes later, and is not its value."

NO_VALUES = [
    "t + 1", "1 - t", "-t", "t > 1", "t.shape", "t.upper()", "len(t)", "float(t)", "int(t)", "range(t)", "[1, 2][t]",
    "sum([t, t])", "max([t, t])", "f'{t:.2f}'", "'%d' % t", "'a'.join([t])", "open(t)", "abs(t)", "t()", "t[0] + 1",
    "import numpy; numpy.sin(t)", "import math; math.sqrt(t)", "import os; os.path.join('a', t)",
]  # fmt: skip


@pytest.mark.local
@pytest.mark.parametrize("line", NO_VALUES)
def test_who_takes_a_task_for_its_value_learns_what_a_task_is(jughpc, line):
    jughpc.write("first.py", HEAD + line + "\n")
    done = jughpc("execute", "first.py")
    assert done.returncode == 2
    assert WANTS_VALUE in done.stderr.splitlines()[-1]
    assert "bvalue(task)" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("line", ["value(t)", "value([t, t])", "t.value()", "t.result", "value(t[0])"])
def test_who_asks_too_early_learns_of_barriers(jughpc, line):
    jughpc.write("first.py", HEAD + line + "\n")
    done = jughpc("execute", "first.py")
    assert done.returncode == 2
    assert "put `barrier()` before this line, or say `bvalue(...)`" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "first.py defines no task: write @TaskGenerator (from jug import TaskGenerator)"),
        ("def f(x):\n    return x\nf(1)\n", "defines no task: write @TaskGenerator before `def f` "),
        (
            "from jug import TaskGenerator\nf = TaskGenerator(abs)\nif __name__ == '__main__':\n    f(1)\n",
            "what stands below `if __name__ == '__main__':` is not run",
        ),
        (
            HEAD.replace("t = double(1)", "row = [double]"),
            "`double` is never called, and each call makes one: double(...)",
        ),
        (HEAD + "f = open(__file__)\n", "`f` is an open file, which workers share, or each opens anew"),
        (HEAD + "f = open('log', 'a')\n", "open it in the function that uses it"),
        (HEAD + "import first as f\n", "`f` is this file itself, which is called like a module that it imports"),
    ],
)
def test_what_will_not_do_what_was_meant_is_told_and_can_go_on(jughpc, text, words):
    jughpc.write("first.py", text)
    done = jughpc("execute", "first.py")
    assert (done.returncode, words in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("double(n for n in [1])", "Pass a list of what it gives: list(...)."),
        ("double(open(__file__))", "Pass the file's name, and open it in the function."),
        ("double + 1", "A TaskGenerator makes a task when it is called"),
        ("double.shape", "A TaskGenerator makes a task when it is called"),
    ],
)
def test_an_argument_that_cannot_be_one_has_its_own_words(jughpc, line, words):
    jughpc.write("first.py", HEAD + line + "\n")
    done = jughpc("execute", "first.py")
    assert (done.returncode, words in done.stderr) == (2, True)


def test_a_function_that_yields_is_told_to_return_a_list(jughpc):
    jughpc.write("first.py", HEAD.replace("return 2 * x", "yield x"))
    done = jughpc("execute", "first.py")
    assert (done.returncode, "return list(...) of it" in done.stderr) == (1, True)


def test_a_reduce_script_that_forgets_value_is_told(jughpc):
    jughpc.write("first.py", HEAD)
    jughpc.write("sum.py", "print(t + 1)\n")
    jughpc("execute", "first.py")
    done = jughpc("reduce", "first.py", "--script", "sum.py")
    assert (done.returncode, "`value(task)` is." in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("random.py", "import random; random.random()"),
        ("secrets.py", "from secrets import token_hex"),
        ("sklearn.py", "from sklearn import svm"),
        ("sklearn.py", "import sklearn.svm"),
    ],
)
def test_a_jugfile_that_hides_the_module_it_imports_is_told_to_get_another_name(jughpc, name, line):
    jughpc.write(name, HEAD + line + "\n")
    done = jughpc("execute", name)
    assert done.returncode == 2
    assert f"{jughpc.cwd}/{name} hides the module `{name[:-3]}`" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", ["execute", "status", "submit", "check"])
@pytest.mark.parametrize("name", ["numpy.py", "numpy/__init__.py", "jinja2.py", "rich.py", "tarfile.py"])
def test_a_file_that_hides_a_module_which_we_need_never_ends_in_a_traceback_of_ours(jughpc, command, name):
    jughpc.write("first.py", HEAD)
    (jughpc.cwd / name).parent.mkdir(exist_ok=True)
    jughpc.write(name, "x = 1\n")
    done = jughpc(command, "first.py")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1) or f"hides the module `{name.split('/')[0].removesuffix('.py')}`" in done.stderr
