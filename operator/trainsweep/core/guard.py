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

    A hold that rests only on the look ahead ends when what was foreseen turns out not to ask; one for which more than
    the limit have asked (`_certain`) needs an approval, or all of them withdrawn.
    """

    limit: int
    window: float
    approved_until: datetime | None = None
    holding: bool = False
    _certain: bool = False
    _asked: dict[str, datetime] = field(default_factory=dict)
    #: Let through within the window, under way or finished.
    _admitted: dict[str, datetime] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)
    _finished: set[str] = field(default_factory=set)
    _latest: datetime | None = None

    def resume(self, *, held: int, finished: int, latest: datetime | None) -> None:
        """Go on where an earlier life of the operator ended: so many were held, so many let through by `latest`."""
        if latest:
            before = [f"before-{number}" for number in range(finished)]
            self._admitted, self._finished, self._latest = dict.fromkeys(before, latest), set(before), latest
        self.holding = self._certain = held > 0

    def admits(self, uid: str, now: datetime, due: int = 1, *, begun: datetime | None = None) -> bool:
        """May this resource's removal go out now?

        `due` is how many removals of the account are known to be wanted and not finished, this one included: it lets
        the guard see a batch before its members arrive one by one. A removal that was admitted once goes on: half a
        clean-up is worse than a whole one. `begun`: a call for it was accepted then, in an earlier life perhaps.
        """
        self._forget_old(now)
        if begun and (now - begun).total_seconds() <= self.window:
            self._admitted.setdefault(uid, begun)
        if uid in self._under_way or uid in self._admitted:
            self._go_on(uid)
            return True
        self._asked.setdefault(uid, now)
        self._certain |= len(self._admitted) + len(self._asked) > self.limit
        if not self.approved(now):
            self.holding = self._certain or self._crowded(due)
            if self.holding:
                return False
        self._admitted[uid] = now
        self._go_on(uid)
        self._settle(due)
        return True

    def approved(self, now: datetime) -> bool:
        return self.approved_until is not None and now < self.approved_until

    def done(self, uid: str, due: int = 0) -> None:
        """The removal ended or was withdrawn. When none is wanted any more, the hold ends by itself."""
        self._asked.pop(uid, None)
        if uid in self._under_way:
            self._under_way.remove(uid)
            if admitted := self._admitted.get(uid):
                self._finished.add(uid)
                self._latest = max(admitted, self._latest or admitted)
        self._settle(due)

    def holds(self, uid: str) -> bool:
        """Whether this resource's removal waits for an approval."""
        return self.holding and uid in self._asked

    @property
    def held(self) -> int:
        """How many removals wait for an approval."""
        return len(self._asked) if self.holding else 0

    @property
    def held_since(self) -> datetime | None:
        return min(self._asked.values(), default=None) if self.holding else None

    @property
    def finished(self) -> tuple[int, datetime] | None:
        """How many removals of the window have ended, and when the latest of them was let through."""
        return (len(self._finished), self._latest) if self._finished and self._latest else None

    def _go_on(self, uid: str) -> None:
        self._asked.pop(uid, None)
        self._finished.discard(uid)
        self._under_way.add(uid)

    def _crowded(self, due: int) -> bool:
        waiting = max(due - len(self._under_way), len(self._asked))
        return len(self._admitted) + waiting > self.limit

    def _settle(self, due: int) -> None:
        if not self._asked and due <= len(self._under_way):
            self.holding = self._certain = False
        elif not self._certain and not self._crowded(due):
            self.holding = False

    def _forget_old(self, now: datetime) -> None:
        """Oldest first, so this ends at the first that counts. A clock that was set back forgets later, not sooner."""
        horizon = now - timedelta(seconds=self.window)
        for uid, _ in list(takewhile(lambda entry: entry[1] < horizon, self._admitted.items())):
            del self._admitted[uid]
            self._finished.discard(uid)
