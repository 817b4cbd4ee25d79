"""`report` after real workers."""

from __future__ import annotations

import json


def test_a_report_tells_of_what_was_just_run_and_is_one_file(three):
    assert three("execute", "three.py").returncode == 0
    done = three("report", "three.py")
    assert done.stdout.startswith("three.report.html: 3 tasks in ")
    page = (three.cwd / "three.report.html").read_text()
    assert "three.double" in page
    assert "<script" not in page
    told = json.loads(three("report", "three.py", "--json").stdout)
    assert {name: one["count"] for name, one in told["functions"].items()} == {"three.double": 2, "three.add": 1}


def test_several_workers_of_an_element_are_each_told_of(three):
    assert three("execute", "three.py", "--workers", "2").returncode == 0
    told = json.loads(three("report", "three.py", "--json").stdout)
    assert told["tasks"] == 3


def test_a_report_before_any_work_is_refused_in_one_line(three):
    done = three("report", "three.py")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "nothing to report" in done.stderr
