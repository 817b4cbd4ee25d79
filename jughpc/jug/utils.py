"""jug.utils"""

from jughpc.tasks.utils import identity

__all__ = ["identity"]
