"""The API server's audit log: who wrote what, and when."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def writes(log: Path, user: str, begin: float = 0.0, end: float = float("inf")) -> Counter[str]:
    """The writes that `user` sent between two times (epoch seconds), by verb and resource: "patch trainingjobs/status".

    Refused ones count too: they cost the same.
    """
    counts: Counter[str] = Counter()
    with log.open() as lines:
        for line in lines:
            event = json.loads(line)
            if event["user"]["username"] != user or event["verb"] not in _WRITES:
                continue
            if begin <= datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp() < end:
                target = event.get("objectRef") or {}
                part = f"/{target['subresource']}" if target.get("subresource") else ""
                counts[f"{event['verb']} {target.get('resource', '')}{part}"] += 1
    return counts
