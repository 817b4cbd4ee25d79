"""Replay one history of a cluster: python -m jughpc.testing.cluster.replay SEED [--variant "FILE.py:NAME"]"""

from __future__ import annotations

import sys

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import draw
from jughpc.testing.variants import find_variant, parse


def main(argv: list[str]) -> int:
    """Replay; return 1 if a rule was broken."""
    options = parse("jughpc.testing.cluster.replay", argv)
    plan = draw(options.seed)
    print(plan)
    history = play(plan, find_variant(options.variant, Parts()), None if options.quiet else print)
    print(f"over at {history.seconds:.0f} s", *history.summary, sep="\n  ")
    for blame in history.blames:
        print(blame)
    return bool(history.blames)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
