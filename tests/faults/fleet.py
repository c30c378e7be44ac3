"""The operators of one run: one, or by accident two, killed and started again as the scenario says."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

from .clock import FACTOR, Clock
from .operators import Nursery, Operator
from .steps import Kill, Second

#: Seconds, real ones, that an end may take.
END = 20.0
#: Seconds of the world in which an operator that wakes up beside another one may do what it was about to do.
AWAKE = 2.0
#: Seconds, real ones, between two looks for an operator that ended because it lost its Lease.
SUPERVISED = 0.1
#: The exit code of an operator that lost its Lease.
LOST = 1


class Fleet:
    """`starts` counts them all. `complaints` are about ends that nobody asked for. `elected`: a Lease decides who
    acts; an operator that loses it ends, and is started again as the kubelet would.
    """

    def __init__(
        self,
        nursery: Nursery,
        clock: Clock,
        directory: Path,
        namespace: str,
        kills: Iterable[Kill],
        *,
        elected: bool,
    ) -> None:
        self.kubeconfig = directory / "kubeconfig"
        self.starts = 0
        self.complaints: list[str] = []
        self._nursery = nursery
        self._clock = clock
        self._directory = directory
        self._namespace = namespace
        self._kills = list(kills)
        self._elected = elected
        self._effects = 0
        self._alive: list[Operator] = []
        self._coming: set[asyncio.Task[None]] = set()

    def start(self) -> Operator:
        operator = Operator.start(
            self._nursery,
            kubeconfig=self.kubeconfig,
            namespace=self._namespace,
            directory=self._directory,
            clock=self._clock,
            elected=self._elected,
        )
        self._alive.append(operator)
        self.starts += 1
        return operator

    def effect(self, moment: str) -> bool:
        """A write, to whichever side, is about to be carried out, or has been. False after a kill: whoever asked for it
        is dead.
        """
        self._effects += moment == "before"
        kill = next((kill for kill in self._kills if (kill.effect, kill.moment) == (self._effects, moment)), None)
        if kill is None:
            return True
        self._kills.remove(kill)
        self._check()
        for operator in self._alive:
            operator.signal(signal.SIGKILL)
        self._alive.clear()
        task = asyncio.create_task(self._start_after(kill.down))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        return False

    async def supervise(self) -> None:
        """Start again whoever lost the Lease, until cancelled."""
        while self._elected:
            for one in [one for one in self._alive if one.code == LOST]:
                self._alive.remove(one)
                self.start()
            await asyncio.sleep(SUPERVISED)

    async def second(self, second: Second) -> None:
        """Let another one run for a while beside the first; if a kill strikes meanwhile, there is nothing to end."""
        if not self._alive:
            return
        older = self._alive[0]
        if second.frozen:
            older.signal(signal.SIGSTOP)
        younger = self.start()
        await asyncio.sleep(second.lasts / FACTOR)
        older.signal(signal.SIGCONT)
        await asyncio.sleep(AWAKE / FACTOR)
        if older not in self._alive or younger not in self._alive or self._ended_rightly(older, younger):
            return
        ending = older if second.older_ends else younger
        self._alive.remove(ending)
        ending.signal(signal.SIGTERM if second.cleanly else signal.SIGKILL)
        code = await ending.ended(within=END)
        # Until it has read its login it ends as any process does.
        if second.cleanly and code not in (0, -signal.SIGTERM, LOST if self._elected else 0):
            self.complaints.append(f"an operator that was asked to end ended with {code}")

    async def calm(self) -> None:
        """No more kills; whoever is to come has come."""
        self._kills.clear()
        if self._coming:
            await asyncio.wait(self._coming)

    async def end(self) -> None:
        """No process is left."""
        for task in self._coming:
            task.cancel()
        self._check()
        for operator in self._alive:
            operator.signal(signal.SIGKILL)
            await operator.ended(within=END)

    def _check(self) -> None:
        self.complaints += [
            f"an operator ended by itself with {one.code}"
            for one in self._alive
            if one.code is not None and not self._ended_rightly(one)
        ]

    def _ended_rightly(self, *operators: Operator) -> bool:
        """Whether one of them ended because it lost its Lease."""
        return self._elected and any(one.code == LOST for one in operators)

    async def _start_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds / FACTOR)
        self.start()
