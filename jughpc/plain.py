"""Text from elsewhere as a terminal or a page may show it: names, reasons and logs hold what they hold."""

from __future__ import annotations

import re

_UNSEEN = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    0x200E,
    0x200F,
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
]
"""Controls of terminals (C0 and C1), and what breaks lines or turns the direction of writing (Unicode, UAX 9)."""

_PASSWORD = re.compile(r"(://[^\s/@:]*:)[^\s/]*@")
"""What lies between user and host in an address."""

_KEPT = "\t\n"
_ESCAPES = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _UNSEEN if chr(code) not in _KEPT}
_ESCAPES[0x7F] = "\\u007f"  # the only one that JSON leaves as it is, and it knows no \x


def plain(text: str) -> str:
    """Return `text` with what steers a terminal, and what cannot be encoded, written as an escape; line breaks stay.

    The password of an address is never shown.
    """
    shown = text if text.isascii() and text.isprintable() else text.translate(_ESCAPES)
    if "://" in shown:
        shown = _PASSWORD.sub(r"\1***@", shown)
    return shown.encode("utf-8", "backslashreplace").decode()
