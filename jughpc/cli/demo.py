"""`jughpc demo`."""

from __future__ import annotations

from pathlib import Path

import click

from jughpc.aside import put
from jughpc.cli.output.terminal import echo
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode

FOLDER = "jughpc-demo"

PRIMES = '''\
"""The primes below 100, one task a number, each made to take a second."""

from time import sleep

from jug import TaskGenerator


@TaskGenerator
def is_prime(n):
    sleep(1)
    return all(n % divisor for divisor in range(2, n))


primes100 = list(map(is_prime, range(2, 101)))
'''

WORDS = f"""\
Wrote {FOLDER}/primes.py: 99 tasks of a second each. Now:

  cd {FOLDER}
  jughpc status primes.py       where it stands
  jughpc execute primes.py &    a worker; start a few of them
  jughpc status                 again, while they run
  jughpc shell                  then: value(primes100)

and with an array job of eight workers, on a cluster or on this machine:

  jughpc submit primes.py --array 8
"""


@click.command()
def demo() -> int:
    """Write a first jugfile to play with, and say how."""
    path = Path(FOLDER) / "primes.py"
    if path.exists():
        raise UsageError(f"{path} is there already; remove it, or go on with it: cd {FOLDER}")
    path.parent.mkdir(exist_ok=True)
    put(path, PRIMES)
    echo(WORDS)
    return ExitCode.DONE
