"""What a fork would lose is found out before it is made."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import threading
from multiprocessing import resource_tracker

import pytest

from jughpc.worker.forking import Scene, doubts, forbids, scene

BEFORE = Scene({0: "/dev/null", 3: "socket:[1]"})
GPUS = ["/dev/nvidia-uvm", "/dev/kfd"]


def doubted(own="", **after):
    files = {**BEFORE.files, **after.pop("files", {})}
    return list(doubts(BEFORE, Scene(files, **after), own))


def test_what_was_there_before_the_load_is_no_matter():
    assert doubted() == []
    assert forbids(BEFORE, BEFORE) == ""


@pytest.mark.parametrize("path", GPUS)
def test_who_computes_on_a_gpu_while_it_loads_cannot_be_forked(path):
    assert path in forbids(BEFORE, Scene({5: path}))


@pytest.mark.parametrize("path", ["/dev/nvidiactl", "/dev/nvidia0", "/dev/dri/renderD128"])
def test_who_only_counts_gpus_can(path):
    assert forbids(BEFORE, Scene({5: path})) == ""


def test_who_holds_both_ends_of_a_pipe_cannot_be_forked_as_workers_would_take_each_others_results():
    before, queue = scene(), multiprocessing.SimpleQueue()
    assert "queue" in forbids(before, scene())
    queue.close()
    assert forbids(before, scene()) == ""


@pytest.mark.parametrize("path", ["pipe:[1]", "/dev/ptmx", "/dev/pts/ptmx"])
def test_who_talks_to_a_program_cannot_be_forked_as_workers_would_get_each_others_answers(path):
    assert "a program that it talks to" in forbids(BEFORE, Scene({5: path, 6: "/dev/pts/1"}))


def test_an_event_loop_is_of_one_process_alone():
    before, loop = scene(), asyncio.new_event_loop()
    assert "an event loop" in forbids(before, scene())
    loop.close()
    assert forbids(before, scene()) == ""


def test_who_is_connected_to_a_server_cannot_be_forked_as_workers_would_get_each_others_answers():
    before = scene()
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert forbids(before, scene()) == ""
        with socket.create_connection(server.getsockname()):
            assert "connected to a server" in forbids(before, scene())
    end, other = socket.socketpair()
    with end, other:
        assert forbids(before, scene()) == ""


def test_the_pipe_to_what_removes_shared_memory_is_one_for_all_forks():
    before = scene()
    resource_tracker.ensure_running()
    assert forbids(before, scene()) == ""


@pytest.mark.parametrize(
    ("libraries", "told"),
    [
        ({"libgomp.so.1", "libopenblas.so"}, "libgomp.so.1"),
        ({"libopenblas64_p-r0-0cf96a72.so"}, ""),
        ({"libscipy_openblas64_-fdde5778.so"}, ""),
        ({"libc.so.6"}, "unknown"),
    ],
)
def test_threads_of_compiled_code_are_told_unless_their_library_can_be_forked(libraries, told):
    words = doubted(compiled=4, libraries=frozenset(libraries))
    assert [told in one for one in words] == ([True] if told else [])


def test_connections_and_files_that_would_be_shared_are_told_but_for_our_own():
    words = doubted(
        "/a/x.jugdata", files={7: "socket:[2]", 8: "/a/data.h5", 9: "/a/x.jugdata/shards/0", 10: "/dev/null"}
    )
    assert ["sockets" in one for one in words] == [True, False]
    assert "/a/data.h5" in words[1]
    assert "jugdata" not in words[1]


def test_this_process_is_seen_as_it_is():
    before = scene()
    end, wire = threading.Event(), socket.socket()
    thread = threading.Thread(target=end.wait, name="a watcher")
    thread.start()
    with wire, open(os.devnull):
        words, reason = list(doubts(before, scene(), "")), forbids(before, scene())
    end.set()
    thread.join()
    assert len(words) == 1
    assert "sockets open (1)" in words[0]
    assert "a watcher" in reason


def test_a_thread_that_no_task_waits_for_is_no_reason():
    class Monitor(threading.Thread):  # as tqdm's
        pass

    Monitor.__module__ = "tqdm._monitor"
    before, end = scene(), threading.Event()
    thread = Monitor(target=end.wait)
    thread.start()
    assert forbids(before, scene()) == ""
    end.set()
    thread.join()
