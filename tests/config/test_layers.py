"""Settings in layers, each knowing its origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jughpc.config.layers import load
from jughpc.config.settings import BUILT_IN, Settings, named
from jughpc.errors import SettingError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder two levels below a repository's root, beside a home folder."""
    (tmp_path / "home" / ".config").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "sub" / "here").mkdir(parents=True)
    return tmp_path


def settings(place, site="nosuch", given=None, **environ):
    return load(place / "repo" / "sub" / "here", place / "home", environ, given or {}, site=place / site)


def write(place, path, text):
    file = place / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_without_any_file_the_built_in_settings_hold(place):
    found = settings(place)
    assert found == Settings()
    assert {found.origin(name) for name in named()} == {BUILT_IN}


def test_each_layer_goes_before_the_one_below(place):
    layers = ["home/.config/jug/jugrc", "repo/.jugrc", "site", "home/.config/jughpc.yaml", "repo/jughpc.yaml",
              "repo/sub/here/jughpc.yaml"]  # fmt: skip
    for number, layer in enumerate(layers):
        text = f"[main]\njugdir={number}\n" if layer.endswith("jugrc") else f"jugdir: '{number}'\n"
        write(place, layer, text)
        found = settings(place, "site")
        assert (found.jugdir, found.origin("jugdir")) == (str(number), str(place / layer))
    found = settings(place, "site", JUGHPC_JUGDIR="mine")
    assert (found.jugdir, found.origin("jugdir")) == ("mine", "environment: JUGHPC_JUGDIR")
    assert not found.is_given("jugdir")
    found = settings(place, "site", {"jugdir": "typed"}, JUGHPC_JUGDIR="mine")
    assert (found.jugdir, found.origin("jugdir")) == ("typed", "command line: --jugdir")
    assert found.is_given("jugdir")


def test_files_above_the_repositorys_root_are_not_read(place):
    write(place, "jughpc.yaml", "partition: long\n")
    assert settings(place).partition is None


def test_without_a_repository_only_the_folder_itself_is_read(place):
    (place / "repo" / ".git").rmdir()
    write(place, "repo/jughpc.yaml", "partition: long\n")
    assert settings(place).partition is None
    write(place, "repo/sub/here/jughpc.yaml", "partition: short\n")
    assert settings(place).partition == "short"


def test_jugs_own_files_are_read_for_what_means_something_here(place):
    text = "[main]\njugfile=work.py\nwill-cite=yes\nnosuch=1\n[execute]\nkeep-going=1\nwait-cycle-time=5\n"
    write(place, "home/.jug/configrc", text)
    found = settings(place)
    assert (found.jugfile, found.keep_going) == ("work.py", True)
    assert found.origin("jugfile") == str(place / "home/.jug/configrc")


def test_only_the_first_of_jugs_files_at_home_is_read(place):
    write(place, "home/.config/jug/jugrc", "[main]\njugdir=first\n")
    write(place, "home/.jug/configrc", "[main]\njugdir=second\njugfile=second.py\n")
    assert (settings(place).jugdir, settings(place).jugfile) == ("first", "jugfile.py")


@pytest.mark.parametrize(("text", "value"), [("0", False), ("off", False), ("No", False), ("1", True), ("yes", True)])
def test_switches_are_read_as_jug_reads_them(place, text, value):
    write(place, "repo/jugrc", f"[main]\nshort={text}\n")
    assert settings(place).short is value
    assert settings(place, JUGHPC_SHORT=text).short is value


def test_a_percent_sign_in_jugs_files_stands_for_itself(place):
    write(place, "repo/.jugrc", "[main]\njugdir=%(jugfile)s-%(date)s\n")
    assert settings(place).jugdir == "%(jugfile)s-%(date)s"


def test_dashes_in_keys_are_as_good_as_underscores(place):
    write(place, "repo/jughpc.yaml", "keep-going: true\n")
    assert settings(place).keep_going is True


def test_setup_is_a_line_or_a_list_of_lines(place):
    write(place, "repo/jughpc.yaml", "setup: [module load python, ulimit -c 0]\n")
    assert settings(place).setup == ("module load python", "ulimit -c 0")
    assert settings(place, JUGHPC_SETUP="one\ntwo").setup == ("one", "two")


def test_an_unknown_key_is_an_error_that_lists_near_ones(place):
    write(place, "repo/jughpc.yaml", "partitoin: long\n")
    with pytest.raises(SettingError, match=r"there is no setting .partitoin.; did you mean partition"):
        settings(place)
    (place / "repo" / "jughpc.yaml").unlink()
    with pytest.raises(SettingError, match="JUGHPC_ROUND: there is no setting 'round'; did you mean rounds"):
        settings(place, JUGHPC_ROUND="1")


@pytest.mark.parametrize("name", ["OWNER", "ELEMENT", "ELEMENTS", "DEADLINE", "THREADS", "LOCAL_X", "REDIS_PASSWORD"])
def test_what_scripts_tell_workers_is_no_setting(place, name):
    assert settings(place, **{f"JUGHPC_{name}": "1"}) == Settings()


@pytest.mark.parametrize(("file", "text"), [
    ("jughpc.yaml", "a: [1"), ("jughpc.yaml", "- a\n"), ("jughpc.yaml", "ttl: soon\n"), (".jugrc", "no section\n"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_file(place, file, text):
    write(place, f"repo/{file}", text)
    with pytest.raises(SettingError, match=f"repo/{file}"):
        settings(place)


def test_all_that_is_wrong_in_all_layers_is_told_at_once(place):
    write(place, "home/.jug/configrc", "[main]\nshort=perhaps\n")
    write(place, "home/.config/jughpc.yaml", "mem: 4000\nnosuch: 1\n")
    write(place, "repo/jughpc.yaml", "cpus: -3\nqos: [a, b]\n")
    (place / "repo" / "sub" / "here" / "jughpc.yaml").write_bytes(b"account: caf\xe9\n")
    with pytest.raises(SettingError) as told:
        settings(place, given={"time": "soon"}, JUGHPC_TTL=".inf")
    head, *lines = str(told.value).splitlines()
    assert head == "8 settings are wrong:"
    starts = [
        "home/.jug/configrc: short: ",
        "home/.config/jughpc.yaml: mem: ",
        "home/.config/jughpc.yaml: there is no",
        "repo/jughpc.yaml: cpus: -3 is less",
        "repo/jughpc.yaml: qos: a list",
        "here/jughpc.yaml cannot be read: byte 12",
        "environment: JUGHPC_TTL: ",
        "command line: --time: ",
    ]
    for start in starts:
        assert any(start in line for line in lines), start


def test_what_is_wrong_in_a_layer_that_another_covers_is_told_too(place):
    write(place, "repo/jughpc.yaml", "cpus: -3\n")
    with pytest.raises(SettingError, match="cpus: -3 is less than 1; write a whole number, 1 or more"):
        settings(place, given={"cpus": "4"})


def test_a_pace_by_which_the_living_look_dead_is_refused_with_all_three_origins(place):
    write(place, "repo/jughpc.yaml", "ttl: 2m\n")
    with pytest.raises(SettingError, match=r"ttl=120 s is too short.*ttl 2m: .*repo/jughpc.yaml; |built in"):
        settings(place)
    assert settings(place, JUGHPC_LAG="0", JUGHPC_BEAT="59.5").ttl == 120.0


def test_a_key_that_stands_twice_in_a_file_is_refused(place):
    write(place, "repo/jughpc.yaml", "keep-going: yes\nkeep_going: no\n")
    with pytest.raises(SettingError, match="keep_going stands there twice"):
        settings(place)


@pytest.mark.parametrize(("text", "seconds"), [("1:30:00", 5400), ("90:00", 5400), ("2-12", 216000), ("30m", 1800)])
def test_yaml_reads_no_times_of_its_own(place, text, seconds):
    write(place, "repo/jughpc.yaml", f"time: {text}\n")
    assert settings(place).time == seconds


def test_numbers_that_are_names_stay_as_they_are_written(place):
    write(place, "repo/jughpc.yaml", "account: 0123\nqos: 1_000\npartition: 2024-01-01\n")
    found = settings(place)
    assert (found.account, found.qos, found.partition) == ("0123", "1_000", "2024-01-01")


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: !!python/object:os.system x\n", "? [a]\n: 1\n", "\0", "a: 1\n--- 2\n"]
)
def test_a_strange_file_is_refused_in_words(place, text):
    write(place, "repo/jughpc.yaml", text)
    with pytest.raises(SettingError, match=r"repo/jughpc\.yaml"):
        settings(place)


@pytest.mark.skipif("os.geteuid() == 0", reason="root may look everywhere")
def test_a_file_that_may_not_be_read_is_named(place):
    write(place, "repo/jughpc.yaml", "cpus: 1\n")
    (place / "repo" / "jughpc.yaml").chmod(0)
    with pytest.raises(SettingError, match=r"jughpc\.yaml cannot be read: Permission denied"):
        settings(place)


# what functions ask for


def asked(tmp_path, text, *given):
    (tmp_path / "jughpc.yaml").write_text(text)
    more = {"resources": given} if given else {}
    return load(tmp_path, tmp_path, {}, more, site=tmp_path / "nosuch").resources


def test_what_functions_ask_for_may_be_a_mapping_or_lines(tmp_path):
    as_mapping = asked(tmp_path, "resources: {train*: {gpus: 1, time: 4h}, merge: mem=32G}")
    assert as_mapping == asked(tmp_path, "resources: ['train*:gpus=1,time=4h', 'merge:mem=32G']")
    assert list(map(str, as_mapping)) == ["train*:gpus=1,time=4h", "merge:mem=32G"]


def test_what_a_higher_layer_says_of_functions_stands_behind_what_a_lower_one_does_unless_it_says_none(tmp_path):
    text = "resources: ['train*:gpus=1']"
    assert list(map(str, asked(tmp_path, text, "*:cpus=2"))) == ["train*:gpus=1", "*:cpus=2"]
    assert list(map(str, asked(tmp_path, text, "none", "*:cpus=2"))) == ["none", "*:cpus=2"]


def test_a_value_may_hold_commas(tmp_path):
    (rule,) = asked(tmp_path, "resources: {train: {partition: 'a,b', cpus: 2}}")
    assert (rule.ask.partition, rule.ask.cpus) == ("a,b", 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{train: {gpu: 1}}", "'train:gpu=1': there is no resource 'gpu'; write one of account, "),
        ("{train: 1}", "a mapping says nothing here; write a line such as"),
        ("[{train: {gpus: 1}}]", "a list of lists or mappings says nothing here; write a line such as"),
    ],
)
def test_what_is_wrong_with_what_functions_ask_for_is_told(tmp_path, text, words):
    with pytest.raises(SettingError, match=f"jughpc.yaml: resources: {re.escape(words)}"):
        asked(tmp_path, f"resources: {text}")
