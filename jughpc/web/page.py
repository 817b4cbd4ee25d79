"""The status page: one plain HTML table, made anew at each look."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from jughpc.app.context.target import Target
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import COLUMNS, in_words
from jughpc.plain import plain
from jughpc.units import moment

REFRESH = 3  # [s]

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="{refresh}">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 2em }}
td, th {{ padding: 0.2em 1em; text-align: right }}
td:last-child, th:last-child {{ text-align: left }}
tr:nth-child(even) {{ background: #eee }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def page(report: Report) -> str:
    """Return the page that shows `report`."""
    standing = report.standing
    by_name = sorted(standing.by_name().items())
    totals = [standing.count(state) for state in range(len(COLUMNS))]
    rows = [_row("th", [*COLUMNS, "Task name"]), *(_row("td", [*counts, name]) for name, counts in by_name)]
    since = standing.manifest.since
    loaded = f" Tasks as loaded at {moment(since)}." if since else ""
    words = f"<p>{_shown(in_words(standing))} {len(standing.workers)} live workers.{loaded}</p>"
    table = "\n".join(["<table>", *rows, _row("td", [*totals, "Total"]), "</table>"])
    return _whole(report.target, f"{words}\n{table}")


def trouble(target: Target, words: str) -> str:
    """Return the page that says why there is no status of `target` to be shown."""
    return _whole(target, f"<p>The status cannot be told now:</p>\n<pre>{_shown(words)}</pre>")


def _whole(target: Target, body: str) -> str:
    return _PAGE.format(refresh=REFRESH, title=_shown(str(target.jugfile)), body=body)


def _shown(text: str) -> str:
    return escape(plain(text))


def _row(cell: str, content: Sequence[object]) -> str:
    cells = "".join(f"<{cell}>{_shown(str(one))}</{cell}>" for one in content)
    return f"<tr>{cells}</tr>"
