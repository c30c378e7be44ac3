"""The deletion guard: more than so many removals asked for in one window stops the batch until a person approves.

It counts resources, not calls: a stop and the delete that follows it are one removal. Pure: time comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Tally:
    """What a restart must know: so many removals were let through in the window that ended with `latest`, and so many
    of these have not come to their end.
    """

    count: int
    under_way: int
    latest: datetime


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
    #: Let through within the window, under way or not.
    _admitted: dict[str, datetime] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)
    _latest: datetime | None = None
    #: What an earlier life let through and had under way, by numbers in place of uids, and when the latest of it was.
    _nameless: dict[str, datetime] = field(default_factory=dict)

    def resume(self, *, held: int, tally: Tally | None) -> None:
        """Go on where an earlier life of the operator ended, with so many held."""
        if tally:
            before = [f"before-{number}" for number in range(tally.count)]
            self._admitted = dict.fromkeys(before, tally.latest)
            self._nameless = dict.fromkeys(before[: tally.under_way], tally.latest)
            self._under_way = set(self._nameless)
            self._latest = tally.latest
        self.holding = self._certain = held > 0

    def admits(
        self, uid: str, now: datetime, due: int = 1, *, called: datetime | None = None, asked: datetime | None = None
    ) -> bool:
        """May this resource's removal go out now?

        `due` is how many removals of the account are known to be wanted and not finished, this one included: it lets
        the guard see a batch before its members arrive one by one. A removal that was admitted once goes on: half a
        clean-up is worse than a whole one. `called` and `asked` tell whether an earlier life may have done so: when a
        call for it was accepted, and when the resource was deleted, unless it has been held since.
        """
        self._forget_old(now)
        if uid not in self._admitted:
            self._recognize(uid, now, called, asked)
        if uid in self._under_way or uid in self._admitted:
            self._go_on(uid)
            return True
        self._asked.setdefault(uid, now)
        self._certain |= len(self._admitted) + len(self._asked) > self.limit
        if not self.approved(now):
            self.holding = self._certain or self._crowded(due)
            if self.holding:
                return False
        self._admitted[uid] = self._latest = now
        self._go_on(uid)
        self._settle(due)
        return True

    def approved(self, now: datetime) -> bool:
        return self.approved_until is not None and now < self.approved_until

    def done(self, uid: str, due: int = 0) -> None:
        """The removal ended or was withdrawn. When none is wanted any more, the hold ends by itself."""
        self._no_longer_asks(uid)
        self._under_way.discard(uid)
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
    def tally(self) -> Tally | None:
        """None when nothing was let through. What falls out of the window does so when the next removal asks."""
        if not self._admitted or self._latest is None:
            return None
        return Tally(len(self._admitted), min(len(self._under_way), len(self._admitted)), self._latest)

    def _recognize(self, uid: str, now: datetime, called: datetime | None, asked: datetime | None) -> None:
        """Give a removal that an earlier life let through its name again."""
        surely = called is not None and (now - called).total_seconds() <= self.window
        before, latest = next(iter(self._nameless.items()), ("", None))
        if latest and (surely or (asked and asked <= latest)):
            del self._nameless[before]
            self._under_way.discard(before)
            self._admitted[uid] = self._admitted.pop(before)
        elif called and surely:
            self._admitted[uid] = called

    def _go_on(self, uid: str) -> None:
        self._no_longer_asks(uid)
        self._under_way.add(uid)

    def _no_longer_asks(self, uid: str) -> None:
        """When the last that asked is let through or withdraws, what comes next is judged by the window alone."""
        if self._asked.pop(uid, None) and not self._asked:
            self._certain = False

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
            if uid in self._nameless:
                del self._nameless[uid]
                self._under_way.discard(uid)
