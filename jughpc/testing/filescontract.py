"""What every `Files` must do. Subclass it in a test module and give it the fixtures `files` and `peer`."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from jughpc.fs import Files


class FilesContract:
    """Tests of one shared folder that starts empty.

    Fixtures of the subclass: `files`, and `peer`, the same folder as another client sees it.
    """

    def test_names_of_an_absent_folder_are_none(self, files: Files) -> None:
        assert files.names("nowhere") == []

    def test_the_root_lists_its_folders_and_files(self, files: Files) -> None:
        files.write("file", [b"x"])
        files.make_folder("folder")
        assert sorted(files.names("")) == ["file", "folder"]

    def test_a_peer_lists_a_new_name_at_once_in_a_folder_that_it_found_absent(self, files: Files, peer: Files) -> None:
        assert peer.names("shards/00") == []
        files.write("shards/00/result", [b"x"])
        assert peer.names("shards/00") == ["result"]

    def test_a_peer_lists_a_new_name_at_once_that_it_failed_to_read(self, files: Files, peer: Files) -> None:
        files.write("shards/00/one", [b"x"])
        with pytest.raises(FileNotFoundError):
            peer.read("shards/00/two")
        files.write("shards/00/two", [b"x"])
        assert sorted(peer.names("shards/00")) == ["one", "two"]
        assert peer.read("shards/00/two") == b"x"

    def test_a_name_that_is_gone_is_listed_no_more(self, files: Files, peer: Files) -> None:
        files.write("folder/name", [b"x"])
        assert peer.names("folder") == ["name"]
        files.remove("folder/name")
        assert peer.names("folder") == []

    def test_a_peer_lists_each_of_many_changes_that_follow_at_once(self, files: Files, peer: Files) -> None:
        for number in range(20):
            files.write(f"folder/{number}", [b"x"])
            assert peer.names("folder") == [str(number)]
            files.remove(f"folder/{number}")
            assert peer.names("folder") == []

    def test_what_was_written_in_parts_is_read_as_one(self, files: Files, peer: Files) -> None:
        files.write("folder/name", [b"one ", bytearray(b"two "), memoryview(b"three")])
        assert peer.read("folder/name") == b"one two three"

    def test_a_read_can_be_limited(self, files: Files) -> None:
        files.write("name", [b"0123456789"])
        assert files.read("name", 4) == b"0123"
        assert files.read("name", 40) == b"0123456789"

    def test_a_limit_far_beyond_the_end_costs_no_memory(self, files: Files) -> None:
        files.write("name", [b"short"])
        assert files.read("name", 1 << 45) == b"short"

    def test_reading_what_is_absent_is_file_not_found(self, files: Files) -> None:
        for look in (files.read, files.map):
            with pytest.raises(FileNotFoundError):
                look("nothing")

    def test_a_map_holds_the_content(self, files: Files, peer: Files) -> None:
        files.write("name", [b"0123456789" * 1000])
        assert bytes(peer.map("name")) == b"0123456789" * 1000

    def test_a_map_of_an_empty_file_is_empty(self, files: Files) -> None:
        files.write("name", [])
        assert bytes(files.map("name")) == b""

    def test_changing_a_map_changes_no_file(self, files: Files, peer: Files) -> None:
        files.write("name", [b"content"])
        files.map("name")[0:1] = b"X"
        assert peer.read("name") == b"content"

    def test_writing_makes_the_folders_on_the_way(self, files: Files) -> None:
        files.write("a/b/c", [b"x"])
        assert (files.names("a"), files.names("a/b")) == (["b"], ["c"])

    def test_an_empty_file_can_be_written(self, files: Files, peer: Files) -> None:
        files.write("complete/00.marker", [])
        assert peer.names("complete") == ["00.marker"]
        assert peer.read("complete/00.marker") == b""

    def test_writing_never_replaces(self, files: Files, peer: Files) -> None:
        files.write("name", [b"first"])
        with pytest.raises(FileExistsError):
            peer.write("name", [b"second"])
        assert files.read("name") == b"first"

    def test_saving_makes_the_folders_on_the_way(self, files: Files, peer: Files) -> None:
        files.save("a/b/c", [b"one ", b"two"])
        assert peer.names("a/b") == ["c"]
        assert peer.read("a/b/c") == b"one two"

    def test_saving_replaces_all_of_the_content(self, files: Files, peer: Files) -> None:
        files.write("name", [b"a long content"])
        files.save("name", [b"short"])
        assert peer.read("name") == b"short"

    def test_an_empty_file_can_be_saved_again(self, files: Files, peer: Files) -> None:
        files.save("complete/00.marker", [])
        peer.save("complete/00.marker", [])
        assert files.names("complete") == ["00.marker"]

    def test_a_rewrite_is_read_at_once(self, files: Files, peer: Files) -> None:
        files.write("name", [b"beat 1, and the rest"])
        assert peer.read("name") == b"beat 1, and the rest"
        for beat in (b"beat 2", b"beat 3", b"beat 4"):
            files.rewrite("name", beat)
            assert peer.read("name") == beat + b", and the rest"

    def test_a_rewrite_creates_nothing(self, files: Files) -> None:
        with pytest.raises(FileNotFoundError):
            files.rewrite("name", b"x")
        assert files.names("") == []

    def test_a_rewrite_shows_under_every_name(self, files: Files, peer: Files) -> None:
        files.write("workers/life", [b"beat 1"])
        files.link("workers/life", "shards/00/claim")
        files.rewrite("workers/life", b"beat 2")
        assert peer.read("shards/00/claim") == b"beat 2"

    def test_a_rename_moves_the_content(self, files: Files, peer: Files) -> None:
        files.write("folder/old", [b"content"])
        files.rename("folder/old", "folder/new")
        assert peer.names("folder") == ["new"]
        assert peer.read("folder/new") == b"content"

    def test_a_rename_replaces(self, files: Files) -> None:
        files.write("folder/old", [b"new content"])
        files.write("folder/new", [b"former content"])
        files.rename("folder/old", "folder/new")
        assert files.names("folder") == ["new"]
        assert files.read("folder/new") == b"new content"

    def test_renaming_what_is_absent_is_file_not_found(self, files: Files) -> None:
        with pytest.raises(FileNotFoundError):
            files.rename("old", "new")

    def test_a_link_is_a_second_name(self, files: Files, peer: Files) -> None:
        files.write("workers/life", [b"record"])
        files.link("workers/life", "shards/00/claim")
        files.remove("workers/life")
        assert peer.read("shards/00/claim") == b"record"

    def test_a_link_never_replaces(self, files: Files, peer: Files) -> None:
        files.write("a", [b"a"])
        files.write("b", [b"b"])
        files.link("a", "claim")
        with pytest.raises(FileExistsError):
            peer.link("b", "claim")
        assert files.read("claim") == b"a"

    def test_linking_what_is_absent_is_file_not_found(self, files: Files) -> None:
        with pytest.raises(FileNotFoundError):
            files.link("nothing", "claim")

    def test_removing_what_is_absent_is_no_error(self, files: Files) -> None:
        files.remove("nothing")
        files.remove("nowhere/nothing")

    def test_a_folder_can_be_made_twice(self, files: Files, peer: Files) -> None:
        files.make_folder("a/b")
        peer.make_folder("a/b")
        assert files.names("a") == ["b"]

    def test_of_many_writers_exactly_one_creates(self, files: Files, peer: Files) -> None:
        def create(by: Files) -> None:
            by.write("claim", [b"mine"])

        assert _winners(create, [files, peer] * 4) == 1

    def test_of_many_linkers_exactly_one_wins(self, files: Files, peer: Files) -> None:
        files.write("record", [b"mine"])

        def link(by: Files) -> None:
            by.link("record", "claim")

        assert _winners(link, [files, peer] * 4) == 1

    def test_what_is_touched_stays_what_it_was(self, files: Files, peer: Files) -> None:
        files.write("folder/name", [b"one"])
        peer.touch("folder/name")
        assert (files.read("folder/name"), files.names("folder")) == (b"one", ["name"])

    def test_what_is_absent_is_not_made_by_touching_it(self, files: Files) -> None:
        with pytest.raises(FileNotFoundError):
            files.touch("folder/name")
        assert files.names("folder") == []


def _winners(attempt: Callable[[Files], None], clients: list[Files]) -> int:
    """Return how many of the clients, all at once, succeed in what only one can."""
    won: list[bool] = []

    def run(files: Files) -> None:
        try:
            attempt(files)
        except FileExistsError:
            return
        won.append(True)

    threads = [threading.Thread(target=run, args=(files,)) for files in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)
