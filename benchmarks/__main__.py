"""`python -m benchmarks`: measure everything and print one table."""

from __future__ import annotations

import argparse
import sys

from benchmarks import field, rows, table


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute; trust its ratios only")
    parser.add_argument("groups", nargs="*", help=f"what to measure: {', '.join(rows.ALL)}  [all]")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(rows.ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(rows.ALL)}")
    place = field.field(options.quick)
    found = []
    print(field.machine())
    for name in options.groups or rows.ALL:
        for row in rows.ALL[name](place):
            found.append(row)
            print(f"{row.what}: {row.ours:.3g} {row.verdict()}", file=sys.stderr)
    print("\n".join(table.lines(found)))


main()
