"""A parameter sweep: one task a combination; sweep_reduce.py makes a table of the results.

jughpc submit sweep.py --array 8 --reduce sweep_reduce.py
"""

from itertools import product

from jug import TaskGenerator

RATES = (2.9, 3.3, 3.5, 3.7)
STARTS = (0.1, 0.4)


@TaskGenerator
def cycle_length(rate, start, steps=2000, longest=64):
    """Return after how many steps the logistic map repeats itself, 0 for chaos."""
    x = start
    for _ in range(steps):
        x = rate * x * (1 - x)
    first = x
    for length in range(1, longest + 1):
        x = rate * x * (1 - x)
        if abs(x - first) < 1e-9:
            return length
    return 0


lengths = {(rate, start): cycle_length(rate, start) for rate, start in product(RATES, STARTS)}
