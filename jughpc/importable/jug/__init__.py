"""jug's names, from jughpc: what processes find that jughpc did not start itself, such as those of a task."""

from importlib import import_module

from jughpc.tasks import alias

alias.serve()
import_module(__name__)  # anew: from here on, this name and all below it are jughpc's own modules
