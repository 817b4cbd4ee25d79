"""Sphinx's settings: `sphinx-build -W -c docs/site . build/site` makes the site of the pages that lie here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.site.api import with_api  # noqa: E402  # found by the line above
from docs.site.reference import with_commands  # noqa: E402
from docs.site.systems import with_systems  # noqa: E402
from jughpc._version import __version__  # noqa: E402

project = "jughpc"
release = version = __version__
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
include_patterns = ["docs/*.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "ARCHITECTURE.md"]
exclude_patterns = [".*", "*/.*", "build", "dist", "examples", "jughpc", "templates", "tests", "benchmarks"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
default_role = "literal"  # of docstrings, which are plain text

html_theme = "furo"
html_title = f"jughpc {version}"
html_extra_path = ["redirect"]
html_copy_source = False
html_show_sourcelink = False
html_permalinks_icon = "#"


def setup(app: Any) -> None:
    """Have pages filled in as they are read."""
    app.connect("source-read", _fill)


def _fill(app: Any, name: str, source: list[str]) -> None:
    source[0] = with_systems(with_api(with_commands(source[0])))
