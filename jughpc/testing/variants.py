"""What a replay of one history is asked for: a seed, and what is to be broken on purpose."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Parts = TypeVar("Parts")


def parse(prog: str, argv: Sequence[str]) -> argparse.Namespace:
    """Return which `seed` to replay, with which `variant`, None for what ships, and whether to be `quiet`."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description="Replay one history.")
    parser.add_argument("seed", type=int)
    parser.add_argument("--variant", metavar="FILE.py:NAME", help="play one of its VARIANTS in place of what ships")
    parser.add_argument("--quiet", action="store_true", help="print the outcome only")
    return parser.parse_args(argv)


def find_variant(where: str | None, ships: Parts) -> Parts:
    """Return what FILE.py calls NAME in its VARIANTS, what ships if nothing is named. Raises SystemExit."""
    if where is None:
        return ships
    path, _, name = where.rpartition(":")
    variants: Mapping[str, Parts] = load_variants(path)
    if name not in variants:
        raise SystemExit(f"{path} has no variant {name!r}; it has {', '.join(map(repr, variants))}")
    return variants[name]


def load_variants(path: str) -> Mapping[str, Any]:
    """Return the VARIANTS of a Python file, by name. Raises SystemExit if it is none."""
    spec = importlib.util.spec_from_file_location("variants", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path or 'this'} is no Python file; name the variant as FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    variants: Mapping[str, Any] = module.VARIANTS
    return variants
