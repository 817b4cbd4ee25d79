"""What lies in place of a module is told, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

from jughpc.tasks.hints import hidden_modules


def test_pythons_own_folder_hides_nothing_though_it_is_first_on_a_path_that_is_told_to_be_safe():
    assert hidden_modules(Path(json.__file__).parents[1]) == []
