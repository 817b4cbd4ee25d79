"""The primes below 100, one task a number, each made to take a second."""

from time import sleep

from jug import TaskGenerator


@TaskGenerator
def is_prime(n):
    sleep(1)
    return all(n % divisor for divisor in range(2, n))


primes100 = list(map(is_prime, range(2, 101)))
