"""The page that shows how it goes: renewed in place by a script of its own, or by the browser where none may run."""

from __future__ import annotations

import base64
import hashlib

from jughpc.app.accounts.account import Account
from jughpc.app.context.target import Target
from jughpc.app.status.overview import Overview
from jughpc.app.status.tasks import FAILED
from jughpc.web.account import failures
from jughpc.web.charts import shown
from jughpc.web.figures import advised, by_element, by_function, by_host, over_time
from jughpc.web.look import functions, heading, losses, submission, workers
from jughpc.web.style import whole

REFRESH = 3  # [s]

SCRIPT = """
"use strict";
const parser = new DOMParser(), told = document.getElementById("told");
const key = one => one.querySelector("summary").textContent;
function opened(part) { return new Set([...part.querySelectorAll("details[open]")].map(key)); }
function renew(fresh) {
  const now = [...fresh.querySelectorAll("main > *")], main = document.querySelector("main");
  const former = new Map([...main.children].map(one => [one.id, one]));
  now.forEach((one, place) => {
    const old = former.get(one.id);
    if (!old) { main.insertBefore(one, main.children[place] || null); return; }
    former.delete(one.id);
    const was = opened(old);
    one.querySelectorAll("details").forEach(each => { each.open = was.has(key(each)); });
    if (old.outerHTML !== one.outerHTML && !old.contains(document.activeElement)) old.replaceWith(one);
  });
  former.forEach(one => one.remove());
  document.title = fresh.title;
}
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const fresh = parser.parseFromString(await answer.text(), "text/html");
    if (fresh.querySelector("main")) { renew(fresh); told.textContent = ""; }
    else told.textContent = "The answer was none of this page: " + answer.status;
  } catch (error) { told.textContent = "No answer; what is shown is as it was last told."; }
}
(async () => { for (;;) { await new Promise(done => setTimeout(done, 1000 * PAUSE)); await look(); } })();
""".replace("PAUSE", str(REFRESH))

POLICY = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
"""The script's hash, by which alone a page may run it."""

_FALLBACK = f'<noscript><meta http-equiv="refresh" content="{REFRESH}"></noscript>\n'


def live_page(seen: Overview, found: Account | None, *, is_live: bool = True) -> str:
    """Return the page.

    Args:
        found: What work took, None if nothing is known of that.
        is_live: Whether it renews itself; else it is to be kept as it is.
    """
    standing = seen.report.standing
    parts = [heading(seen, is_live=is_live), functions(seen.report)]
    if failed := standing.count(FAILED):
        parts.append(failures(seen.worst, failed))
    parts += [submission(seen.report), workers(standing.workers), losses(seen)]
    if found is not None and found.lives:
        parts += [section(found) for section in (over_time, by_function, by_element, by_host, advised)]
    return _page(seen.report.target, parts, is_live=is_live)


def trouble_page(target: Target, words: str) -> str:
    """Return the page that says why nothing can be told now; it renews itself until that is mended."""
    body = f"<p>The status cannot be told now:</p><pre>{shown(words)}</pre>"
    return _page(target, [f'<header id="top"><h1>{shown(str(target.jugfile))}</h1>{body}</header>'], is_live=True)


def _page(target: Target, parts: list[str], *, is_live: bool) -> str:
    body = "<main>\n" + "\n".join(filter(None, parts)) + "\n</main>"
    title = shown(str(target.jugfile))
    if not is_live:
        return whole(title, body)
    told = '<p id="told" class="bad" role="status" aria-live="polite"></p>'
    return whole(title, f"{told}{body}\n<script>{SCRIPT}</script>", _FALLBACK)
