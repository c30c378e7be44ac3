"""The deletion guard: more than so many removals asked for in one window stops the batch until a person approves.

It counts resources, not calls: a stop and the delete that follows it are one removal. Pure: time comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile


@dataclass(slots=True)
class Guard:
    """The removals of one account, by the uid of the resource that asks. `limit` per `window` seconds.

    `holding` survives a restart through `status.held` of the ProviderConfig (`spec.deletionGuard` sets the limits).
    """

    limit: int
    window: float
    approved_until: datetime | None = None
    holding: bool = False
    _asked: dict[str, datetime] = field(default_factory=dict)
    _admitted: dict[str, datetime] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)

    def admits(self, uid: str, now: datetime, due: int = 1) -> bool:
        """May this resource's removal go out now?

        `due` is how many removals of the account are known to be wanted and not finished, this one included: it lets
        the guard see a batch before its members arrive one by one. A removal that was admitted once goes on: half a
        clean-up is worse than a whole one.
        """
        self._forget_old(now)
        if uid in self._under_way or uid in self._admitted:
            self._under_way.add(uid)
            return True
        self._asked.setdefault(uid, now)
        waiting = max(due - len(self._under_way), len(self._asked))
        if not self.approved(now) and (self.holding or len(self._admitted) + waiting > self.limit):
            self.holding = True
            return False
        del self._asked[uid]
        self._admitted[uid] = now
        self._under_way.add(uid)
        self._settle(due)
        return True

    def approved(self, now: datetime) -> bool:
        return self.approved_until is not None and now < self.approved_until

    def done(self, uid: str, due: int = 0) -> None:
        """The removal ended or was withdrawn. When none is wanted any more, the hold ends by itself."""
        self._asked.pop(uid, None)
        self._under_way.discard(uid)
        self._settle(due)

    @property
    def held(self) -> int:
        """How many removals wait for an approval."""
        return len(self._asked) if self.holding else 0

    @property
    def held_since(self) -> datetime | None:
        return min(self._asked.values(), default=None) if self.holding else None

    def _settle(self, due: int) -> None:
        if not self._asked and due <= len(self._under_way):
            self.holding = False

    def _forget_old(self, now: datetime) -> None:
        """Oldest first, so this ends at the first that counts. A clock that was set back forgets later, not sooner."""
        horizon = now - timedelta(seconds=self.window)
        for uid, _ in list(takewhile(lambda entry: entry[1] < horizon, self._admitted.items())):
            del self._admitted[uid]
