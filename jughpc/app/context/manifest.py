"""The tasks of a loaded jugfile as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jughpc.app.context import columns
from jughpc.app.context.columns import Columns
from jughpc.config.asks import Ask
from jughpc.tasks.classes import asks_of
from jughpc.tasks.graph import Graph

if TYPE_CHECKING:  # each worker imports this module, and few of them need NumPy for it
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Manifest:
    """N tasks and their M dependencies, B containers of tasks among them that several tasks were given.

    Attributes:
        names: The functions' names.
        kinds: (N,) index into `names`.
        digests: (N, 16) bytes.
        starts: (N + B + 1,) where the dependencies of each task begin in `needs`, and the tasks of each container.
        needs: (M,) the tasks depended on, by index; from N on, the containers.
        barrier: Whether the load ended at a barrier: more tasks will come.
        since: When it was loaded [Unix s], if that was not just now but is what was kept; 0 if nobody knows.
        asks: What decorators ask for, by names of functions; nothing of what was kept.
    """

    names: list[str]
    kinds: npt.NDArray[np.uint32]
    digests: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    needs: npt.NDArray[np.int64]
    barrier: bool
    since: float | None = None
    asks: Mapping[str, Ask] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kinds)

    def by_kind(self) -> list[int]:
        """Return how many tasks there are of each name."""
        import numpy as np

        return [int(count) for count in np.bincount(self.kinds, minlength=len(self.names))]

    def waiting(self, done: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which tasks wait for one that is not done.

        Args:
            done: (N,) which tasks have results.
        """
        import numpy as np

        whole = np.ones(len(self.starts) - 1, bool)
        whole[: len(self)] = done
        whole[len(self) :] = ~self._lacking(whole)[len(self) :]  # first, for tasks depend on them
        return self._lacking(whole)[: len(self)]

    def name_pairs(self) -> set[tuple[int, int]]:
        """Return which names need which, as pairs (needed, needing) of indices into `names`."""
        import numpy as np

        kinds = np.concatenate([self.kinds, len(self.names) + np.arange(len(self.starts) - 1 - len(self))])
        needing = np.repeat(kinds, np.diff(self.starts))
        found = [(int(a), int(b)) for a, b in np.unique(np.stack([kinds[self.needs], needing], axis=1), axis=0)]
        inside: dict[int, list[int]] = {}
        for needed, container in found:
            inside.setdefault(container, []).append(needed)
        count = len(self.names)
        through = ((inner, b) for a, b in found for inner in ([a] if a < count else inside[a]))
        return {(a, b) for a, b in through if b < count}

    def columns(self) -> Columns:
        """Return it as it is kept."""
        numbers = ("kinds", "<u4"), ("digests", "u1"), ("starts", "<i8"), ("needs", "<i8")
        data = {name: getattr(self, name).astype(kind).tobytes() for name, kind in numbers}
        return Columns(names=self.names, barrier=self.barrier, **data)

    def _lacking(self, whole: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which tasks and containers need one that is not whole."""
        import numpy as np

        missing = np.zeros(len(self.needs) + 1, np.int64)
        np.cumsum(~whole[self.needs], out=missing[1:])
        lacking: npt.NDArray[np.bool_] = missing[self.starts[1:]] > missing[self.starts[:-1]]
        return lacking

    def name(self, index: int) -> str:
        """Return the name of a task."""
        return self.names[int(self.kinds[index])]


def of_graph(graph: Graph, barrier: bool) -> Manifest:
    """Return the manifest of a graph. Raises SettingError."""
    import numpy as np

    kept = columns.of_graph(graph, barrier)
    kinds, starts, needs = (
        np.frombuffer(data, kind) for data, kind in ((kept.kinds, "<u4"), (kept.starts, "<i8"), (kept.needs, "<i8"))
    )
    digests = np.frombuffer(kept.digests, np.uint8).reshape(-1, 16)
    return Manifest(kept.names, kinds, digests, starts, needs, barrier, asks=asks_of(graph.callees))
