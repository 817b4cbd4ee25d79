"""The floor: what the file system and the interpreter ask for the least that could be right."""

from __future__ import annotations

import os
import pickle
import shutil
import time
import zlib
from pathlib import Path

PACK = 200  # results a file


def tasks(folder: Path, count: int) -> float:
    """Return what it takes to run, pickle, check and store `count` squares in files of PACK [s]."""
    place = folder / "floor"
    place.mkdir()
    began = time.perf_counter()
    for start in range(0, count, PACK):
        parts = []
        for i in range(start, min(start + PACK, count)):
            stream = pickle.dumps(i * i, 5)
            parts.append(b"%08x%s" % (zlib.crc32(stream), stream))
        store(place, str(start), b"".join(parts))
    spent = time.perf_counter() - began
    shutil.rmtree(place)
    return spent


def store(place: Path, name: str, data: bytes) -> None:
    """Write a file safely and give it its name."""
    with open(place / f"{name}.tmp", "wb", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())
    os.rename(place / f"{name}.tmp", place / name)


def arrays(folder: Path, count: int) -> float:
    """Return what it takes to make and save `count` arrays of 1 MiB with np.save and fsync [s]."""
    import numpy as np

    place = folder / "floor"
    place.mkdir()
    began = time.perf_counter()
    for i in range(count):
        with open(place / f"{i}.npy", "wb") as file:
            np.save(file, np.random.default_rng(i).random(1 << 17))
            file.flush()
            os.fsync(file.fileno())
    spent = time.perf_counter() - began
    shutil.rmtree(place)
    return spent
