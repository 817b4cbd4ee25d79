"""Features of images with NumPy: arrays are passed from task to task, and are mapped, not copied, when loaded."""

import numpy as np
from jug import TaskGenerator, return_tuple


@TaskGenerator
def photograph(seed, size=128):
    """Return a made-up image of blurred blobs, in place of a file that would be read here."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    image = np.zeros((size, size))
    for cy, cx, width in random.uniform((0, 0, 3), (size, size, 12), (8, 3)):
        image += np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
    return image


@return_tuple(2)
@TaskGenerator
def gradients(image):
    return tuple(np.gradient(image))


@TaskGenerator
def features(image, down, right):
    edges = np.hypot(down, right)
    return np.array([image.mean(), image.std(), edges.mean(), edges.max()])


@TaskGenerator
def normalised(rows):
    table = np.stack(rows)
    return (table - table.mean(axis=0)) / table.std(axis=0)


images = [photograph(seed) for seed in range(6)]
table = normalised([features(image, *gradients(image)) for image in images])
