"""Tell in which ways histories of a cluster break rules: python -m jughpc.testing.cluster.survey [--seeds N]

With `--variants FILE.py` instead: which seed is the first to catch each of its VARIANTS, as its CAUGHT calls that.
"""

from __future__ import annotations

import argparse
import re
import runpy
import sys
from collections.abc import Iterator, Mapping

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import draw

_SHOWN = 6  # seeds of each kind


def kinds(seed: int, parts: Parts | None = None) -> set[str]:
    """Return the ways in which the history of a seed breaks rules, each behind the rule's number."""
    return {f"{blame.rule} {blame.kind}" for blame in play(draw(seed), parts).blames}


def survey(seeds: range) -> dict[str, list[int]]:
    """Return the seeds that break a rule, by the rule and the way."""
    found: dict[str, list[int]] = {}
    for seed in seeds:
        for kind in sorted(kinds(seed)):
            found.setdefault(kind, []).append(seed)
    return dict(sorted(found.items()))


def catches(seed: int, parts: Parts, how: str) -> bool:
    """Return whether a seed shows what is wrong with `parts`: it breaks a rule like that, which what ships does not."""
    found = {kind for kind in kinds(seed, parts) if re.fullmatch(how, kind)}
    return bool(found and found - kinds(seed))


def first_catches(variants: Mapping[str, Parts], caught: Mapping[str, str], seeds: range) -> Iterator[tuple[str, int]]:
    """Yield the first seed that catches each variant, -1 for none."""
    for name, parts in variants.items():
        yield name, next((seed for seed in seeds if catches(seed, parts, caught[name])), -1)


def main(argv: list[str]) -> int:
    """Survey; return 1 if any rule was broken, or any variant is not caught."""
    parser = argparse.ArgumentParser(prog="python -m jughpc.testing.cluster.survey", description="Survey histories.")
    parser.add_argument("--seeds", type=int, default=2000, help="how many to play")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--variants", metavar="FILE.py", help="tell which seed catches each of these")
    options = parser.parse_args(argv)
    seeds = range(options.first, options.first + options.seeds)
    if options.variants:
        return _show_catches(options.variants, seeds)
    found = survey(seeds)
    for kind, shown in found.items():
        print(f"{len(shown):6}  {kind}  {shown[:_SHOWN]}")
    return bool(found)


def _show_catches(path: str, seeds: range) -> int:
    file, missed = runpy.run_path(path), 0
    for name, seed in first_catches(file["VARIANTS"], file["CAUGHT"], seeds):
        print(f"{seed if seed >= 0 else 'none':>6}  {name}", flush=True)
        missed += seed < 0
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
