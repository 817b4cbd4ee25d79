"""Which files of an environment are packed, and when they are packed anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.staging.interpreter import Interpreter
from jughpc.batch.staging.survey import survey


def make(root: Path, *paths: str) -> None:
    """Make files, each with its own path in it."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(os.fsencode(path))


@pytest.fixture
def env(tmp_path):
    """Return an environment: a folder that things are installed in, a user's sources, and a standard library."""
    make(tmp_path, "lib/os.py", "lib/test/big.py", "lib/lib-dynload/math.so", "lib/config-3.11/python.a")
    make(tmp_path, "lib/site-packages/of_the_base.py")
    make(tmp_path, "env/site-packages/pack/__init__.py", "env/site-packages/pack/data.bin")
    make(tmp_path, "env/site-packages/pack.libs/libfoo.so.1", "env/site-packages/pack/__pycache__/__init__.pyc")
    make(tmp_path, "src/tool/__init__.py", "src/single.py", "src/fast.so", "src/data/huge.bin", "src/.git/index")
    path = tuple(tmp_path / one for one in ("lib", "lib/lib-dynload", "env/site-packages", "src"))
    return Interpreter(path, (tmp_path / "env",), tmp_path / "lib")


def packed(tmp_path, interpreter, *beside):
    return {str(Path(item.path).relative_to(tmp_path)) for item in survey(interpreter, beside).items}


def test_of_a_folder_with_installed_packages_all_is_packed_compiled_files_and_libraries_too(tmp_path, env):
    inside = {path for path in packed(tmp_path, env) if path.startswith("env/")}
    assert inside == {
        "env/site-packages/pack/__init__.py", "env/site-packages/pack/data.bin",
        "env/site-packages/pack.libs/libfoo.so.1", "env/site-packages/pack/__pycache__/__init__.pyc",
    }  # fmt: skip


def test_of_a_folder_of_sources_modules_and_packages_are_packed_and_nothing_else(tmp_path, env):
    inside = {path for path in packed(tmp_path, env) if path.startswith("src/")}
    assert inside == {"src/tool/__init__.py", "src/single.py", "src/fast.so"}


def test_a_folder_that_pip_installed_to_is_packed_whole(tmp_path, env):
    make(tmp_path, "src/tool-1.0.dist-info/RECORD")
    assert "src/data/huge.bin" in packed(tmp_path, env)


def test_the_standard_library_is_packed_without_what_no_task_imports(tmp_path, env):
    inside = {path for path in packed(tmp_path, env) if path.startswith("lib/")}
    assert inside == {"lib/os.py", "lib/lib-dynload/math.so"}


def test_what_lies_on_the_systems_own_disk_and_beside_the_jugfile_stays_there(tmp_path, env):
    found = survey(replace(env, path=(*env.path, Path("/usr/lib/python3"), Path("/usr/lib"))), (tmp_path / "src",))
    assert [one.path.name for one in found.places] == ["lib", "lib-dynload", "site-packages"]
    assert not any("/src/" in item.path or item.path.startswith("/usr/") for item in found.items)


@pytest.mark.parametrize("name", ["hooked", "by_another_name"])
def test_a_package_that_an_import_hook_finds_is_packed_and_nothing_else_of_its_folder(tmp_path, env, name):
    make(tmp_path, "other/hooked/__init__.py", "other/secret/__init__.py")
    found = survey(replace(env, editable={name: tmp_path / "other/hooked"}), ())
    assert [item.path for item in found.items if "/other/" in item.path] == [f"{tmp_path}/other/hooked/__init__.py"]
    assert f"hooked {tmp_path}/other/hooked\n".encode() in found.table


LAYOUTS = {
    "sources of a project": ("project/src", "", {"project/src", "project"}),
    "sources four folders deep": ("project/a/b/src", "", {"project/a/b/src"}),
    "a project that is on the path": ("project", "", {"project"}),
    "sources of no project": ("home/src", "", {"home/src"}),
    "a hooked package of a project": ("", "project/tool", {"project"}),
    "a hooked package of no project": ("", "home/tool", {"home"}),
    "where an environment has things installed": ("env/lib/site-packages", "", {"env/lib", "env"}),
    "where a user has things installed": ("home/site-packages", "", set()),
    "an egg in an environment": ("env/lib/site-packages/one.egg", "", {"env/lib/site-packages", "env/lib", "env"}),
    "an egg in what is packed whole": ("env/lib/site-packages:env/lib/site-packages/one.egg", "", {"env/lib", "env"}),
    "a folder within what is packed whole": ("env/site-packages:env/site-packages/one/more", "", {"env"}),
    "the standard library": ("env/lib:env/lib/lib-dynload", "", {"env/lib", "env"}),
}


@pytest.mark.parametrize(("path", "hooked", "beside"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_rest_of_a_folder_is_linked_up_to_its_environment_or_project_but_what_may_be_installed_later_is_not(
    tmp_path, path, hooked, beside
):
    entries = tuple(tmp_path / name for name in path.split(":") if name)
    for folder in (*entries, tmp_path / (hooked or "unused")):
        make(folder, "__init__.py")
    make(tmp_path, "project/pyproject.toml")
    library = tmp_path / ("env/lib" if "lib-dynload" in path else "elsewhere")
    editable = {"tool": tmp_path / hooked} if hooked else {}
    found = survey(Interpreter(entries, (tmp_path / "env",), library, editable), ())
    assert {str(folder.relative_to(tmp_path)) for folder in found.beside} == beside
    assert all(f"beside {folder}\n".encode() in found.table for folder in found.beside)


@pytest.mark.parametrize("order", [1, -1])
def test_a_folder_by_two_names_is_packed_once_and_found_by_both(tmp_path, order):
    make(tmp_path, "lib/site-packages/one.py")
    (tmp_path / "lib64").symlink_to("lib")
    first, other = [tmp_path / name / "site-packages" for name in ("lib", "lib64")][::order]
    found = survey(Interpreter((first, other)), ())
    assert {item.path: item.link for item in found.items} == {
        f"{first}/one.py": "",
        str(other): f"../{first.parent.name}/site-packages",
    }
    assert [place.path for place in found.places] == [first, other]


def test_an_archive_on_the_path_is_packed_as_it_is(tmp_path, env):
    make(tmp_path, "eggs/one.egg")
    assert "eggs/one.egg" in packed(tmp_path, replace(env, path=(*env.path, tmp_path / "eggs/one.egg")))


def test_libraries_of_an_environment_are_packed_where_its_packages_look_for_them(tmp_path, env):
    make(tmp_path, "env/lib/libmkl.so.2", "env/lib/notes.txt")
    (tmp_path / "env/lib/libmkl.so").symlink_to("libmkl.so.2")
    found = {item.path: item.link for item in survey(env, ()).items if "/env/lib/" in item.path}
    assert found == {f"{tmp_path}/env/lib/libmkl.so.2": "", f"{tmp_path}/env/lib/libmkl.so": "libmkl.so.2"}


def test_a_folder_that_a_link_leads_to_is_packed_where_it_lies_and_loops_end(tmp_path, env):
    make(tmp_path, "store/setup.py", "store/deep/wheel/__init__.py", "store/data/one.txt")
    site, wheel = tmp_path / "env/site-packages", tmp_path / "store/deep/wheel"
    (site / "wheel").symlink_to(wheel)
    (wheel / "again").symlink_to(wheel)
    (site / "gone").symlink_to("/nowhere")
    (site / "one.py").symlink_to(tmp_path / "store/data/one.txt")
    (site / "systems").symlink_to("/usr/share")
    result = survey(env, ())
    found = {item.path: item for item in result.items}
    assert found[f"{site}/wheel"].link == "../../store/deep/wheel"
    assert found[f"{wheel}/__init__.py"].size == len("store/deep/wheel/__init__.py")
    assert found[f"{site}/one.py"].size == len("store/data/one.txt")
    assert found[f"{site}/systems"].link == "/usr/share"
    assert not any("again" in path or "gone" in path or path.startswith("/usr") for path in found)
    assert {wheel.parent, tmp_path / "store"} <= set(result.beside)


def test_nothing_is_packed_behind_a_link(tmp_path, env):
    make(tmp_path, "store/wheel/inner/site-packages/x.py")
    site = tmp_path / "env/site-packages"
    (site / "wheel").symlink_to(tmp_path / "store/wheel")
    found = survey(replace(env, path=(*env.path, site / "wheel/inner/site-packages")), ())
    assert [item.path for item in found.items if "wheel/" in item.path] == [
        f"{tmp_path}/store/wheel/inner/site-packages/x.py"
    ]


def test_what_another_process_compiles_just_now_is_left_out(tmp_path, env):
    make(tmp_path, "env/site-packages/pack/__pycache__/new.cpython-311.pyc.140244231")
    assert not any("new" in path for path in packed(tmp_path, env))


def test_names_may_be_of_any_bytes_but_no_folder_of_imports_of_two_lines(tmp_path):
    odd = os.fsdecode(b"caf\xe9")
    make(tmp_path, f"{odd}/site-packages/{odd} x.py", "two\nlines/site-packages/a.py")
    paths = tuple(tmp_path / name / "site-packages" for name in (odd, "two\nlines"))
    found = survey(Interpreter(paths), ())
    assert found.table == os.fsencode(f"whole {paths[0]}\n")
    assert [item.path for item in found.items] == [f"{paths[0]}/{odd} x.py"]


def test_a_link_to_what_is_not_packed_is_followed(tmp_path, env):
    make(tmp_path, "src/data/numbers.txt")
    (tmp_path / "src/tool/numbers.txt").symlink_to("../data/numbers.txt")
    found = {item.path: item for item in survey(env, ()).items}
    assert found[f"{tmp_path}/src/tool/numbers.txt"].link == ""


@pytest.mark.parametrize("change", ["edited", "touched", "added", "removed", "path"])
def test_any_change_gives_another_key(tmp_path, env, change):
    before, pack = survey(env, ()).key, tmp_path / "env/site-packages/pack"
    assert survey(env, ()).key == before
    if change == "edited":
        (pack / "data.bin").write_text("longer than it was before")
    elif change == "touched":
        os.utime(pack / "data.bin", ns=(0, 0))
    elif change == "added":
        make(pack, "more.py")
    elif change == "removed":
        (pack / "data.bin").unlink()
    else:
        env = replace(env, path=env.path[::-1])
    assert survey(env, ()).key != before


def test_the_room_counts_blocks_and_folders(tmp_path):
    make(tmp_path, "one/site-packages/a.py", "one/site-packages/b/c.py")
    assert survey(Interpreter((tmp_path / "one/site-packages",)), ()).room == 4 * 4096


@pytest.mark.parametrize(("size", "heaviest"), [(90_000, "two/site-packages/data.bin"), (1_000, "two/site-packages")])
def test_what_is_heavy_is_told_by_the_file_or_by_the_place(tmp_path, size, heaviest):
    make(tmp_path, "one/site-packages/a.py", "two/site-packages/b.py")
    (tmp_path / "two/site-packages/data.bin").write_bytes(bytes(size))
    found = survey(Interpreter((tmp_path / "one/site-packages", tmp_path / "two/site-packages")), ())
    assert found.heaviest == tmp_path / heaviest
