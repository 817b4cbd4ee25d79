"""The page of `report`: all of it in one file that needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jughpc.app.accounts.account import Account
from jughpc.app.status.alike import Alike, cut
from jughpc.units import moment
from jughpc.web.charts import shown
from jughpc.web.figures import advised, by_element, by_function, by_host, in_numbers, over_time
from jughpc.web.style import whole

MOST_KINDS = 20  # of failures


def account_page(found: Account) -> str:
    """Return the page that tells what work took."""
    title = f"{found.target.jugfile}: what it took"
    parts = [_head(found), in_numbers(found)] if found.lives else [_head(found), _nothing()]
    return whole(shown(title), "\n".join(["<main>", *parts, *sections(found), "</main>"]))


def sections(found: Account) -> Iterable[str]:
    """Yield the sections, without those that have nothing to tell."""
    every = (advised, over_time, by_function, by_element, by_host)
    yield from filter(None, (section(found) for section in every))
    if found.failed:
        yield failures(found.failures, found.failed)


def failures(kinds: Sequence[Alike], count: int) -> str:
    """Return what went wrong, by kind, with the traceback of the first of each; `count` failed, known or not."""
    read = sum(map(len, kinds))
    note = f'<p class="soft">Of {count:,} failures {read:,} were read.</p>' if read < count else ""
    items = "".join(map(_kind, kinds[:MOST_KINDS]))
    return f'<section id="failures"><h2>Failures</h2>{note}{items}</section>'


def _kind(one: Alike) -> str:
    first = one.first
    where = f"first on {first.host} at {moment(first.when)}" + (f", {one.frame}" if one.frame else "")
    trace = f"<pre>{shown(cut(first.trace).rstrip())}</pre>" if first.trace else ""
    head = f'<summary><span class="bad">{shown(str(one))}</span></summary>'
    return f'<details>{head}<p class="soft">{shown(where)}</p>{trace}</details>'


def _head(found: Account) -> str:
    of = f"submission {found.asked.number} ({found.asked.scheduler})" if found.asked else "all workers"
    words = f"What {of} took, in {found.target.location}, as known at {moment(found.made)}."
    return f"<h1>{shown(str(found.target.jugfile))}</h1><p>{shown(words)}</p>"


def _nothing() -> str:
    return (
        "<p>No worker has measured anything yet. Workers tell after some seconds, and then every minute; those of "
        "former versions of jughpc told nothing.</p>"
    )
