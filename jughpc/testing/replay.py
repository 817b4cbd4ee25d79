"""Replay one history with a trace: python -m jughpc.testing.replay SEED [--variant "FILE.py:NAME"]"""

from __future__ import annotations

import sys

from jughpc.testing.history import play
from jughpc.testing.parts import Parts
from jughpc.testing.plan import draw
from jughpc.testing.variants import find_variant, parse


def main(argv: list[str]) -> int:
    """Replay; return 1 if a rule was broken."""
    options = parse("jughpc.testing.replay", argv)
    plan = draw(options.seed)
    print(plan)
    history = play(plan, find_variant(options.variant, Parts()), None if options.quiet else print)
    print(f"done at {history.seconds:.0f} s; runs: {[history.runs.get(task.digest, 0) for task in plan.tasks]}")
    for words in history.broken:
        print(words)
    return bool(history.broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
