"""In a container: run the jughpc that submitted, which is bound in, with what the image lacks of what that needs.

Run as a file by the interpreter of an image, whichever that is: an old one is to read it, too.
"""

import os
import sys

WHERE = "_JUGHPC_LENT"
CHECK = "--check"
NEEDED = ("click", "yaml", "numpy", "psutil", "jinja2", "rich")
"""What jughpc imports of others, and an image may lack."""

_ALL = {*NEEDED, "_yaml", "markupsafe", "pygments", "markdown_it", "mdurl", "redis", "cloudpickle"}
_LEAST = (3, 10)


class Lender:
    """Finds these packages, and nothing else, in folders of the host, once they were found nowhere in the image."""

    def __init__(self, folders: "list[str]") -> None:
        self._folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """Return where a package lies, None for one that is not lent."""
        from importlib.machinery import PathFinder  # only now: few processes need it

        return PathFinder.find_spec(name, self._folders) if name in _ALL else None


def take() -> None:
    """Import from the host what the image lacks, if a script said so: also in processes that tasks start."""
    if folders := os.environ.get(WHERE, ""):
        sys.meta_path.append(Lender(folders.split(os.pathsep)))  # type: ignore[arg-type]  # a finder by its method


def main(argv: "list[str]") -> None:
    """Become ``python -m jughpc``; or only tell, by --check, what keeps it from that."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if sys.version_info < _LEAST:
        sys.exit("jughpc: %s is Python %s, and 3.10 or later is needed" % (sys.executable, _version()))  # noqa: UP031
    lent = sorted(name for name in os.listdir(home) if name.isdigit())
    os.environ[WHERE] = os.pathsep.join(os.path.join(home, name) for name in lent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    if argv[1:] != [CHECK]:
        os.execv(sys.executable, [sys.executable, "-m", "jughpc", *argv[1:]])  # noqa: S606  # no shell is meant
    del sys.path[0]  # this folder, of whose modules some are called like others
    take()
    _check()


def _check() -> None:
    if "JUGHPC_OWNER" not in os.environ:
        sys.exit("jughpc: the variables of the job do not come through; leave out what keeps them from it")
    try:
        for name in NEEDED:
            __import__(name)
    except ImportError as error:
        why = str(error).strip().splitlines()[0]
        what = "install it in the image, or all that jughpc needs"
        sys.exit("jughpc: %s (%s) does not import %s: %s; %s" % (sys.executable, _version(), name, why, what))  # noqa: UP031


def _version() -> str:
    return ".".join(map(str, sys.version_info[:2]))


if __name__ == "__main__":
    main(sys.argv)
