"""Texts of a provider, made fit to be shown and stored: cut, on one line, without secrets or control characters.

Whoever runs an endpoint writes these texts, so every cost here is bounded: no pattern runs over more than `INSPECTED`
characters, and each of them takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trainsweep.core.printable import printable
from trainsweep.providers.credentials import mask

#: Characters of a text that patterns may look at.
INSPECTED = 4096
#: Longest sentence of a provider that is passed on, in characters.
LONGEST_SENTENCE = 300
#: Longest name, state word, code or id of a call that is passed on, in characters.
LONGEST_NAME = 256

_URL = re.compile(r"(https?://[^\s?\"']*)(?:\?[^\s\"']*)?")
_AUTHORIZATION = re.compile(
    r"(bce-auth-v1/|bce-v3/|Bearer\s|Signature=|SDK-HMAC-SHA256\s(?!Access=|Signature=))[^\s\"',}]+"
)


def clean(text: str, secrets: Iterable[str]) -> str:
    """A sentence: no secrets, signatures or signed queries, one line, at most `LONGEST_SENTENCE` characters."""
    # Masked before it is cut, so that no secret is cut in two and shown by half.
    text = mask(text, secrets)[:INSPECTED]
    text = _URL.sub(lambda url: url[0] if len(url[0]) == len(url[1]) else f"{url[1]}?***", text)
    text = _AUTHORIZATION.sub(r"\1***", text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 1] + "…"


def name(text: str) -> str:
    """A name or word as the provider writes it, cut to `LONGEST_NAME` characters.

    A control character becomes U+FFFD.
    """
    shown = printable(text[:LONGEST_NAME])
    return shown if len(text) <= LONGEST_NAME else shown[:-1] + "…"


def is_name(text: str) -> bool:
    """Whether a text is passed on by `name` as it is. An id that is not stands for nothing."""
    return name(text) == text
