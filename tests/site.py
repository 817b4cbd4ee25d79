"""Look through a site that was built, links within it and what it would fetch: python -m tests.site FOLDER"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHES = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page of HTML names.

    Attributes:
        links: Where it leads, relative to itself.
        fetched: What a browser loads to show it.
        anchors: The places in it that others may name.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if name in said}
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if said.get(FETCHES.get(tag, "")):
            self.fetched.append(said[FETCHES[tag]])


def faults(folder: Path) -> Iterator[str]:
    """Yield what is wrong with a site, a line each."""
    pages = {path: Page(path.read_text()) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(folder)
        yield from (f"{name}: {link} leads nowhere" for link in page.links if not _leads(path, link, pages))
        yield from (
            f"{name}: {wanted} is fetched from the network" for wanted in page.fetched if urlsplit(wanted).netloc
        )
    if not pages:
        yield f"there is no page in {folder}"


def _leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if there not in pages:
        return there.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[there].anchors


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(bool(found))
