"""Settings in layers, each knowing its origin."""

from __future__ import annotations

from pathlib import Path

import pytest

from jughpc.config import BUILT_IN, DEFAULTS, load
from jughpc.errors import SettingError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder two levels below a repository's root, beside a home folder."""
    (tmp_path / "home" / ".config").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "sub" / "here").mkdir(parents=True)
    return tmp_path


def settings(place, site="nosuch", **environ):
    return load(place / "repo" / "sub" / "here", place / "home", environ, place / site)


def write(place, path, text):
    file = place / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_without_any_file_the_built_in_settings_hold(place):
    found = settings(place)
    assert {key: setting.value for key, setting in found.items()} == dict(DEFAULTS)
    assert {setting.origin for setting in found.values()} == {BUILT_IN}


def test_each_layer_goes_before_the_one_below(place):
    layers = ["home/.config/jug/jugrc", "repo/.jugrc", "site", "home/.config/jughpc.yaml", "repo/jughpc.yaml",
              "repo/sub/here/jughpc.yaml"]  # fmt: skip
    for number, layer in enumerate(layers):
        text = f"[main]\njugdir={number}\n" if layer.endswith("jugrc") else f"jugdir: '{number}'\n"
        write(place, layer, text)
        setting = settings(place, "site")["jugdir"]
        assert (setting.value, setting.origin) == (str(number), str(place / layer))
    last = settings(place, "site", JUGHPC_JUGDIR="mine")["jugdir"]
    assert (last.value, last.origin) == ("mine", "environment: JUGHPC_JUGDIR")


def test_files_above_the_repositorys_root_are_not_read(place):
    write(place, "jughpc.yaml", "partition: long\n")
    assert settings(place)["partition"].value is None


def test_without_a_repository_only_the_folder_itself_is_read(place):
    (place / "repo" / ".git").rmdir()
    write(place, "repo/jughpc.yaml", "partition: long\n")
    assert settings(place)["partition"].value is None
    write(place, "repo/sub/here/jughpc.yaml", "partition: short\n")
    assert settings(place)["partition"].value == "short"


def test_jugs_own_files_are_read_for_what_means_something_here(place):
    text = "[main]\njugfile=work.py\nwill-cite=yes\nnosuch=1\n[execute]\nkeep-going=1\nwait-cycle-time=5\n"
    write(place, "home/.jug/configrc", text)
    found = settings(place)
    assert (found["jugfile"].value, found["keep_going"].value) == ("work.py", True)
    assert found["jugfile"].origin == str(place / "home/.jug/configrc")
    assert found.keys() == DEFAULTS.keys()


def test_only_the_first_of_jugs_files_at_home_is_read(place):
    write(place, "home/.config/jug/jugrc", "[main]\njugdir=first\n")
    write(place, "home/.jug/configrc", "[main]\njugdir=second\njugfile=second.py\n")
    assert (settings(place)["jugdir"].value, settings(place)["jugfile"].value) == ("first", "jugfile.py")


@pytest.mark.parametrize(("text", "value"), [("0", False), ("off", False), ("No", False), ("1", True), ("yes", True)])
def test_switches_are_read_as_jug_reads_them(place, text, value):
    write(place, "repo/jugrc", f"[main]\nshort={text}\n")
    assert settings(place)["short"].value is value
    assert settings(place, JUGHPC_SHORT=text)["short"].value is value


def test_a_percent_sign_in_jugs_files_stands_for_itself(place):
    write(place, "repo/.jugrc", "[main]\njugdir=%(jugfile)s-%(date)s\n")
    assert settings(place)["jugdir"].value == "%(jugfile)s-%(date)s"


def test_dashes_in_keys_are_as_good_as_underscores(place):
    write(place, "repo/jughpc.yaml", "keep-going: true\n")
    assert settings(place)["keep_going"].value is True


def test_setup_is_a_line_or_a_list_of_lines(place):
    write(place, "repo/jughpc.yaml", "setup: [module load python, ulimit -c 0]\n")
    assert settings(place)["setup"].value == ("module load python", "ulimit -c 0")
    assert settings(place, JUGHPC_SETUP="one\ntwo")["setup"].value == ("one", "two")


def test_an_unknown_key_is_an_error_that_lists_near_ones(place):
    write(place, "repo/jughpc.yaml", "partitoin: long\n")
    with pytest.raises(SettingError, match=r"there is no setting .partitoin.; did you mean partition"):
        settings(place)
    (place / "repo" / "jughpc.yaml").unlink()
    with pytest.raises(SettingError, match="JUGHPC_ROUND: there is no setting 'round'; did you mean rounds"):
        settings(place, JUGHPC_ROUND="1")


@pytest.mark.parametrize("name", ["OWNER", "ELEMENT", "ELEMENTS", "DEADLINE", "THREADS", "LOCAL_X", "REDIS_PASSWORD"])
def test_what_scripts_tell_workers_is_no_setting(place, name):
    assert settings(place, **{f"JUGHPC_{name}": "1"}).keys() == DEFAULTS.keys()


@pytest.mark.parametrize(("file", "text"), [
    ("jughpc.yaml", "a: [1"), ("jughpc.yaml", "- a\n"), ("jughpc.yaml", "ttl: soon\n"), (".jugrc", "no section\n"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_file(place, file, text):
    write(place, f"repo/{file}", text)
    with pytest.raises(SettingError, match=f"repo/{file}"):
        settings(place)
