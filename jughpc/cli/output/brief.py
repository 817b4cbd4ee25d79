"""Where it stands in one line: of a wait, and of a watch that nobody sees on a terminal."""

from __future__ import annotations

from jughpc.app.status.outlook import Outlook
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED
from jughpc.cli.output.bars import Signs, drawn
from jughpc.cli.output.rows import FAINT, Row, Span
from jughpc.units import about, moment, several

_BAR, _LEAST = 20, 5  # [characters] of a bar, and below which there is none


def brief(report: Report, ahead: Outlook, when: float) -> str:
    """Return one line: what is done, failed and running, and the ETA or why there is none.

    Args:
        ahead: What is to be expected of it.
        when: The time of the look [Unix s].
    """
    standing = report.standing
    total, done = len(standing.manifest), standing.count(COMPLETE)
    words = [f"{100 * done // total} %" if total else "", f"{done} of {several(total, 'task')} done"]
    for state, word in ((FAILED, "failed"), (ACTIVE, "running")):
        words += [f"{count} {word}"] if (count := standing.count(state)) else []
    return ", ".join(filter(None, [*words, _ahead(ahead, when)]))


def with_bar(report: Report, ahead: Outlook, when: float, marks: Signs, width: int) -> Row:
    """Return the same behind a bar, if there is room for it in `width` [characters]."""
    standing, words = report.standing, brief(report, ahead, when)
    counts = [standing.count(state) for state in range(5)]
    room = min(_BAR, width - len(words) - 2)
    bar: list[Span] = [*drawn(counts, room, marks), ("  ", "")] if room >= _LEAST else []
    return Row((*bar, (words, FAINT if standing.unfinished else "")))


def _ahead(ahead: Outlook, when: float) -> str:
    if ahead.eta is not None:
        return f"ETA {about(ahead.eta)} ({moment(when + ahead.eta, '%H:%M')})"
    if not ahead.left or not ahead.workers:
        return "" if not ahead.left else "nobody works on it yet"
    return "no ETA yet"
