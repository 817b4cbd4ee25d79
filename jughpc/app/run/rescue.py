"""Take up results that a worker could not store, and kept on its host instead."""

from __future__ import annotations

from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.errors import JugdirError, UsageError
from jughpc.store import rescue
from jughpc.store.base import Store
from jughpc.store.location import parse


def take_up(folder: Path) -> tuple[int, str]:
    """Publish what `folder` holds; return how many results the store lacked, and which store. Raises UsageError."""
    jugdir = rescue.whose(folder)
    store = parse(jugdir).find()
    if store is None:
        raise JugdirError(f"there is no store in {jugdir} any more, for which {folder} was kept. Run its tasks again.")
    return rescue.take_up(folder, store), jugdir


def take_up_here(site: Site, store: Store) -> None:
    """Publish what this user's workers kept on this host for `store`, and say so."""
    for folder in rescue.folders(spelt(site)):
        try:
            site.say(f"{rescue.take_up(folder, store)} results were taken up from {folder}")
        except (OSError, UsageError) as error:  # noqa: PERF203  # there is hardly ever one
            site.say(f"{folder} cannot be taken up: {error}")


def spelt(site: Site) -> str:
    """Return the name of the site's store, as it is from any folder."""
    return site.location.spell() if site.files is None else str(site.location.folder())
