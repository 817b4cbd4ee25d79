"""Where it stands in one line: of a wait, and of a watch that nobody sees on a terminal."""

from __future__ import annotations

from jughpc.app.status.outlook import Outlook
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED
from jughpc.cli.output.bars import Signs, drawn
from jughpc.cli.output.rows import FAINT, Row, Span
from jughpc.units import about, moment, several

_BAR = 20  # [characters]


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


def with_bar(report: Report, ahead: Outlook, when: float, marks: Signs) -> Row:
    """Return the same behind a bar."""
    standing = report.standing
    counts = [standing.count(state) for state in range(5)]
    bar: list[Span] = list(drawn(counts, _BAR, marks))
    return Row((*bar, ("  " + brief(report, ahead, when), FAINT if standing.unfinished else "")))


def _ahead(ahead: Outlook, when: float) -> str:
    if ahead.eta is not None:
        return f"ETA {about(ahead.eta)} ({moment(when + ahead.eta, '%H:%M')})"
    if not ahead.left or not ahead.workers:
        return "" if not ahead.left else "nobody works on it yet"
    return "no ETA yet"
