"""webstatus, on a machine that others use too."""

from __future__ import annotations

import http.client
import socket
import stat
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import pytest


def refused(page, **headers):
    """Return the status of a request with other headers."""
    return looked_at(urllib.request.Request(page, headers=headers))[0]


@pytest.fixture
def served(jughpc):
    """Return a function that serves the status page of a jugfile, and returns its address."""
    processes = []

    def serve(jugfile):
        processes.append(jughpc.start("webstatus", jugfile, "--port", "0"))
        return processes[-1].stdout.readline().split()[0]

    yield serve
    for process in processes:
        process.terminate()
        process.communicate()


@pytest.fixture
def page(three, served):
    """Return the address of the status page of `three.py`."""
    return served("three.py")


def at(address, path):
    """Return the address of another page there."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=path))


def looked_at(address):
    """Return the status and the text of a page."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_webstatus_shows_the_table_as_it_is_now(three, page, wait_for):
    before = looked_at(page)[1]
    three("execute", "three.py")
    wait_for(lambda: "All tasks complete" in looked_at(page)[1])
    after = looked_at(page)[1]
    assert "done: 0 of 3" in before
    assert "done: 3 of 3" in after
    assert "three.double" in after
    assert "All tasks complete (3 tasks)." in after


def test_webstatus_finds_the_jugdir_that_a_jugfile_chooses_and_makes_none_by_looking(jughpc, served, wait_for):
    jughpc.write("own.py", "from jug import TaskGenerator, set_jugdir\nset_jugdir('mine')\nx = TaskGenerator(abs)(1)\n")
    there = jughpc.names()
    address = served("own.py")
    assert looked_at(address)[0] == 200
    assert jughpc.names() == there
    assert jughpc("execute", "own.py").returncode == 0
    wait_for(lambda: "All tasks complete (1 tasks)." in looked_at(address)[1])
    assert jughpc.names() == there | {"mine", ".jughpc"}


def test_webstatus_heeds_settings_as_every_command_does(three, served):
    assert three("execute", "three.py", "--jugdir", "elsewhere").returncode == 0
    three.write("jughpc.yaml", "jugdir: elsewhere\n")
    assert "All tasks complete (3 tasks)." in looked_at(served("three.py"))[1]


def test_webstatus_tells_what_hinders_it_until_it_is_mended(three, served, wait_for):
    address = served("three.py")
    text = (three.cwd / "three.py").read_text()
    three.write("three.py", "1 / 0\n")
    wait_for(lambda: looked_at(address)[0] == 503)
    page = looked_at(address)[1]
    assert ("ZeroDivisionError" in page, "refresh" in page) == (True, True)
    (three.cwd / "three.jugdata").write_text("no folder")
    three.write("three.py", text)
    wait_for(lambda: "three.jugdata is a file" in looked_at(address)[1])
    (three.cwd / "three.jugdata").unlink()
    wait_for(lambda: looked_at(address)[0] == 200)


def test_a_page_that_is_exported_is_one_file_that_asks_nobody(three):
    assert three("execute", "three.py").returncode == 0
    assert three("web", "three.py", "--export", "kept/here").stdout.startswith("kept/here/index.html shows")
    page = (three.cwd / "kept" / "here" / "index.html").read_text()
    assert "done: 3 of 3" in page
    assert "<script" not in page
    assert "token" not in page


def test_web_is_webstatus_by_another_name(jughpc):
    first, second = (jughpc(name, "--help").stdout.partition("\n")[2] for name in ("web", "webstatus"))
    assert first == second


def test_webstatus_serves_nothing_else(page):
    assert looked_at(at(page, "/three.py"))[0] == 404


def test_webstatus_says_when_it_cannot_listen(three):
    done = three("webstatus", "three.py", "--ip", "192.0.2.1")
    assert (done.returncode, "cannot listen on 192.0.2.1" in done.stderr) == (2, True)


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?TOKEN={}", "?token={}x"])
def test_webstatus_shows_nothing_without_its_token(page, query):
    parts = urlsplit(page)
    token = parts.query.removeprefix("token=")
    assert len(token) >= 32
    assert looked_at(f"http://{parts.netloc}/{query.format(token)}")[0] == 403


def test_webstatus_answers_under_no_name_that_a_name_server_could_have_said(page):
    assert refused(page, Host="evil.example") == 403
    assert refused(page, Host="127.0.0.1:8080") == 200


def test_webstatus_answers_no_page_of_others(page):
    assert refused(page, Origin="http://evil.example") == 403
    assert refused(page, Origin="null") == 403
    assert refused(page, Origin=f"http://{urlsplit(page).netloc}") == 200


def test_webstatus_answers_head_without_a_body(page):
    connection = http.client.HTTPConnection(urlsplit(page).netloc, timeout=30)
    connection.request("HEAD", f"/?{urlsplit(page).query}")
    answer = connection.getresponse()
    assert (answer.status, answer.read(), int(answer.headers["Content-Length"]) > 100) == (200, b"", True)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    connection.close()


def test_a_connection_that_says_nothing_keeps_nobody_waiting(page):
    parts = urlsplit(page)
    with socket.create_connection((parts.hostname, parts.port)):
        assert looked_at(page)[0] == 200


def test_webstatus_runs_the_jugfile_once_whoever_looks(jughpc, served, wait_for):
    jughpc.write("loud.py", "from jug import Task\nopen('loads', 'a').write('x')\nTask(abs, 1)\n")
    address = served("loud.py")
    for _ in range(3):
        assert looked_at(address)[0] == 200
    jughpc.write("loud.py", "from jug import Task\nopen('loads', 'a').write('x')\nTask(abs, 1), Task(abs, 2)\n")
    wait_for(lambda: "2 tasks" in looked_at(address)[1])
    assert (jughpc.cwd / "loads").read_text() == "xx"


def test_a_socket_is_its_owners_alone_and_goes_with_the_server(three):
    server = three.start("webstatus", "three.py", "--socket", "s", "--port", "9")
    query = urlsplit(server.stdout.readline().split()[0]).query
    path = three.cwd / "s"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    connection = http.client.HTTPConnection("localhost:9")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", f"/?{query}")
    assert b"three.double" in connection.getresponse().read()
    connection.close()
    server.send_signal(2)
    server.communicate(timeout=30)
    assert not path.exists()


def test_a_file_is_not_taken_for_a_socket(three):
    three.write("s", "mine")
    done = three("webstatus", "three.py", "--socket", "s")
    assert (done.returncode, "cannot listen at s" in done.stderr) == (2, True)
    assert (three.cwd / "s").read_text() == "mine"


def test_webstatus_warns_of_an_address_that_other_hosts_reach(three):
    server = three.start("webstatus", "three.py", "--ip", "0.0.0.0", "--port", "0")
    server.stdout.readline()
    server.send_signal(2)
    assert "other hosts reach 0.0.0.0" in server.communicate(timeout=30)[1]
