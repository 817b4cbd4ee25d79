"""NoHash: an argument that does not count in the digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jughpc.tasks.digest.encoding import at_once, node
from jughpc.tasks.tasklet import value
from jughpc.tasks.walk import Steps


class NoHash:
    """Pass `obj` without telling calls apart by it: two tasks that differ in it only are one.

    Right only for what does not change the result, such as the number of threads.
    """

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __jug_steps__(self) -> Steps[bytes]:
        return at_once(node(b"no hash", []))

    def __jug_value__(self) -> Any:
        return value(self.obj)

    def __jug_dependencies__(self) -> Sequence[Any]:
        return [self.obj]
