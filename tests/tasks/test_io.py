"""Results are written where people want them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jughpc.library.io import write_metadata, write_task_out
from jughpc.tasks.task import Task
from tests.tasks.conftest import Memory


def same(x: Any) -> Any:
    return x


def done(x: Any) -> Task[Any]:
    task = Task(same, x)
    task.run()
    return task


def test_an_array_is_written_as_numpy_writes_it(tmp_path: Path, memory: Memory) -> None:
    write_task_out(done(np.arange(3)), str(tmp_path / "out.dat")).run()
    assert np.load(tmp_path / "out.dat").tolist() == [0, 1, 2]


def test_anything_else_is_written_as_a_pickle(tmp_path: Path, memory: Memory) -> None:
    task = write_task_out(done({"a": 1}), str(tmp_path / "out.pkl"))
    task.run()
    assert task.name == "jug.io._do_write_task_out"
    assert pickle.loads((tmp_path / "out.pkl").read_bytes()) == {"a": 1}


def test_how_a_result_was_computed_is_written_beside_it(tmp_path: Path, memory: Memory) -> None:
    outer = Task(same, [done(1), Path("x")])
    outer.run()
    write_task_out(outer, str(tmp_path / "out"), str(tmp_path / "out.yaml")).run()
    name = f"{__name__}.same"
    inner = {"name": name, "args": [1], "meta": {"computed": True}}
    expected = {"name": name, "args": [[inner, "PosixPath('x')"]], "meta": {"computed": True}}
    assert yaml.safe_load((tmp_path / "out.yaml").read_text()) == expected


def test_metadata_may_be_json(tmp_path: Path, memory: Memory) -> None:
    write_metadata(done(1), str(tmp_path / "meta.json"), "json")
    assert json.loads((tmp_path / "meta.json").read_text())["args"] == [1]


def test_metadata_of_another_kind_is_refused(tmp_path: Path, memory: Memory) -> None:
    with pytest.raises(ValueError, match="'yaml' or 'json'"):
        write_metadata(done(1), str(tmp_path / "meta"), "xml")
    assert not (tmp_path / "meta").exists()
