"""The options of qsub that are ours, and those that choose what ours would. Source: qsub(1B), OpenPBS 20 to 23."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jughpc.batch.options import Grammar, Own
from jughpc.errors import SettingError

_LOGS = "Logs lie in the submission's folder, where `jughpc status` finds them; leave it out."
_NOTHING = "Nothing could be waited for; leave it out."

OPTIONS = Grammar(
    own=(
        Own(("-N",), "Name the jobs by --name NAME, before the --."),
        Own(("-J",), "Say --array N, and --throttle N, before the --."),
        Own(("-t",), "That is Torque's. Say --array N, and --throttle N, before the --."),
        Own(("-o",), _LOGS),
        Own(("-e",), _LOGS),
        Own(("-j",), _LOGS),
        Own(("-S",), "The script is one of bash; leave it out."),
        Own(("-r",), "Elements may always be run again; leave it out."),
        Own(("-C",), "The script's directives begin with #PBS; leave it out."),
        Own(("-I",), _NOTHING),
        Own(("-X",), _NOTHING),
        Own(("-G",), _NOTHING),
        Own(("-z",), "jughpc reads the ids, and prints them; leave it out."),
        Own(("--version",), "Nothing would be submitted; leave it out."),
    ),
    letters="fhIVXzG",
    alone=frozenset({"--version"}),
    resources={"-q": "partition", "-A": "account", "-P": "project"},
)

_ATTRIBUTES = {
    "depend": "Say --after JOBID, before the --.",
    "block": "Say --wait before the --.",
    "sandbox": "Elements start where submit is typed; leave it out.",
    "umask": "Jobs have the umask of the shell that submits; leave it out.",
}
_RESOURCES = {
    "select": "Say --select CHUNK, before the --.",
    "place": "Say --place PLACE, before the --.",
    "walltime": "Say --time TIME, before the --.",
    "ncpus": "Say --cpus N, before the --.",
    "mem": "Say --mem SIZE, before the --.",
    "nodes": "Say --select CHUNK, before the --: it is the newer spelling.",
}
_LISTS = {"-W": _ATTRIBUTES, "-l": _RESOURCES}


def refuse(extra: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise SettingError for what would undo ours, inside the lists behind -W and -l, too."""
    OPTIONS.refuse(extra, environ)
    for option, value in OPTIONS.read(extra):
        for key in re.findall(r"(?:^|,)\s*(\w+)\s*(?==)", value) if option in _LISTS else ():
            if advice := _LISTS[option].get(key):
                raise SettingError(f"{option} {key}= behind -- would undo what jughpc says itself. {advice}")


def attributes_apart(extra: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the values of all -W among raw options, and the other options.

    A server with a hook for queued jobs heeds the last -W only, so that all of them must be one.
    """
    given = list(OPTIONS.read(extra))
    if not any(option == "-W" for option, _ in given):
        return [], list(extra)
    rest = [word for option, value in given if option != "-W" for word in (option, value) if word]
    return [value for option, value in given if option == "-W"], rest
