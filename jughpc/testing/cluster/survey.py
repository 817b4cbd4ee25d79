"""Tell in which ways histories of a cluster break rules: python -m jughpc.testing.cluster.survey [--seeds N]"""

from __future__ import annotations

import argparse
import sys

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw

_SHOWN = 6  # seeds of each kind


def survey(seeds: range) -> dict[str, list[int]]:
    """Return the seeds that break a rule, by the rule and the way."""
    found: dict[str, list[int]] = {}
    for seed in seeds:
        for kind in sorted({f"{blame.rule} {blame.kind}" for blame in play(draw(seed)).blames}):
            found.setdefault(kind, []).append(seed)
    return dict(sorted(found.items()))


def main(argv: list[str]) -> int:
    """Survey; return 1 if any rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m jughpc.testing.cluster.survey", description="Survey histories.")
    parser.add_argument("--seeds", type=int, default=2000, help="how many to play")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    options = parser.parse_args(argv)
    found = survey(range(options.first, options.first + options.seeds))
    for kind, seeds in found.items():
        print(f"{len(seeds):6}  {kind}  {seeds[:_SHOWN]}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
