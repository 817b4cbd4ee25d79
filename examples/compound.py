"""A compound task: many small tasks inside, and one result that replaces them all once it is there."""

from jug import CompoundTaskGenerator, TaskGenerator


@TaskGenerator
def inside(x, y):
    return x * x + y * y <= 1


@TaskGenerator
def share(hits):
    return 4 * sum(hits) / len(hits)


@CompoundTaskGenerator
def estimate_pi(steps):
    """Estimate pi by the share of a grid's points that lie in the unit circle."""
    grid = [(i + 0.5) / steps for i in range(steps)]
    return share([inside(x, y) for x in grid for y in grid])


estimates = [estimate_pi(steps) for steps in (4, 8, 12)]
