"""Type checkers know what tasks give."""

from __future__ import annotations

from pathlib import Path

from mypy import api

SNIPPET = """
from jughpc import Task, TaskGenerator, bvalue, value

@TaskGenerator
def is_prime(n: int) -> bool:
    return n > 1

@TaskGenerator(version="2")
def half(n: int) -> float:
    return n / 2

task: Task[bool] = is_prime(7)
reveal_type(task)
reveal_type(value(task))
reveal_type(bvalue(task))
reveal_type(value([task]))
reveal_type(value({"k": task}))
reveal_type(task.result)
reveal_type(value(half(3)))
reveal_type(half.f(3))
reveal_type(value(Task(len, [1])))
is_prime.f("seven")
wrong: int = value(half(3))
"""

TYPES = ["Task[bool]", "bool", "bool", "list[bool]", "dict[str, bool]", "bool", "float", "float", "int"]


def test_mypy_knows_the_types_of_tasks_and_values(tmp_path: Path) -> None:
    path = tmp_path / "snippet.py"
    path.write_text(SNIPPET)
    cache = Path(__file__).parents[2] / ".mypy_cache"
    out, _, _ = api.run(["--strict", "--no-error-summary", "--cache-dir", str(cache), str(path)])
    notes = [line.split('"')[1] for line in out.splitlines() if "Revealed type" in line]
    assert [note.replace("jughpc.tasks.task.", "").replace("builtins.", "") for note in notes] == TYPES
    errors = [line for line in out.splitlines() if "error:" in line]
    assert len(errors) == 2
    assert '"str"; expected "int"' in errors[0]
    assert '"float", variable has type "int"' in errors[1]
