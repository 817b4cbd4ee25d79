from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from jughpc.errors import JugdirError, SettingError
from jughpc.store.base import Pace
from jughpc.store.files.charter import STORE, Charter, find_charter, publish_charter
from jughpc.store.files.opening import make_store, open_store
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles


def make(jugdir, tasks=2000, pace=None):
    return make_store(jugdir, tasks, "1.2.3", pace or Pace(), HandClock())


def test_there_is_no_store_in_an_absent_folder(tmp_path):
    assert open_store(tmp_path / "none.jugdata") is None


def test_there_is_no_store_in_an_empty_folder(tmp_path):
    assert open_store(tmp_path) is None


def test_looking_for_a_store_makes_nothing(tmp_path):
    open_store(tmp_path / "none.jugdata")
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_made_with_the_folders_above_it(tmp_path):
    make(tmp_path / "a" / "b.jugdata")
    assert [path.name for path in (tmp_path / "a" / "b.jugdata").iterdir()] == [STORE]


def test_a_store_is_opened_as_it_was_made(tmp_path):
    pace = Pace(beat=1.0, lag=2.0, ttl=7.0)
    made = make(tmp_path, tasks=2000, pace=pace)
    found = open_store(tmp_path)
    assert found is not None
    assert (found.shards, found.pace) == (made.shards, pace) == (4, pace)


def test_a_store_that_exists_keeps_its_shards_and_pace(tmp_path):
    make(tmp_path, tasks=2000)
    again = make(tmp_path, tasks=10**6, pace=Pace(ttl=999.0))
    assert (again.shards, again.pace) == (4, Pace())


def test_of_many_makers_all_get_the_same_store(tmp_path):
    shards = []
    makers = [
        threading.Thread(target=lambda n=n: shards.append(make(tmp_path / "jd", tasks=2000 << n).shards))
        for n in range(8)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(shards) == 8
    assert len(set(shards)) == 1
    assert [path.name for path in (tmp_path / "jd").iterdir()] == [STORE]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "jd").write_text("mine")
    for action in (open_store, make):
        with pytest.raises(JugdirError, match=r"jd is a file.*--jugdir"):
            action(tmp_path / "jd")
    assert (tmp_path / "jd").read_text() == "mine"


def test_a_file_further_up_is_an_error_too(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(JugdirError, match=r"file/jd.*file.*--jugdir"):
        make(tmp_path / "file" / "jd")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    for action in (open_store, make):
        with pytest.raises(JugdirError, match=r"belongs to something else.*thesis\.tex.*--jugdir"):
            action(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_of_jugs_is_left_alone(tmp_path):
    for name in ("locks", "tempfiles", "ab"):
        (tmp_path / name).mkdir()
    with pytest.raises(JugdirError, match=r"was written by jug.*--jugdir"):
        make(tmp_path)


def test_hidden_names_are_nobodys(tmp_path):
    (tmp_path / ".nfs0000000000000001").write_text("")
    make(tmp_path)
    assert open_store(tmp_path) is not None


def test_a_folder_that_cannot_be_made_is_named_with_the_reason():
    with pytest.raises(JugdirError, match=r"/proc/jd cannot be used: .*--jugdir"):
        make(Path("/proc/jd"))


TEXTS = ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "shard_bits": "many"}', '"text"']


@pytest.mark.parametrize("text", TEXTS)
def test_a_damaged_charter_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / STORE).write_text(text)
    with pytest.raises(JugdirError, match=rf"{STORE} is damaged.*--jugdir"):
        open_store(tmp_path, HandClock())


def test_a_charter_of_a_later_format_names_the_version_to_use(tmp_path):
    (tmp_path / STORE).write_text('{"format": 2, "version": "9.1"}\n')
    with pytest.raises(JugdirError, match=r"format 2.*format 1.*jughpc 9\.1"):
        open_store(tmp_path, HandClock())


def test_a_charter_with_impossible_shards_is_damaged(tmp_path):
    make(tmp_path)
    fields = json.loads((tmp_path / STORE).read_text())
    (tmp_path / STORE).write_text(json.dumps({**fields, "shard_bits": 15}) + "}\n")
    with pytest.raises(JugdirError, match="damaged"):
        open_store(tmp_path, HandClock())


def test_a_charter_whose_pace_is_unsafe_says_so(tmp_path):
    make(tmp_path)
    fields = json.loads((tmp_path / STORE).read_text())
    del fields["crc"]
    (tmp_path / STORE).write_text(json.dumps({**fields, "ttl": 20.0}, indent=1) + "\n")
    with pytest.raises(SettingError, match="ttl=20 s is too short"):
        open_store(tmp_path)


def test_the_charter_can_be_read_by_people(tmp_path):
    make(tmp_path)
    fields = json.loads((tmp_path / STORE).read_text())
    assert len(fields.pop("crc")) == 8
    assert fields == {"format": 1, "version": "1.2.3", "shard_bits": 2, "beat": 15.0, "lag": 60.0, "ttl": 180.0}


@pytest.mark.parametrize(
    ("beat", "lag", "ttl"), [(15, 60, 150), (15, 60, float("nan")), (0, 60, 180), (-1, 0, 1), (15, -1, 180)]
)
def test_a_pace_at_which_the_living_look_dead_is_refused(beat, lag, ttl):
    with pytest.raises(SettingError):
        Pace(beat, lag, ttl)


# where hard links are refused


def refusing(disk):
    return SimFiles(Client(disk), Orders(), links=False)


def test_without_hard_links_the_first_charter_holds_too(tmp_path):
    clock = HandClock()
    disk = Disk(clock.now)
    for bits in (3, 5):
        publish_charter(refusing(disk), Charter(bits, Pace()), "1.2.3")
    charter = find_charter(refusing(disk), clock, tmp_path)
    assert charter is not None
    assert charter.bits == 3
    assert disk.names("") == [STORE]


def test_a_charter_still_on_its_way_is_waited_for(tmp_path):
    clock = HandClock()
    files = refusing(Disk(clock.now))
    publish_charter(files, Charter(3, Pace()), "1.2.3")
    text = files.read(STORE)
    files.rewrite(STORE, b" " * len(text))

    class ArrivesLate(HandClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            if self.time > 2:
                files.rewrite(STORE, text)

    charter = find_charter(files, ArrivesLate(), tmp_path)
    assert charter is not None
    assert charter.bits == 3


def test_the_lost_reply_to_the_link_of_a_charter_does_no_harm(tmp_path):
    clock = HandClock()
    disk, orders = Disk(clock.now), Orders()
    orders.lose_reply("link")
    publish_charter(SimFiles(Client(disk), orders), Charter(3, Pace()), "1.2.3")
    charter = find_charter(refusing(disk), clock, tmp_path)
    assert charter is not None
    assert charter.bits == 3
