"""Containers: what a job runs in, and how each runtime's command says it.

Everything that is bound there has the same path as here, but for jughpc itself and what it needs, which lie in a folder
of their own: so they are in the way of nothing that the image has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jughpc.errors import SettingError
from jughpc.lent import CHECK

HOME = "/jughpc"
"""The folder in a container where jughpc is bound, read-only."""

_PARTED = (":", ",")  # what parts paths in the options of runtimes, where nothing quotes it


@dataclass(frozen=True)
class Runtime:
    """How one runtime spells what we ask of it.

    Attributes:
        begin: The command, with what goes before all options; who it starts is to be as little apart as can be: the
            same host name, network and shared memory, all variables, and the job's own control group.
        bind: The option that makes a folder of the host's visible.
        read_only: What is added to one that is not to be written to, "" where that cannot be said.
        workdir: The option that names where the command starts.
        nvidia, amd: What gives it the GPUs of the job.
        root: What says that the image is a folder.
        end: What stands between the image and the command.
    """

    begin: tuple[str, ...]
    bind: str
    read_only: str
    workdir: str
    nvidia: tuple[str, ...] = ()
    amd: tuple[str, ...] = ()
    root: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


_PODMAN = (
    "podman", "run", "--rm", "--env-host", "--userns=keep-id", "--network=host", "--uts=host", "--ipc=host",
    "--cgroups=disabled", "--security-opt=label=disable",
)  # fmt: skip

RUNTIMES: Mapping[str, Runtime] = {
    "apptainer": Runtime(("apptainer", "exec"), "--bind", ":ro", "--pwd", ("--nv",), ("--rocm",)),
    "singularity": Runtime(("singularity", "exec"), "--bind", ":ro", "--pwd", ("--nv",), ("--rocm",)),
    "podman": Runtime(
        _PODMAN, "--volume", ":ro", "--workdir", ("--device", "nvidia.com/gpu=all"),
        ("--device", "/dev/kfd", "--device", "/dev/dri"), ("--rootfs",),
    ),
    "charliecloud": Runtime(("ch-run",), "--bind", "", "--cd", end=("--",)),
}  # fmt: skip


@dataclass(frozen=True)
class Container:
    """What a job runs in.

    Attributes:
        runtime: Its name.
        image: A path (absolute), or what the runtime calls it.
        python: The interpreter in the image, a path or a name that is looked for there.
        options: The runtime's own, of the user's, behind ours: they win.
        folders: Bound, each under its own path (absolute).
        scratch: A folder on nodes that is bound, too, where it is there.
        package: Where jughpc lies that runs there (absolute).
        lent: Folders of what it needs, for images that lack some of it.
    """

    runtime: str
    image: str
    package: Path
    python: str = "python3"
    options: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    scratch: Path | None = None
    lent: tuple[Path, ...] = ()

    @classmethod
    def from_record(cls, fields: Mapping[str, Any]) -> Container:
        """Return what JSON tells of one. Raises TypeError or KeyError for what tells of none."""
        paths = {name: tuple(map(Path, fields[name])) for name in ("folders", "lent")}
        scratch = fields["scratch"] and Path(fields["scratch"])
        options = tuple(fields["options"]) if isinstance(fields["options"], list) else fields["options"]
        return cls(**{**fields, **paths, "options": options, "package": Path(fields["package"]), "scratch": scratch})

    def with_folders(self, *folders: Path) -> Container:
        """Return the same with these bound: as they are called and where they really lie, none within another.

        Raises SettingError for one that no container can have under its own path.
        """
        return replace(self, folders=_bindable(folders))

    @property
    def how(self) -> Runtime:
        """How its runtime says things."""
        return RUNTIMES[self.runtime]

    @property
    def program(self) -> tuple[str, ...]:
        """How the command line of one of our own commands begins, inside."""
        return (self.python, f"{HOME}/jughpc/lent.py")

    @property
    def check(self) -> tuple[str, ...]:
        """A command that must end with 0 inside, or it says what is missing there."""
        return (*self.program, CHECK)

    @property
    def begin(self) -> list[tuple[str, ...]]:
        """The runtime's command with all that is bound and known before, in groups of words that belong together."""
        own = [(self.package, f"{HOME}/jughpc"), *((path, f"{HOME}/{n}") for n, path in enumerate(self.lent))]
        bound = [f"{path}:{path}" for path in self.folders] + [f"{src}:{dst}{self.how.read_only}" for src, dst in own]
        return [self.how.begin, *((self.how.bind, folders) for folders in bound)]

    def ending(self, workdir: Path) -> list[str]:
        """Return what stands behind that, up to the command."""
        root = self.how.root if self.image.startswith("/") else ()
        return [self.how.workdir, str(workdir), *self.options, *root, self.image, *self.how.end]


def _bindable(folders: Sequence[Path]) -> tuple[Path, ...]:
    every = sorted({path for one in folders for path in (one.absolute(), one.resolve())})
    for path in every:
        if path == Path("/"):
            raise SettingError("nothing of an image is left where / is bound. Submit from a folder of your own.")
        if any(letter in str(path) for letter in _PARTED):
            raise SettingError(f"{path} cannot be bound in a container: its name holds a colon or a comma.")
    return tuple(path for path in every if not any(path.is_relative_to(other) for other in every if other != path))
