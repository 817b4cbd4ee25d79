"""Which jugfile and jugdir a command means."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from jughpc.app.context.kept import key_of
from jughpc.app.context.target import MEMORY, Target, Usual, choose, remember, remembering, resolve
from jughpc.errors import JugdirError, UsageError
from jughpc.store.location import Folder, Server, parse

PASSWORD = "s3cret"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "primes.py").touch()
    return tmp_path


def _remember(here: Path, jugdir: str) -> list[str]:
    said: list[str] = []
    remember(here, Target(Path("primes.py"), parse(jugdir)), said.append)
    return said


def test_a_jugdir_is_remembered_as_it_was_spelled(here: Path) -> None:
    assert _remember(here, "there") == []
    assert json.loads((here / MEMORY).read_text())["jugdir"] == "there"
    assert choose(here, None, None, (), Usual()).location == Folder(here / "there")


def test_a_password_is_not_remembered_and_that_is_said(here: Path) -> None:
    (told,) = _remember(here, f"redis://ada:{PASSWORD}@node1")
    assert "JUGHPC_REDIS_PASSWORD" in told
    assert "~/.config/jughpc.redis" in told
    assert PASSWORD not in told + (here / MEMORY).read_text()
    assert choose(here, None, None, (), Usual()).location == parse("redis://node1")


def test_a_remembered_jugdir_of_no_kind_is_refused_unless_another_is_named(here: Path) -> None:
    (here / MEMORY).write_text(json.dumps({"jugfile": "primes.py", "jugdir": "file_keepalive:x", "args": []}))
    with pytest.raises(JugdirError, match="file_keepalive:"):
        choose(here, None, None, (), Usual())
    assert choose(here, None, "there", (), Usual()).location == Folder(here / "there")


def test_a_jugfile_with_a_colon_in_its_name_has_a_folder_of_that_name(here: Path) -> None:
    assert resolve("%(jugfile)s.jugdata", "run:1.py", "") == Folder(here / "run:1.jugdata")


def test_a_redis_store_is_the_jugfiles_own_unless_its_address_names_a_namespace(here: Path) -> None:
    one, other = (resolve("redis://node1", name, "") for name in ("one.py", "other.py"))
    assert one != other
    assert resolve("redis://node1?namespace=x", "one.py", "") == parse("redis://node1?namespace=x")


def test_a_jugfile_is_remembered_before_anything_can_go_wrong_and_not_if_it_was_refused(here: Path) -> None:
    (here / "one.py").touch()
    first, second = (Target(Path(name), parse("x.jugdata")) for name in ("one.py", "two.py"))
    with suppress(KeyboardInterrupt), remembering(here, first, print):
        raise KeyboardInterrupt
    assert choose(here, None, None, (), Usual()).jugfile == Path("one.py")
    with suppress(UsageError), remembering(here, second, print):
        raise UsageError("it was refused")
    assert choose(here, None, None, (), Usual()).jugfile == Path("one.py")


@pytest.mark.parametrize(
    "name", ["a&b", "a#b", "a%41", "a+b", "a=b", "a;b", "a b", "größe", "a\udcffb", "a\nb", "?", "x" * 200]
)
def test_whatever_a_jugfile_is_called_its_redis_store_is_its_own(here: Path, name: str) -> None:
    (here / "other").mkdir()
    stores = [resolve("redis://node1", f"{folder}{name}.py", "") for folder in ("", "other/")]
    assert len({store.address.namespace for store in stores if isinstance(store, Server)}) == 2
    assert [parse(store.spell()) for store in stores] == stores


@pytest.mark.parametrize("name", ["a\udcffb", "größe", "a\nb", "\ud800"])
def test_a_load_has_a_key_whatever_bytes_its_jugfile_and_its_arguments_are(name: str) -> None:
    keys = {key_of(Target(Path(f"{one}.py"), parse("d"), (two,)), b"") for one in ("x", name) for two in ("x", name)}
    assert len(keys) == 4
