"""What both simulated worlds share: shelves of things that can be leaving, and the two ways to say no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from trainsweep_devtools.simulators.timeline import Departure


class Missing(Exception):
    """No such thing."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} {id} does not exist")
        self.kind = kind
        self.id = id


class WrongState(Exception):
    """The thing is not in a state that allows this."""

    def __init__(self, kind: str, id: str, state: str, verb: str) -> None:
        super().__init__(f"{kind} {id} is {state} and cannot be {verb}")
        self.kind = kind
        self.id = id


class Taken(Exception):
    """A thing of that name or id exists already."""


class Leaving(Protocol):
    """A thing that may be on its way out."""

    departure: Departure | None


T = TypeVar("T", bound=Leaving)


class Shelf(Generic[T]):
    """Things by id. Finding one, adding one and losing one cost the same whatever their number.

    `on_departure(thing, now)` is asked when a deleted thing's time has come; False keeps it (the delete failed).
    """

    def __init__(self, kind: str, on_departure: Callable[[T, float], bool] = lambda thing, now: True) -> None:
        self.kind = kind
        self._on_departure = on_departure
        self._things: dict[str, T] = {}
        self._leaving: dict[str, T] = {}
        self._orders: dict[tuple[str, bool], list[T]] = {}

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, id: str) -> bool:
        return id in self._things

    def __iter__(self) -> Iterator[T]:
        return iter(self._things.values())

    def get(self, id: str, now: float) -> T:
        """The thing, unless its departure is over."""
        thing = self._things.get(id)
        if thing is not None and thing.departure is not None:
            self._depart(id, thing, now)
        if id not in self._things:
            raise Missing(self.kind, id)
        return self._things[id]

    def add(self, id: str, thing: T) -> None:
        if id in self._things:
            raise Taken(f"{self.kind} {id} exists already")
        self._things[id] = thing
        self._orders.clear()

    def remove(self, id: str) -> None:
        """Gone at once, without a departure."""
        if id not in self._things:
            raise Missing(self.kind, id)
        del self._things[id]
        self._leaving.pop(id, None)
        self._orders.clear()

    def leave(self, id: str, departure: Departure) -> None:
        thing = self._things[id]
        thing.departure = departure
        self._leaving[id] = thing

    def settle(self, now: float) -> bool:
        """Let go of everything whose departure is over. True while others are still on their way."""
        for id, thing in list(self._leaving.items()):
            self._depart(id, thing, now)
        return bool(self._leaving)

    def ordered(self, by: str, key: Callable[[T], object], *, reverse: bool = False) -> list[T]:
        """All things in order of a key that never changes; the order is kept until a thing comes or goes."""
        order = self._orders.get((by, reverse))
        if order is None:
            order = self._orders[by, reverse] = sorted(self._things.values(), key=key, reverse=reverse)  # type: ignore[arg-type]
        return order

    def _depart(self, id: str, thing: T, now: float) -> None:
        if thing.departure is None or not thing.departure.gone(now):
            return
        if self._on_departure(thing, now):
            self.remove(id)
        else:
            thing.departure = None
            del self._leaving[id]
