"""How pages look: one style, light or dark as the reader's system is, and readable without colours."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --bg: #ffffff; --card: #f6f7f9; --ink: #1c2126; --soft: #5b6570; --line: #d5dae0;
  --there: #e4e8ed; --bad: #b3261e; --good: #1a7f37; --link: #0b57a4;
  --c0: #1f6fb5; --c1: #d1570a; --c2: #12855f; --c3: #a8559a; --c4: #a67c00; --c5: #3c94cc; --c6: #868e96; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14181d; --card: #1d232a; --ink: #e4e8ec; --soft: #9aa5b1; --line: #353d47; --there: #2b323b;
    --bad: #ff8a80; --good: #6fd08c; --link: #7db8f5;
    --c0: #5aa9ee; --c1: #f28c4b; --c2: #3fc495; --c3: #d28fc6; --c4: #d9b03c; --c5: #9ad4f5; --c6: #8b949e; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 66rem; padding: 1.2rem 1.2rem 4rem; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 1.5rem; margin: 0.2rem 0; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.5rem }
h3 { font-size: 1rem; margin: 1.2rem 0 0.3rem } p { margin: 0.4rem 0; max-width: 52rem } .soft { color: var(--soft) }
a { color: var(--link) } code, pre { font: 0.86rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem;
  overflow-x: auto }
code { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: 0 0.25em;
  overflow-wrap: anywhere }
.figures { display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 0.8rem 0; padding: 0; list-style: none }
.figures li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.45rem 0.9rem }
.figures b { display: block; font-size: 1.25rem; font-weight: 600; line-height: 1.3 }
.figures span { color: var(--soft) }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: 0.5rem 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: 0.3rem 0.55rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; font-size: 0.86rem } thead th { border-top: 0; background: var(--card) }
th.text, td.text { text-align: left } td.free { white-space: normal; overflow-wrap: anywhere; min-width: 14rem }
tbody th { color: var(--ink); font-weight: 500; font-size: inherit }
svg { display: block; width: 100%; height: auto } svg.spark { width: 90px; min-width: 90px; margin-left: auto }
svg text { fill: var(--soft); font: 11px system-ui, "DejaVu Sans", sans-serif } svg text.lane { font-size: 9.5px }
.axis { stroke: var(--line); stroke-width: 1; fill: none } .there { fill: var(--there) }
.asked { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 4; fill: none } svg text.note { fill: var(--bad) }
.c0 { fill: var(--c0) } .c1 { fill: var(--c1) } .c2 { fill: var(--c2) } .c3 { fill: var(--c3) } .c4 { fill: var(--c4) }
.c5 { fill: var(--c5) } .c6 { fill: var(--c6) }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.2rem 0 0.4rem; padding: 0; list-style: none }
.key li { display: flex; align-items: center; gap: 0.4rem }
svg.patch { display: inline-block; width: 0.8rem; height: 0.8rem }
.advice { padding-left: 1.2rem } .advice li { margin: 0.25rem 0 } .bad { color: var(--bad) }
.good { color: var(--good) }
.bar { display: flex; width: 12rem; height: 0.8rem; border-radius: 4px; overflow: hidden; background: var(--there) }
.bar.patch { width: 0.8rem }
.bar i { display: block; height: 100%; min-width: 2px }
.done { background: var(--c2) } .failed { background: var(--bad) }
.active { background: var(--c0) } .ready { background: var(--c5); opacity: 0.55 }
details { margin: 0.4rem 0 } summary { cursor: pointer; color: var(--link) }
summary:focus-visible, a:focus-visible, .wide:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
@media print { body { max-width: none } details > * { display: block } }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
{head}</head>
<body>
{body}
</body>
</html>
"""


def whole(title: str, body: str, head: str = "") -> str:
    """Return a page; its parts are HTML, by which anything from elsewhere was escaped."""
    return _PAGE.format(title=title, style=STYLE, head=head, body=body)
