"""Runs once every task of primes.py is done, with the names of primes.py and `value`, which gives results."""

from pathlib import Path

primes = " ".join(str(n) for n, prime in enumerate(value(primes100), start=2) if prime)
print(primes)
Path("primes.txt").write_text(primes + "\n")
