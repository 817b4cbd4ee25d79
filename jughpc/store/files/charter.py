"""The charter of a jugdir, `store.yaml`: what all who use the store agree on, written once, with a checksum."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files, LinksRefusedError
from jughpc.inode import OddFileError, new_token
from jughpc.jsonfile import whole
from jughpc.store.base import Pace
from jughpc.store.files.layout import MOST_BITS
from jughpc.store.files.remains import remains

FORMAT = 1
STORE = "store.yaml"  # JSON, which is YAML: so that a worker need not load a YAML parser to start

_LARGEST = 1 << 16  # [bytes] of a charter
_CRC = b',\n "crc": '
_SEALED = re.compile(rb'"([0-9a-f]{8})"\n}\n')


class DamagedCharterError(JugdirError):
    """There is a charter, and it cannot be read."""


class LostCharterError(JugdirError):
    """There is none, and other files of a jugdir are there."""


@dataclass(frozen=True)
class Charter:
    """What all who use a store agree on; written once, when it is made."""

    bits: int
    pace: Pace


def find_charter(files: Files, clock: Clock, jugdir: Path) -> Charter | None:
    """Return what the store in `jugdir` was made with, None if it is empty or absent. Raises JugdirError."""
    names = files.names("")
    if STORE not in names:
        if left := remains(files, names):
            raise LostCharterError(_lost(jugdir, left))
        if foreign := sorted(name for name in names if not name.startswith((".", STORE))):
            raise _not_ours(jugdir, foreign)
        return None
    try:
        return _decoded(_whole(files, clock))
    except OddFileError:
        raise DamagedCharterError(_damaged(jugdir, "no regular file")) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedCharterError(_damaged(jugdir, f"damaged ({error})")) from error


def publish_charter(files: Files, charter: Charter, version: str, token: str = "") -> None:
    """Write what a new store is made with, unless somebody was faster.

    Args:
        token: Tells this process's files from all others'; made up if empty.
    """
    text = _encoded(charter, version)
    temporary = f"{STORE}.{token or new_token()}.tmp"
    files.make_folder("")
    try:
        files.write(temporary, [text])
        with suppress(FileExistsError):
            _link_or_write(files, temporary, text)
    finally:
        files.remove(temporary)


def _encoded(charter: Charter, version: str) -> bytes:
    fields = {"format": FORMAT, "version": version, "shard_bits": charter.bits, **asdict(charter.pace)}
    text = json.dumps(fields, indent=1).removesuffix("\n}").encode()
    return text + _CRC + b'"%08x"\n}\n' % zlib.crc32(text)


def _decoded(text: bytes) -> Charter:
    """Return what a charter says; one without a checksum is of an early version. Raises ValueError, KeyError, ..."""
    fields = json.loads(text)
    if fields["format"] != FORMAT:
        raise JugdirError(
            f"this jugdir has format {fields['format']}, and this version of jughpc reads format {FORMAT}. "
            f"Use jughpc {fields.get('version', 'of that time')}, or another --jugdir."
        )
    if "crc" in fields:
        _check(text)
    bits = fields["shard_bits"]
    if type(bits) is not int or not 0 <= bits <= MOST_BITS:
        raise ValueError(f"its shard_bits is {str(bits)[:60]!r}")
    return Charter(bits, whole(Pace, fields))


def _check(text: bytes) -> None:
    body, _, seal = text.rpartition(_CRC)
    match = _SEALED.fullmatch(seal)
    if match is None or int(match[1], 16) != zlib.crc32(body):
        raise ValueError("its checksum does not fit its content")


def _link_or_write(files: Files, temporary: str, text: bytes) -> None:
    """Have the charter in its place, whole at once if hard links allow. Raises FileExistsError if there is one."""
    try:
        files.link(temporary, STORE)
    except FileExistsError:
        raise
    except LinksRefusedError:
        files.write(STORE, [text])  # readers wait until the text is whole
    except OSError:
        files.link(temporary, STORE)  # if only the reply was lost, that is told now


def _whole(files: Files, clock: Clock) -> bytes:
    """Return the charter's text; where it could not be linked into place it may still be on its way."""
    for _ in range(50):
        if (text := files.read(STORE, _LARGEST)).endswith(b"}\n"):
            return text
        clock.sleep(0.1)
    return text


def _lost(jugdir: Path, left: list[str]) -> str:
    return (
        f"{jugdir} is half-deleted, as by a purge of old files: it holds {_some(left)} of a jugdir and no {STORE}. "
        f"Make that again with: jughpc repair {shlex.quote(str(jugdir))}; or name another folder with --jugdir."
    )


def _damaged(jugdir: Path, how: str) -> str:
    return (
        f"{jugdir / STORE} is {how}. Make it again with: jughpc repair {shlex.quote(str(jugdir))}; "
        "or use another --jugdir."
    )


def _not_ours(jugdir: Path, names: list[str]) -> JugdirError:
    kind = "was written by jug" if {"locks", "tempfiles"} & set(names) else "belongs to something else"
    return JugdirError(f"{jugdir} {kind}: it holds {_some(names)} and no {STORE}. Name another folder with --jugdir.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
