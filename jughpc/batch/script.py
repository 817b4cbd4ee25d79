"""Job scripts, rendered from the templates of a batch system or a site's own."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from jughpc import units
from jughpc.batch.scheduler import Job, Scheduler
from jughpc.errors import TemplateError

FILTERS: dict[str, Callable[..., object]] = {
    "quote": lambda value: shlex.quote(str(value)),
    "quote_all": shlex.join,
    "walltime": units.walltime,
    "mebibytes": units.mebibytes,
}

_UNWRITABLE = re.compile("[\n\r\0\ud800-\udfff]")


def render(job: Job, scheduler: Scheduler, folder: Path | None = None) -> str:
    """Return the text of the job's script.

    Args:
        scheduler: Whose directives it holds, and whose folder of templates is used.
        folder: A site's templates, laid out like ours; each one that is there goes before ours and may
            extend it.
    Raises:
        SettingError: The system has no option for a resource.
        TemplateError: A value holds a line break, a NUL or no UTF-8, or a template is absent or does not render.
    """
    for name, value in _values("job", job):
        if _UNWRITABLE.search(value):
            what = "a line break, a NUL or bytes that are not UTF-8"
            raise TemplateError(f"The {name} holds {what}, which no script can carry: {value!r}")
    name = f"{scheduler.name}/{job.role.value}.sh.j2"
    lines = [scheduler.script_line(directive) for directive in scheduler.directives(job)]
    folders = tuple(place for place in (folder, scheduler.capabilities.templates) if place)
    try:
        return _templates(folders).get_template(name).render(job=job, directives=[line for line in lines if line])
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"There is no template {error.name}{_places(folder)}") from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise TemplateError(f"The template {name}{_places(folder)} does not render: {error}") from error


def shipped_folder(scheduler: Scheduler) -> Path:
    """Return the folder of templates that comes with the system's module."""
    home = scheduler.capabilities.templates or Path(str(resources.files("jughpc"))) / "templates"
    return home / scheduler.name


@cache  # compiling a template takes 10 ms, and a submission renders three
def _templates(folders: tuple[Path, ...]) -> jinja2.Environment:
    loaders = [jinja2.FileSystemLoader(folder) for folder in folders]
    templates = SandboxedEnvironment(
        loader=jinja2.ChoiceLoader([*loaders, jinja2.FunctionLoader(shipped)]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # these are shell scripts; `quote` is their escape
    )
    templates.filters |= FILTERS
    return templates


def shipped(name: str) -> str | None:
    """Return the text of a template that comes with jughpc, None if there is none of that name."""
    path = resources.files("jughpc").joinpath("templates", *name.split("/"))
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _places(folder: Path | None) -> str:
    return f" in {folder} or among those shipped" if folder else " among those shipped"


def _values(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Return every text inside `value` under the name of the field that holds it."""
    if isinstance(value, (str, Path)):
        yield name, str(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _values(name, item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _values(field.name, getattr(value, field.name))
