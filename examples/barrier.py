"""Tasks whose number depends on earlier results: measure, look at the results, then refine around the best."""

from jug import TaskGenerator, bvalue


@TaskGenerator
def height(x):
    """Return how high the hill is at x; its top is at 0.73."""
    return 1 - (x - 0.73) ** 2


coarse_places = [x / 10 for x in range(11)]
coarse = [height(x) for x in coarse_places]

# Ends this load of the jugfile until the coarse heights are there; then it is loaded again and goes on.
best = max(zip(bvalue(coarse), coarse_places, strict=True))[1]

fine_places = [round(best + offset / 100, 2) for offset in range(-9, 10)]
fine = [height(x) for x in fine_places]
top = max(zip(bvalue(fine), fine_places, strict=True))[1]
