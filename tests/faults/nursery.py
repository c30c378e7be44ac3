"""A process that has imported the operator and forks one whenever it is told to: an operator starts in milliseconds, is
a process of its own, and can be killed, frozen and ended like any other.

Run as a script. It reads orders from standard input, one JSON object a line, and answers each with one line:

    {"start": {...}}    the pid; the fields are those of `Birth`
    {"reap": PID}       how that process ended, as a code or the negative number of a signal; null while it lives

At the end of its input it kills all that is left.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clock import Clock, FastLoop, FastPolicy  # type: ignore[import-not-found]  # beside this script

from trainsweep import app
from trainsweep.controller.manager import LeaseLost, Manager
from trainsweep.kube.leader_election import Lease
from trainsweep.settings import Settings
from trainsweep.telemetry import audit, logs

#: Seconds of the world. The API server lives in real time, and needs some of it when many runs share it.
LEASE_SECONDS = 90.0


@dataclass(frozen=True)
class Birth:
    """What an operator is born with: its login, its namespace, the files it writes, the fields of its clock, and
    whether a Lease decides who acts.
    """

    kubeconfig: str
    namespace: str
    log: str
    audit: str
    clock: dict[str, float | str]
    elected: bool


def main() -> None:
    os.setsid()
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            pid = os.fork()
            if pid == 0:
                live(Birth(**order["start"]))
            children.add(pid)
            answer: int | None = pid
        else:
            pid, status = os.waitpid(order["reap"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            children.discard(pid)
        print(json.dumps(answer), flush=True)  # noqa: T201 (the answer)
    for child in children:
        os.kill(child, signal.SIGKILL)


def live(birth: Birth) -> None:
    """The whole life of an operator. Never returns: the process that was forked has nothing else to do."""
    code = 1
    try:
        log = os.open(birth.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor, place in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
            os.dup2(place, descriptor)
        logs.configure(pretty=False, level="debug")
        audit.configure(Path(birth.audit))
        asyncio.set_event_loop_policy(FastPolicy())
        with asyncio.Runner(loop_factory=FastLoop) as runner:
            runner.run(work(birth))
        code = 0
    except LeaseLost:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


async def work(birth: Birth) -> None:
    """Operate until SIGTERM."""
    settings = Settings(
        namespace=(birth.namespace,),
        allow_http_endpoints=True,
        kubeconfig=Path(birth.kubeconfig),
        drain_seconds=5.0,
        leader_election=birth.elected,
        lease_namespace=birth.namespace,
        lease_seconds=LEASE_SECONDS,
    )

    def end_on_signal(engine: Manager) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.stop)

    clock = Clock(**birth.clock)
    # Terms are seconds of the world.
    app.Lease = partial(Lease, clock=asyncio.get_running_loop().time)  # type: ignore[misc,assignment]
    await app.operate(settings, end_on_signal, clock.shown)


if __name__ == "__main__":
    main()
