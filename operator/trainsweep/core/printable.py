"""Texts of others made harmless to look at: what a terminal obeys in place of showing it is replaced. Pure.

Providers, tenants and files write texts that end up in tables, logs and statuses.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: C0, DEL and C1, lone surrogates, separators of lines and paragraphs, and controls that turn the direction of text.
_OBEYED = "\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069"
_ANY = re.compile(f"[{_OBEYED}]")
_ANY_BUT_LINES = re.compile(f"(?!\n)[{_OBEYED}]")


def printable(text: str, *, lines: bool = False) -> str:
    """The text with U+FFFD for every character that is not shown but obeyed; with `lines`, ends of lines stay.

    Nothing is left out: that would make two names one.
    """
    return (_ANY_BUT_LINES if lines else _ANY).sub("\ufffd", text)


def json_line(value: Any, *, indent: int | None = None) -> str:
    """JSON that can be looked at: what is obeyed stands there as an escape, so that it reads back as it was."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return _ANY_BUT_LINES.sub(lambda char: f"\\u{ord(char[0]):04x}", text)
