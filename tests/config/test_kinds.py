"""Every setting in every layer: what is good becomes a typed value, what is bad is refused in the same words."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jughpc.config.kinds import FLAG, Odd
from jughpc.config.layers import load
from jughpc.config.settings import Settings, named
from jughpc.errors import SettingError

NOTHING = Path("/nosuch")
_TEXTS = (
    ["a", "long.q@host", "é", "x y", "-3", "%(jugfile)s"],
    ["", " ", "a\nb", "a\tb", "\x1b[0m", "a\0b", "\udcff", "a\u2028b"],
)
_NUMBERS = ["-3", "1.5", ".inf", "nan", "null", "true", "4G", "90m", "", "\udcff", "1_000", "٣", "9" * 12, "[1]"]
_TIMES = ["-5m", "soon", ".inf", "nan", "null", "true", "4G", "", "\udcff", "9" * 400 + "d", "4000d", "[1]", "1e3"]
_SIZES = ["4000", "lots", "-4G", ".inf", "nan", "90h", "true", "", "\udcff", "9" * 400 + "T", "0G", "0.0001K", "[1]"]

GOOD_AND_BAD = {  # by what there is to be written
    "a whole number, 0 or more": (["0", "4", " 12 "], _NUMBERS),
    "a whole number, 1 or more": (["1", "4"], [*_NUMBERS, "0"]),
    "a whole number, 1 or more, or auto": (["1", "4", " auto "], [*_NUMBERS, "0", "Auto", "4097"]),
    "done or any": (["done", "any", " any "], ["", "Any", "all", "4"]),
    "apptainer or singularity or podman or charliecloud": (
        ["apptainer", "podman", " charliecloud "], ["", "Podman", "docker", "4", "\udcff"],
    ),
    "fork or spawn": (["fork", "spawn", " spawn "], ["", "Fork", "forkserver", "4", "\udcff"]),
    "a time such as 90m, 1h30m or 2-12:00:00": (["90m", "1:30:00", "2-12", "1.5d"], [*_TIMES, "90", "0s", "0.5s"]),
    "seconds, or a time such as 15s or 3m": (["170", "2m", "150.5"], [*_TIMES, "-1", "0"]),
    "seconds, 0 or more, or a time such as 15s or 3m": (["0", "10", "1m"], [*_TIMES, "-1"]),
    "a size such as 4G or 512M": (["4G", "512M", "1.5 TiB"], _SIZES),
    "yes or no": (["yes", "no", "True", "0", "off"], ["maybe", "2", ".inf", "nan", "null", "4G", "\udcff"]),
    "a line, or a list of lines": (["a", "a\nb", "\tindented", ""], ["a\rb", "a\0b", "\udcff", "\x1b[0m"]),
    "a line such as train*:gpus=1,time=4h, or a list of such lines": (
        ["*:cpus=2", "f:time=90m,mem=4G\ng:tasks=3", "none", ""],
        ["f", "f:", ":cpus=2", "f:cpus", "f:cpus=0", "f:cpu=2", "f:cpus=1,cpus=2", "f:mem=\0"],
    ),
    "a line such as short:time<=4h,array<=16, or a list of such lines": (
        ["long", "short:time<=4h,array<=16\nlong", "fat: mem >= 1T", ""],
        [":time<=4h", "short:time<4h", "short:tiem<=4h", "short:time<=soon", "short:4h", "a\0"],
    ),
    "some of account, cpus, gpus, mem, partition, place, project, qos, select, time": (
        ["mem", "mem,cpus", "mem\ncpus", ""], ["memory", "mem cpus", "\0"],
    ),
    "a factor such as 2x or 1.5x": (["2x", "1.5x", " 10x "], ["", "2", "x", "1x", "0.5x", "101x", "2X", "nan"]),
    "a text of one line": _TEXTS,
    "a path": _TEXTS,
}  # fmt: skip
PACE = {"beat": "1", "lag": "1", "ttl": "1000"}  # leaves each of them room
GOOD = [(name, text) for name, setting in named().items() for text in GOOD_AND_BAD[setting.kind.write][0]]
BAD = [(name, text) for name, setting in named().items() for text in GOOD_AND_BAD[setting.kind.write][1]]
YAML = [(name, text) for name, setting in named().items() for text in ("null", "~", "", "{a: 1}", "[[a]]", "[a, null]")]


RAW = st.text() | st.from_regex(r"[-+.0-9a-zA-Z:]{1,8}") | st.tuples(st.text()) | st.builds(Odd, st.text(), st.text())


def layers(name):
    """Return which layers may say a setting."""
    more = {"ini": named()[name].is_jugs, "cli": named()[name].is_option}
    return ["yaml", "environment", *(layer for layer, may in more.items() if may)]


def said(folder, layer, name, text):
    """Return the settings where one layer says one of them."""
    environ = {f"JUGHPC_{key.upper()}": value for key, value in PACE.items() if key != name}
    if name == "profile":
        (folder / "jughpc.yaml").write_text(f"profiles: {json.dumps({text: {'cpus': 1}})}\n")
    if layer == "yaml":
        with (folder / "jughpc.yaml").open("a") as file:
            file.write(f"{name}: {json.dumps(text)}\n")
    if layer == "ini":
        (folder / ".jugrc").write_text(f"[main]\n{name}={text}\n")
    if layer == "environment":
        environ[f"JUGHPC_{name.upper()}"] = text
    return load(folder, NOTHING, environ, {name: text} if layer == "cli" else {}, site=NOTHING)


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_a_good_value_means_the_same_in_each_layer(tmp_path, name, text):
    values = set()
    for layer in layers(name):
        if layer == "ini" and "\n" in text:
            continue
        folder = tmp_path / layer
        folder.mkdir()
        found = said(folder, layer, name, text)
        values.add(getattr(found, name))
        assert found.origin(name) != "built in"
    assert len(values) == 1
    assert is_typed(name, values.pop())


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_value_is_refused_in_the_same_words_in_each_layer(tmp_path, name, text):
    words = set()
    for layer in layers(name):
        if layer == "ini" and text != text.strip().encode(errors="ignore").decode().replace("\n", "").replace("\0", ""):
            continue  # an ini file cannot say it
        folder = tmp_path / layer
        folder.mkdir()
        with pytest.raises(SettingError) as told:
            said(folder, layer, name, text)
        origin, _, rest = str(told.value).partition(": ")
        place = {"yaml": f"{folder}/jughpc.yaml", "ini": f"{folder}/.jugrc", "cli": "command line"}.get(layer, layer)
        assert origin == place
        key, _, fact = rest.partition(": ")
        assert key in (name, f"JUGHPC_{name.upper()}", named()[name].option)
        words.add(fact)
    assert len(words) == 1
    assert "write " in words.pop().lower()


@pytest.mark.parametrize(("name", "text"), YAML)
def test_what_only_yaml_can_say_is_refused(tmp_path, name, text):
    (tmp_path / "jughpc.yaml").write_text(f"{name}: {text}\n")
    with pytest.raises(SettingError, match=f"jughpc.yaml: {name}: (null|a mapping|a list).* says nothing here; write "):
        load(tmp_path, NOTHING, {}, site=NOTHING)


@pytest.mark.parametrize("name", [name for name, one in named().items() if not one.kind.many and one.kind is not FLAG])
@pytest.mark.parametrize("text", ["yes", "off", "true", "[1, 2]", "[]"])
def test_a_switch_or_a_list_is_refused_where_something_else_is_meant(tmp_path, name, text):
    (tmp_path / "jughpc.yaml").write_text(f"{name}: {text}\n")
    with pytest.raises(SettingError, match=f"{name}: (the switch {re.escape(text)}|a list) says nothing"):
        load(tmp_path, NOTHING, {}, site=NOTHING)


def test_a_switch_in_yaml_is_a_switch(tmp_path):
    (tmp_path / "jughpc.yaml").write_text("keep_going: on\nshort: 1\nsetup: []\n")
    found = load(tmp_path, NOTHING, {}, site=NOTHING)
    assert (found.keep_going, found.short, found.setup) == (True, True, ())


@pytest.mark.parametrize("name", named())
@settings(deadline=None, max_examples=60)
@given(text=RAW)
def test_any_text_is_refused_or_becomes_a_value_that_a_script_can_carry(name, text):
    kind = named()[name].kind
    try:
        value = kind.read(text)
    except SettingError:
        return
    assert is_typed(name, value)
    assert kind.write == "a size such as 4G or 512M" or kind.many or kind.read(kind.show(value)) == value


def is_typed(name, value):
    """Return whether a value is of its setting's last type and range."""
    write = named()[name].kind.write
    if write.startswith("a whole number"):
        return type(value) is int and int("1 or" in write and "auto" not in write) <= value < 2**31
    if write.startswith(("a time", "seconds")):
        return type(value) is float and 0 <= value < math.inf
    if write.startswith("a size"):
        return type(value) is int and 1 <= value <= 1 << 60
    if write.startswith("a factor"):
        return type(value) is float and 1 < value <= 100
    if write == "yes or no":
        return type(value) is bool
    lines = map(str, value) if isinstance(value, tuple) else (str(value),)
    return all(line.replace("\t", "").isprintable() or not (set(line) & set("\n\r\0\x1b\u2028\x85")) for line in lines)


def test_no_setting_is_without_a_kind_that_is_tried_here():
    assert {setting.kind.write for setting in named().values()} == GOOD_AND_BAD.keys()
    assert set(named()) == {key for key in vars(Settings()) if key != "origins"}
