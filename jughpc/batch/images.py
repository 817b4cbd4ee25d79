"""Which image and runtime a user means, as far as the host that submits can tell."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from stat import S_ISDIR

from jughpc.batch import shell
from jughpc.batch.container import RUNTIMES, Container
from jughpc.errors import SettingError
from jughpc.lent import NEEDED


def chosen(image: str, runtime: str | None) -> Container:
    """Return what is to run in that image, with the jughpc of this process.

    Args:
        runtime: Its name, None for the first that is here.
    Raises:
        SettingError: There is no such image, or no runtime is named and none is here.
    """
    runtime = runtime or _here()
    package, lent = _installed()
    return Container(runtime, _image(image, runtime), package, lent=lent)


def is_here(runtime: str) -> bool:
    """Return whether that runtime's command is on PATH of this host."""
    return shell.command_path(RUNTIMES[runtime].begin[0]) is not None


def _here() -> str:
    if found := next(filter(is_here, RUNTIMES), None):
        return found
    commands = ", ".join(how.begin[0] for how in RUNTIMES.values())
    raise SettingError(
        f"none of {commands} is on PATH here. If nodes have one, name it: --container-runtime apptainer; a line of "
        "setup, such as `module load apptainer`, may bring it there."
    )


def _image(image: str, runtime: str) -> str:
    """Return the image as it is called on any node. Raises SettingError if it is a path, and nothing is there."""
    if _is_name(image, runtime):
        return image
    path = Path(image).absolute()
    try:
        found = path.stat()
    except OSError as error:
        raise SettingError(f"there is no image {path} ({error.strerror}). Name its file or folder.") from None
    if runtime == "podman" and not S_ISDIR(found.st_mode):
        raise SettingError(f"podman runs no file: load {path} with `podman load -i`, and name what it is called then.")
    return str(path)


def _is_name(image: str, runtime: str) -> bool:
    if runtime == "podman":
        return not image.startswith(("/", "."))
    return "://" in image and runtime != "charliecloud"


def _installed() -> tuple[Path, tuple[Path, ...]]:
    """Return where the package of jughpc lies, and the folders of what it needs."""
    needed = (spec.origin for name in NEEDED if (spec := find_spec(name)) and spec.origin)
    folders = dict.fromkeys(Path(origin).parents[1] for origin in needed)
    return Path(__file__).resolve().parents[1], tuple(folders)
