"""The pages in a real browser: few tests, each one start of it, in which its own time goes by at once."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import zlib
from http import HTTPStatus
from threading import Thread

import pytest

from jughpc.app.context.target import Target
from jughpc.store.location import Memory
from jughpc.web.account import account_page
from jughpc.web.guard import Guard
from jughpc.web.live import trouble_page
from jughpc.web.server import server_of
from jughpc.web.style import whole

from .test_account import measured, page_of

pytestmark = pytest.mark.local

TOKEN = "t" * 30


@pytest.fixture(scope="session")
def browser(give_up, tmp_path_factory):
    """Return what runs Chromium without a screen on an address, and returns what it put out and complained of."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        give_up("no Chromium: apt-get install chromium")

    def run(address, *options):
        profile = tmp_path_factory.mktemp("profile")
        argv = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            f"--user-data-dir={profile}", "--enable-logging=stderr", *options, address,
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=profile, timeout=300)
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return run


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path / "jugfile.py", Memory())


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Return red, green and blue of the first pixel, which no filter of the format changes."""
    chunks = re.split(rb"IDAT", png)[1:]
    return tuple(zlib.decompressobj().decompress(chunks[0], 4)[1:4])


@pytest.mark.parametrize(("scheme", "is_dark"), [("0", True), ("1", False)])
def test_a_report_is_light_or_dark_as_the_system_is_and_nothing_complains(browser, target, tmp_path, scheme, is_dark):
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(account_page(page_of([measured(f"0badcafe-{n}-0-node1-{n}") for n in range(5)], target)))
    _, complaints = browser(page.as_uri(), f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
    assert complaints == []
    assert (sum(first_pixel(picture.read_bytes())) < 3 * 64) == is_dark


def test_a_page_renews_what_changed_and_leaves_what_a_reader_opened(browser, target):
    looks = itertools.count(1)

    def answer():
        look = next(looks)
        page = trouble_page(target, f"look {look}")
        details = f"<details {'open' if look == 1 else ''}><summary>more</summary>{look}</details>"
        return HTTPStatus.OK, page.replace("</main>", f'<section id="open">{details}</section></main>')

    with server_of(answer, Guard(TOKEN), "localhost", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://localhost:{server.server_port}/?token={TOKEN}"
        dom, complaints = browser(address, "--virtual-time-budget=10000", "--dump-dom")
        server.shutdown()
    assert complaints == []
    assert int(re.search(r"look (\d+)", dom)[1]) > 1
    assert re.search(r'<details[^>]* open=""', dom)


def test_a_page_whose_server_is_gone_says_so_and_stays(browser, target):
    looks = itertools.count(1)

    def answer():
        if next(looks) > 1:
            raise ConnectionError
        return HTTPStatus.OK, trouble_page(target, "as it was")

    with server_of(answer, Guard(TOKEN), "localhost", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://localhost:{server.server_port}/?token={TOKEN}"
        dom, _ = browser(address, "--virtual-time-budget=10000", "--dump-dom")
        server.shutdown()
    assert "as it was" in dom
    assert "No answer; what is shown is as it was last told." in dom


def test_no_script_runs_but_the_pages_own(browser):
    answer = HTTPStatus.OK, whole("evil", "<p id=x>as it was</p><script>document.title = 'evil' + 1</script>")
    with server_of(lambda: answer, Guard(TOKEN), "localhost", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        dom, complaints = browser(f"http://localhost:{server.server_port}/?token={TOKEN}", "--dump-dom")
        server.shutdown()
    assert "<title>evil</title>" in dom
    assert any("Content Security Policy" in line for line in complaints)
