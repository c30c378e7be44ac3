"""A provider in memory that keeps the contract of `providers.base`, and has the nastiness of the real ones.

Effects come late, answers get lost after the effect, reads lie as documented (`apis/`), runs end by themselves.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotFound,
    OnlyListed,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    WrongState,
)
from trainsweep.core.external import WHOLE_OF, ExternalState, Receipt, Remote, Target, Thing, state_of_parts
from trainsweep.providers.pacing import Pace

from .virtual_time import Clock

LATENCY = 0.02
EFFECT = 3.0
#: Seconds until a call that hangs is given up.
PATIENCE = 60.0
#: How often the same may be accepted while it is under way: two resources may follow each other as its owner.
OFTEN = 2
PART_OF = {Thing.TUNING_JOB: Thing.TUNING_TASK, Thing.JOB: Thing.VERSION}

READ_FAULTS: dict[str, Callable[[], Exception]] = {
    "outage": lambda: Unavailable("the service is down", status=503),
    "not found, though it is there": lambda: NotFound("no such thing", status=404),
    "odd refusal": lambda: Refused("try later", status=400, code="X.9"),
    "wrong place": lambda: Misrouted("no such path", status=404),
    "page of HTML": lambda: Malformed("HTML", status=200),
    "forbidden": lambda: PermissionDenied("not for you", status=403),
    "bad signature": lambda: CredentialsInvalid("signature does not match", status=401),
    "too fast": lambda: RateLimited("slow down", status=429, retry_after=7.0),
    "too fast for years": lambda: RateLimited("slow down", status=429, retry_after=1e8),
    "quota": lambda: QuotaExceeded("too much", status=400, code="X.Q"),
    "refused without a code": lambda: Refused("no", status=400),
    "no such project": lambda: ConfigurationError("InvalidSpec", "There is no such project."),
    "defect": lambda: TypeError("nobody thought of this"),
}
WRITE_FAULTS: dict[str, Callable[[], Exception]] = {
    "outage": lambda: OutcomeUnknown("no answer"),
    "answer lost": lambda: OutcomeUnknown("no answer"),
    "wrong state": lambda: WrongState("not now", status=400),
    "refused": lambda: Refused("no", status=400, code="X.1"),
    "too fast": lambda: RateLimited("slow down", status=429),
    "bad signature": lambda: CredentialsInvalid("signature does not match", status=401),
    "unfit account": lambda: ConfigurationError("InvalidSpec", "no such project; correct modelArts.projectName"),
}
FAULTS = sorted((READ_FAULTS.keys() | WRITE_FAULTS.keys()) - {"defect", "no such project", "too fast for years"})


@dataclass
class Item:
    """A remote thing; `due` is when it takes on the state `next` (None: it is gone then)."""

    thing: Thing
    remote: Remote
    due: float | None = None
    next: ExternalState | None = None
    unclear: bool = False
    #: Can be read by id, but no list shows it: a job of another workspace.
    unlisted: bool = False


@dataclass
class Entry:
    """One call that arrived. `state` is what was true then."""

    time: float
    verb: str
    target: Target | str
    state: ExternalState | None = None


@dataclass
class Remotes:
    """The provider's world; it outlives the operator."""

    clock: Clock
    items: dict[str, Item] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    #: What goes wrong with the next calls, one each, and with every stop or delete.
    faults: deque[str] = field(default_factory=deque)
    write_faults: str = ""
    #: And with every read by id.
    read_faults: str = ""
    #: And with every call that asks whether the account is accepted.
    probe_faults: str = ""
    #: Seconds from the acceptance of a stop or delete to its effect.
    effect: float = EFFECT
    #: Seconds of the way there, and of the way back.
    latency: float = LATENCY
    #: Until then (seconds of the clock) nothing is answered: the provider hangs.
    hangs_until: float = 0.0
    #: Called with every stop or delete that arrives, before anything follows from it.
    before_write: Callable[[str, Target], None] = lambda verb, target: None
    #: When each fault was met last.
    met: dict[str, float] = field(default_factory=dict)
    #: The stops and deletes that were accepted.
    deeds: set[tuple[str, str]] = field(default_factory=set)
    #: The stops and deletes that one client asked for again and again while the first was at work.
    hasty: list[str] = field(default_factory=list)
    #: Every id that was ever here.
    born: set[str] = field(default_factory=set)

    def add(self, thing: Thing, remote_id: str, state: ExternalState = ExternalState.RUNNING, **more: object) -> None:
        fields = {"name": remote_id, "created_at": self.clock.now(), "started_at": self.clock.now()}
        remote = Remote(remote_id, state=state, provider_state=state.value, **(fields | more))  # type: ignore[arg-type]
        self.items[remote_id] = Item(thing, remote)
        self.born.add(remote_id)

    def end(self, remote_id: str, state: ExternalState = ExternalState.SUCCEEDED) -> None:
        """A run ends by itself."""
        item = self.items[remote_id]
        if item.remote.state.active:
            item.remote = replace(item.remote, state=state, provider_state=state.value, finished_at=self.clock.now())
            item.due = None

    def begin(self, remote_id: str) -> None:
        """A run that waited in the queue starts."""
        item = self.items.get(remote_id)
        if item and item.remote.state is ExternalState.PENDING:
            running = ExternalState.RUNNING
            now = self.clock.now()
            item.remote = replace(item.remote, state=running, provider_state=running.value, started_at=now)

    def state(self, remote_id: str) -> ExternalState:
        """The truth, ABSENT included."""
        self.advance()
        return self.shown(remote_id, clear=True).state if remote_id in self.items else ExternalState.ABSENT

    def advance(self) -> None:
        for remote_id, item in list(self.items.items()):
            if item.due is None or item.due > self.clock.seconds:
                continue
            if item.next is None:
                for part in [one for one, other in self.items.items() if other.remote.parent == remote_id]:
                    del self.items[part]
                self.items.pop(remote_id, None)
            else:
                item.remote = replace(item.remote, state=item.next, provider_state=item.next.value)
                item.remote = replace(item.remote, finished_at=self.clock.now())
                item.due = None

    def shown(self, remote_id: str, *, clear: bool = False) -> Remote:
        item = self.items[remote_id]
        remote = item.remote
        if item.thing in PART_OF:
            parts = tuple(self.shown(one) for one, other in self.items.items() if other.remote.parent == remote_id)
            state = state_of_parts(parts) if parts or item.thing is Thing.TUNING_JOB else remote.state
            remote = replace(remote, parts=parts, state=state)
        if item.unclear and not clear:
            remote = replace(remote, state=ExternalState.UNKNOWN, provider_state="Defrosting")
        return remote


class MemoryProvider:
    """One client of the account, for one life of the operator.

    `hangs` says whether requests of it are not answered at the moment: they end after `PATIENCE`. `refused` is the
    fault that every call of it meets, "" for none: a key that is not one of this account's.
    """

    def __init__(
        self,
        world: Remotes,
        pace: Pace,
        killed: Callable[[], bool] = lambda: False,
        place: str = "",
        *,
        hangs: Callable[[], bool] = lambda: False,
        refused: str = "",
    ) -> None:
        self.world = world
        self._hangs = hangs
        self._refused = refused
        self._pace = pace
        self._killed = killed
        self.closed = False
        self.place = place
        self._accepted: Counter[tuple[str, str, float]] = Counter()

    async def locate(self) -> str:
        self._refuse()
        return self.place

    async def read(self, target: Target) -> Remote:
        await self._arrive("read", target)
        if self.world.read_faults:
            self._meet(self.world.read_faults, READ_FAULTS)
        self._fail(READ_FAULTS)
        if target.id not in self.world.items:
            if target.thing is Thing.TUNING_JOB:
                raise OnlyListed("no tasks")
            raise NotFound("no such thing", status=404, code="X.404")
        remote = self.world.shown(target.id)
        if target.thing is Thing.TUNING_JOB:  # as Qianfan, where a job is its tasks
            if not remote.parts:
                raise OnlyListed("no tasks")
            remote = replace(remote, created_at=None)
        await self._pass(self.world.latency)
        return remote

    async def list(self, collection: str) -> tuple[Remote, ...]:
        await self._arrive("list", collection)
        self._fail({name: make for name, make in READ_FAULTS.items() if not name.startswith("not found")})
        kind, _, parent = collection.partition("/")
        found = tuple(
            self.world.shown(remote_id)
            for remote_id, item in self.world.items.items()
            if item.thing.value == kind and not item.unlisted and item.remote.parent.startswith(parent)
        )
        await self._pass(self.world.latency)
        if kind != Thing.TUNING_JOB.value:
            return found
        # A list of jobs tells neither their parts nor their states.
        return tuple(replace(one, parts=None, state=ExternalState.UNKNOWN, provider_state="") for one in found)

    def collection(self, target: Target) -> str:
        return f"{target.thing.value}/{target.parent}" if target.parent else target.thing.value

    def collections_of_names(self, thing: Thing, parent: str = "") -> tuple[str, ...]:
        whole = WHOLE_OF.get(thing, thing)
        return (f"{thing.value}/{parent}" if parent else whole.value,)

    async def stop(self, target: Target) -> Receipt:
        return await self._order("stop", target, ExternalState.STOPPED)

    async def delete(self, target: Target) -> Receipt:
        return await self._order("delete", target, None)

    async def probe(self) -> None:
        await self._arrive("probe", "")
        if self.world.probe_faults:
            self._meet(self.world.probe_faults, READ_FAULTS)
        self._fail(READ_FAULTS)

    def part(self, target: Target, part: Remote) -> Target:
        return Target(PART_OF[target.thing], part.id, target.id)

    async def aclose(self) -> None:
        self.closed = True

    async def _order(self, verb: str, target: Target, then: ExternalState | None) -> Receipt:
        await self._arrive(verb, target)
        self.world.before_write(verb, target)
        lost = bool(self.world.faults) and self.world.faults[0] == "answer lost"
        if not lost:
            self._fail(WRITE_FAULTS)
        item = self.world.items.get(target.id)
        if item is None:
            raise NotFound("no such thing", status=404, code="X.404")
        active = self.world.shown(target.id, clear=True).state.active
        if active is not (verb == "stop"):
            raise WrongState(f"cannot {verb} it now", status=400, code="X.400")
        if item.due is None:
            item.due, item.next = self.world.clock.seconds + self.world.effect, then
            self.world.deeds.add((verb, target.id))
        if lost:
            self._fail(WRITE_FAULTS)
        self._accepted[verb, target.id, item.due] += 1
        if self._accepted[verb, target.id, item.due] > OFTEN:
            self.world.hasty.append(f"{verb} {target.id} was asked for again while it was under way")
        await self._pass(self.world.latency)
        return Receipt(f"req-{len(self.world.journal)}")

    async def _arrive(self, verb: str, target: Target | str) -> None:
        await self._pace.turn()
        if self._hangs():
            await self._pass(PATIENCE)
            raise OutcomeUnknown("no answer") if verb in ("stop", "delete") else Unavailable("no answer")
        await self._pass(max(self.world.latency, self.world.hangs_until - self.world.clock.seconds))
        self._pace.check()
        self._refuse()
        self.world.advance()
        known = isinstance(target, Target) and target.id in self.world.items
        state = self.world.shown(target.id, clear=True).state if known else None
        self.world.journal.append(Entry(self.world.clock.seconds, verb, target, state))

    def _fail(self, fitting: dict[str, Callable[[], Exception]]) -> None:
        if fitting is WRITE_FAULTS and self.world.write_faults:
            self._meet(self.world.write_faults, fitting)
        if self.world.faults and self.world.faults[0] in fitting:
            self._meet(self.world.faults.popleft(), fitting)

    def _meet(self, fault: str, fitting: dict[str, Callable[[], Exception]]) -> None:
        self.world.met[fault] = self.world.clock.seconds
        raise fitting[fault]()

    def _refuse(self) -> None:
        if self._refused:
            self._meet(self._refused, READ_FAULTS)

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._killed():
            raise asyncio.CancelledError
