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


def reading(folder: Path, count: int) -> float:
    """Return what it takes to read, check and unpickle `count` squares from files of PACK [s of CPU]."""
    place = folder / "floor"
    place.mkdir()
    streams = [pickle.dumps(i * i, 5) for i in range(count)]
    for start in range(0, count, PACK):
        (place / str(start)).write_bytes(pickle.dumps([(zlib.crc32(s), s) for s in streams[start : start + PACK]]))
    began = time.process_time()
    for start in range(0, count, PACK):
        for crc, stream in pickle.loads((place / str(start)).read_bytes()):
            if zlib.crc32(stream) == crc:
                pickle.loads(stream)
    spent = time.process_time() - began
    shutil.rmtree(place)
    return spent


def mapped(folder: Path, summed: bool) -> float:
    """Return what it takes to have an array of 100 MiB at hand, mapped with np.load, and to sum it up if asked [s]."""
    import numpy as np

    if not (folder / "array.npy").exists():
        np.save(folder / "array.npy", np.full(100 << 17, 1.0))
    began = time.perf_counter()
    array = np.load(folder / "array.npy", mmap_mode="c")
    if summed:
        array.sum()
    return time.perf_counter() - began
