"""Whose files are used, with files of real other users where these tests run as root."""

from __future__ import annotations

import os
import stat

import pytest

from jughpc.config.layers import load
from jughpc.config.trust import TRUSTED, add, trust_of
from jughpc.errors import SettingError, TrustError

STRANGER = 65534
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make files of others")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture(params=["file", "folder"])
def thing(request, project):
    path = project / "thing"
    path.mkdir() if request.param == "folder" else path.write_text("")
    return path


def modes():
    return [mode for mode in range(0o1000) if mode & 0o700 == 0o700 and mode & 0o111 in (0o111, 0o100)]


def test_ones_own_is_used_unless_anybody_may_write_it(home, thing):
    trust = trust_of(home, {})
    for mode in modes():
        thing.chmod(mode)
        assert bool(trust.objection(thing)) == bool(mode & stat.S_IWOTH), oct(mode)


def test_what_is_absent_is_no_matter_of_trust(home, project):
    trust_of(home, {}).check(project / "absent")


def test_what_anybody_may_replace_is_refused_but_not_below_a_sticky_folder(home, project, thing):
    project.chmod(0o777)
    assert "anybody may put another in its place" in trust_of(home, {}).objection(thing)
    project.chmod(0o1777)
    assert trust_of(home, {}).objection(thing) == ""


def test_nothing_is_imported_from_where_anybody_may_put_modules_unless_that_folder_is_trusted(home, project):
    for mode in (0o700, 0o775, 0o2770):
        project.chmod(mode)
        trust_of(home, {}).check_imports(project)
    for mode in (0o777, 0o1777):
        project.chmod(mode)
        with pytest.raises(TrustError, match=r"anybody may put modules there.*jughpc trust /"):
            trust_of(home, {}).check_imports(project)
    add(home, project)
    trust_of(home, {}).check_imports(project)
    trust_of(home, {}).check_imports(project / "absent")


@root
def test_what_is_anothers_is_refused_with_its_owner_and_the_command(home, thing):
    os.chown(thing, STRANGER, -1)
    with pytest.raises(TrustError, match=r"it belongs to nobody\..*jughpc trust /"):
        trust_of(home, {}).check(thing)


@root
def test_a_link_of_ones_own_to_what_is_anothers_is_refused(home, project, thing):
    os.chown(thing, STRANGER, -1)
    (project / "link").symlink_to(thing)
    assert "nobody" in trust_of(home, {}).objection(project / "link")


@root
def test_by_sudo_the_files_of_who_typed_it_are_used(home, thing):
    os.chown(thing, STRANGER, -1)
    assert trust_of(home, {"SUDO_UID": str(STRANGER)}).objection(thing) == ""


def test_a_trusted_folder_covers_all_below_and_nothing_beside(home, project, tmp_path):
    (project / "deep").mkdir()
    for path in (project / "deep" / "x", tmp_path / "projectx"):
        path.write_text("")
        path.chmod(0o666)
    add(home, project)
    trust = trust_of(home, {})
    assert trust.objection(project / "deep" / "x") == ""
    assert trust.objection(tmp_path / "projectx")
    assert trust.objection(project / ".." / "projectx")
    assert stat.S_IMODE((home / TRUSTED).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["größe", "a\udcffb", "a b", "a\u2028b", "a\x1cb", "a\rb"])
def test_a_folder_of_any_name_is_trusted_and_no_other(home, tmp_path, name):
    (folder := tmp_path / name).mkdir()
    (folder / "x").write_text("")
    (folder / "x").chmod(0o666)
    add(home, folder)
    assert trust_of(home, {}).folders == (folder,)
    assert trust_of(home, {}).objection(folder / "x") == ""


def test_a_folder_whose_name_would_be_two_lines_is_not_trusted(home, tmp_path):
    (folder := tmp_path / "x\n" / "etc").mkdir(parents=True)
    with pytest.raises(TrustError, match="line break"):
        add(home, folder)


def test_to_trust_twice_says_it_once(home, project):
    add(home, project)
    add(home, project)
    assert (home / TRUSTED).read_text() == f"{project}\n"


def test_a_list_that_others_may_write_trusts_nobody(home, project):
    add(home, project)
    (home / TRUSTED).chmod(0o666)
    with pytest.raises(TrustError, match="others may write it"):
        trust_of(home, {})


def test_a_job_does_as_its_submitter_did(home, thing):
    thing.chmod(0o777)
    assert trust_of(home, {}, all_of_it=True).objection(thing) == ""


@pytest.mark.parametrize("name", ["jughpc.yaml", "jugrc", ".jugrc"])
def test_settings_that_anybody_may_write_are_refused_in_one_message(home, project, name):
    (project / name).write_text("setup: evil\n" if name.endswith("yaml") else "[main]\njugdir=evil\n")
    (project / name).chmod(0o666)
    with pytest.raises(SettingError, match="jughpc trust") as error:
        load(project, home, {}, trust=trust_of(home, {}), site=home / "none")
    assert "\n" not in str(error.value)
    add(home, project)
    load(project, home, {}, trust=trust_of(home, {}), site=home / "none")
