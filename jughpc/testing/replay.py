"""Replay one history with a trace: python -m jughpc.testing.replay SEED [--variant FILE.py:NAME]"""

from __future__ import annotations

import argparse
import importlib.util
import sys

from jughpc.testing.history import play
from jughpc.testing.parts import Parts
from jughpc.testing.plan import draw


def main(argv: list[str]) -> int:
    """Replay; return 1 if a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m jughpc.testing.replay", description="Replay one history.")
    parser.add_argument("seed", type=int)
    parser.add_argument("--variant", metavar="FILE.py:NAME", help="play these Parts in place of the real code")
    parser.add_argument("--quiet", action="store_true", help="print the outcome only")
    options = parser.parse_args(argv)
    plan = draw(options.seed)
    print(plan)
    history = play(plan, find_variant(options.variant), None if options.quiet else print)
    print(f"done at {history.seconds:.0f} s; runs: {[history.runs.get(task.digest, 0) for task in plan.tasks]}")
    for words in history.broken:
        print(words)
    return bool(history.broken)


def find_variant(where: str | None) -> Parts:
    """Return the parts called NAME in FILE.py, the real ones if nothing is named."""
    if where is None:
        return Parts()
    path, _, name = where.rpartition(":")
    spec = importlib.util.spec_from_file_location("variants", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file; name the variant as FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parts: Parts = getattr(module, name)
    return parts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
