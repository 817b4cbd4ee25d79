"""What jughpc is made of: bounds that are tested, a lock file, a list of all that is in it, an eye on known holes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .audited import verdict
from .lowest import OURS, lowest, requirements
from .materials import EXTRAS, faults

ROOT = Path(__file__).parents[1]
NEEDED = sorted(set(requirements(["dev", "supply", "docs"])), key=str)
LOCK = (ROOT / "requirements-dev.lock").read_text()


def locked():
    """Return by name the version of each package that the lock file pins."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE))


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("needed", NEEDED, ids=str)
def test_each_dependency_has_a_lower_end_and_no_upper_one(needed):
    assert [clause.operator for clause in needed.specifier] == [">="]


def test_the_lower_ends_are_told_as_pins():
    assert lowest(Requirement("PyYAML>=6")) == "PyYAML==6"
    with pytest.raises(ValueError, match="unpack"):
        lowest(Requirement("click"))


@pytest.mark.parametrize("needed", NEEDED, ids=str)
def test_the_lock_file_has_each_dependency_as_pyproject_allows_it(needed):
    assert needed.specifier.contains(locked()[plain(needed.name)])


def test_everything_in_the_lock_file_is_pinned_by_hashes():
    entries = [entry for entry in re.split(r"\n(?=\S)", LOCK) if not entry.startswith("#")]
    assert len(entries) >= len(locked()) > len(NEEDED)
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_lock_file_says_how_it_is_made():
    assert re.search(r"^# +(uv pip compile .*)$", LOCK, re.MULTILINE)[1] in (ROOT / "CONTRIBUTING.md").read_text()


def report(**about):
    return json.dumps({"dependencies": [{"name": "numpy", "version": "1.23.2", **about}]})


def test_a_known_hole_fails_the_build_and_is_named():
    hole = {"id": "CVE-2030-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
    assert verdict(report(vulns=[hole])) == (1, ["numpy 1.23.2: CVE-2030-1, mended in 2.0"])


def test_packages_without_holes_are_counted():
    assert verdict(report(vulns=[])) == (0, ["no hole is known in 1 of 1 packages"])


@pytest.mark.parametrize("text", ["", "no connection", "[]", report(skip_reason="not found")])
def test_an_audit_without_data_is_said_and_fails_nothing(text):
    code, (line,) = verdict(text)
    assert (code, "could not reach its data" in line) == (0, True)


@pytest.fixture
def bill():
    parts = [{"name": needed.name, "version": lowest(needed).partition("==")[2]} for needed in requirements(EXTRAS)]
    return {"bomFormat": "CycloneDX", "metadata": {"component": {"name": OURS}}, "components": parts}


def test_a_bill_with_all_that_is_needed_is_right(bill):
    assert list(faults(bill)) == []


def test_a_bill_that_lacks_a_part_or_its_version_or_is_about_something_else_is_wrong(bill):
    assert next(faults({**bill, "components": bill["components"][1:]})).startswith("it lacks click")
    assert list(faults({**bill, "metadata": {}})) == [f"it is not about {OURS}"]
    assert list(faults({**bill, "bomFormat": "SPDX"})) == ["it is no CycloneDX file"]
    (bill["components"][0])["version"] = ""
    assert "it has no version of click" in list(faults({**bill}))
