"""What packages are made of beside the wheel says what pyproject.toml says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from docs.site import man
from jughpc._version import __version__

from .test_supply import plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def recipe():
    """Return conda's recipe, filled in as conda does."""
    text = (ROOT / "packaging" / "conda" / "meta.yaml").read_text()
    (version,) = re.findall(r'^{% set version = "(.*)" %}\n', text, re.MULTILINE)
    bare = re.sub(r"^{%.*%}\n", "", text, flags=re.MULTILINE).replace("{{ version }}", version)
    return yaml.safe_load(bare.replace("{{ PYTHON }}", "python"))


def needs(texts):
    return {plain(needed.name): str(needed.specifier) for needed in map(Requirement, texts)}


def test_condas_recipe_needs_what_the_package_needs(recipe):
    wanted = {**needs(PROJECT["dependencies"]), "python": PROJECT["requires-python"]}
    assert needs(text.replace(" ", "") for text in recipe["requirements"]["run"]) == wanted


def test_condas_recipe_has_the_version_the_command_and_the_licence(recipe):
    assert recipe["package"] == {"name": PROJECT["name"], "version": __version__}
    assert recipe["build"]["entry_points"] == [f"{name} = {where}" for name, where in PROJECT["scripts"].items()]
    assert (recipe["about"]["license"], recipe["about"]["summary"]) == (PROJECT["license"], PROJECT["description"])
    assert f"-{__version__}.tar.gz" in recipe["source"]["url"]


def test_what_is_to_be_cited_is_this_version():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (found["title"], found["version"], found["license"]) == (PROJECT["name"], __version__, PROJECT["license"])
    assert found["abstract"] == PROJECT["description"]


def test_the_manual_page_is_what_the_code_says():
    page = (ROOT / "packaging" / "man" / "jughpc.1").read_text()
    assert page == man.page(), "write it anew: python -m docs.site.man packaging/man/jughpc.1"


def test_the_manual_page_is_one_that_roff_reads():
    text = man.page()
    assert [line for line in text.splitlines() if line.startswith("'")] == []
    assert text.startswith(".TH JUGHPC 1")
    assert {"NAME", "SYNOPSIS", "COMMANDS", "FILES", "EXIT STATUS"} <= set(
        re.findall(r'^\.SH "?([A-Z ]+)"?$', text, re.MULTILINE)
    )
