"""The API server's audit log: who asked for what, and when."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

_READS = frozenset({"get", "list", "watch"})


def requests(log: Path, user: str, begin: float = 0.0, end: float = float("inf")) -> Counter[str]:
    """What `user` sent between two times (epoch seconds), by verb and resource: "patch trainingjobs/status".

    Refused requests count too: they cost the same.
    """
    counts: Counter[str] = Counter()
    with log.open() as lines:
        for line in lines:
            event = json.loads(line)
            received = datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp()
            if event["user"]["username"] == user and begin <= received < end:
                about = event.get("objectRef") or {}
                what = "/".join(filter(None, (about.get("resource"), about.get("subresource"))))
                counts[f"{event['verb']} {what}"] += 1
    return counts


def writes(counts: Counter[str]) -> int:
    return sum(number for what, number in counts.items() if what.partition(" ")[0] not in _READS)
