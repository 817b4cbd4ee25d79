"""Runs once every task of sweep.py is done, with its names and `value`."""

from pathlib import Path

rows = [f"{rate},{start},{length}" for (rate, start), length in sorted(value(lengths).items())]
Path("sweep.csv").write_text("rate,start,cycle\n" + "\n".join(rows) + "\n")
print(f"wrote sweep.csv: {len(rows)} rows")
