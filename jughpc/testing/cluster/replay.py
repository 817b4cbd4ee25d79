"""Replay one history of a cluster: python -m jughpc.testing.cluster.replay SEED [--variant "FILE.py:NAME"]"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Mapping

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import draw


def main(argv: list[str]) -> int:
    """Replay; return 1 if a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m jughpc.testing.cluster.replay", description="Replay one history.")
    parser.add_argument("seed", type=int)
    parser.add_argument("--variant", metavar="FILE.py:NAME", help="play one of its VARIANTS in place of what ships")
    parser.add_argument("--quiet", action="store_true", help="print the outcome only")
    options = parser.parse_args(argv)
    plan = draw(options.seed)
    print(plan)
    history = play(plan, find_variant(options.variant), None if options.quiet else print)
    print(f"over at {history.seconds:.0f} s", *history.summary, sep="\n  ")
    for blame in history.blames:
        print(blame)
    return bool(history.blames)


def find_variant(where: str | None) -> Parts:
    """Return what FILE.py calls NAME in its VARIANTS, what ships if nothing is named."""
    if where is None:
        return Parts()
    path, _, name = where.rpartition(":")
    variants = load_variants(path)
    if name not in variants:
        raise SystemExit(f"{path} has no variant {name!r}; it has {', '.join(map(repr, variants))}")
    return variants[name]


def load_variants(path: str) -> Mapping[str, Parts]:
    """Return the VARIANTS of a Python file, by name."""
    spec = importlib.util.spec_from_file_location("variants", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path or 'this'} is no Python file; name the variant as FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    variants: Mapping[str, Parts] = module.VARIANTS
    return variants


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
