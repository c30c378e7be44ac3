"""`spec.expect`: what the remote thing must be before anything is stopped or deleted."""

from __future__ import annotations

from trainsweep.api.common import Expect
from trainsweep.core.external import Remote
from trainsweep.core.last_status import format_time


def mismatch(expect: Expect | None, remote: Remote) -> str:
    """Why the remote thing is not the expected one, "" when it is. What cannot be proven counts as a mismatch."""
    if expect is None:
        return ""
    if expect.name is not None and expect.name != remote.name:
        return f"expect.name is {expect.name!r}, but the remote thing is named {remote.name!r}; nothing is touched."
    for field, bound in (("createdBefore", expect.created_before), ("createdAfter", expect.created_after)):
        if bound is None:
            continue
        if remote.created_at is None:
            return f"expect.{field} is set, but the provider gives no time of creation; nothing is touched."
        fits = remote.created_at < bound if field == "createdBefore" else remote.created_at > bound
        if not fits:
            made = format_time(remote.created_at)
            return (
                f"expect.{field} is {format_time(bound)}, but the remote thing was made at {made}; nothing is touched."
            )
    return ""
