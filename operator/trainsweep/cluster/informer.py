"""The informer: kopf watches our kinds and hands every event on. This is the only file that imports kopf.

kopf keeps no state for us and writes nothing: `on.event` alone, no finalizers, no annotations, no retries. It runs in a
thread with a loop of its own, so that its end, for whatever reason, cancels none of our calls; it is started again
then, and what was missed meanwhile is made up by the sweep.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import aiohttp
import kopf

from trainsweep.api.kinds import KINDS
from trainsweep.api.names import GROUP, VERSION
from trainsweep.kube import paths
from trainsweep.kube.login import Login
from trainsweep.kube.session import open_session
from trainsweep.kube.sockets import Sockets
from trainsweep.telemetry.state import WatchState

log = logging.getLogger(__name__)

#: Tokens of pods rotate; the login is made anew this often.
LOGIN_AGE = timedelta(minutes=10)
#: Seconds until a login that failed is tried again.
LOGIN_AGAIN = 10.0
#: Pauses between restarts of a watch that failed, in seconds.
RESTART_FIRST, RESTART_LONGEST = 1.0, 30.0
#: Seconds in which lists count as one listing.
LISTING = 5.0
#: Seconds without a session after which kopf is given up: it needs one at once, unless it is at its end and hangs.
GIVEN_UP = 10.0
#: Seconds in which tasks of kopf that survived their cancellation are cancelled again, and how often.
LINGERING, ROUNDS = 0.5, 10

#: Called in the watch's thread: the kind, whether the object is gone, and the object.
Sink = Callable[[str, bool, Mapping[str, Any]], None]


class EventSource(Protocol):
    """What the manager needs of an informer."""

    @property
    def state(self) -> WatchState | None: ...

    def start(self) -> None: ...

    def serve(self, namespaces: tuple[str, ...]) -> None: ...

    def stop(self, timeout: float = ...) -> None: ...


class InformerFactory(Protocol):
    def __call__(
        self, login: Login, sink: Sink, *, namespaces: tuple[str, ...], listing: Callable[[], None]
    ) -> EventSource: ...


class Informer:
    """`listing()` is called in the watch's thread when it lists what is there: at its start, and after a failure."""

    def __init__(
        self, login: Login, sink: Sink, *, namespaces: tuple[str, ...] = (), listing: Callable[[], None]
    ) -> None:
        self._login = login
        self._sink = sink
        self._namespaces = namespaces
        self._listing = listing
        self._listed = float("-inf")
        self._end: Callable[[], object] | None = None
        self._stopping = threading.Event()
        self._started = False
        #: By path, whether the last request to watch it was granted and none has failed since.
        self._watched: dict[str, bool] = {}
        self._session: aiohttp.ClientSession | None = None
        self._sockets = Sockets()
        self._last_event: float | None = None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        self._started = True
        self._thread.start()

    def serve(self, namespaces: tuple[str, ...]) -> None:
        """Watch these namespaces from now on; a watch of others starts anew."""
        self._namespaces = namespaces
        self._end_run()

    def stop(self, timeout: float = 5.0) -> None:
        """End the watch, if it was started; events may still arrive until this returns."""
        self._stopping.set()
        self._end_run()
        if self._started:
            self._thread.join(timeout)

    def _end_run(self) -> None:
        if self._end:
            with contextlib.suppress(RuntimeError):  # its loop has just closed
                self._end()

    @property
    def state(self) -> WatchState | None:
        """None before the start."""
        if not self._started:
            return None
        watched = list(self._watched.values())
        return WatchState(alive=self._thread.is_alive(), up=bool(watched) and all(watched), last_event=self._last_event)

    def _run(self) -> None:
        pause = RESTART_FIRST
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                asyncio.run(self._operator())
            except Exception as error:
                log.warning("the watch ended and starts again", extra={"error": repr(error), "pause": pause})
            finally:
                self._watched.clear()
            if time.monotonic() - begun > RESTART_LONGEST:
                pause = RESTART_FIRST
            if self._stopping.wait(pause):
                return
            pause = min(RESTART_LONGEST, pause * 2)

    async def _operator(self) -> None:
        # A flag of this loop: kopf waits for one of another kind in a thread, which would outlast a failure of kopf and
        # keep the loop from ending.
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_leave_behind)
        self._end = partial(loop.call_soon_threadsafe, stop.set)
        if self._stopping.is_set():
            return
        self._lists()
        operator = kopf.operator(
            registry=self._registry(),
            settings=_settings(scoped=bool(self._namespaces)),
            standalone=True,
            # For peers, of which there are none. By default kopf asks for the user's name; a container's has none.
            identity="trainsweep",  # type: ignore[arg-type]  # a NewType that kopf does not export
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=stop,
        )
        try:
            await self._until_it_ends(asyncio.create_task(operator))
        finally:
            await _end_all_others()
            if self._session:
                await self._session.close()  # kopf closes only what it has used
            await self._sockets.cut()

    async def _until_it_ends(self, operator: asyncio.Task[None]) -> None:
        """When one stream fails for good, as at a 404, kopf logs out and then waits for the others for ever, which wait
        for a login.
        """
        loop = asyncio.get_running_loop()
        last_seen = loop.time()
        while not operator.done():
            await asyncio.wait({operator}, timeout=1.0)
            if self._session is None or not self._session.closed:
                last_seen = loop.time()
            elif loop.time() - last_seen > GIVEN_UP:
                operator.cancel()
                raise RuntimeError("kopf did not come to its end")
        operator.result()

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, backoff=LOGIN_AGAIN)(self._connect)
        for kind in KINDS.values():
            if kind.scope == "Cluster" and self._namespaces:
                continue
            kopf.on.event(GROUP, VERSION, kind.plural, registry=registry, id=kind.plural)(self._handler(kind.name))
        return registry

    def _handler(self, kind: str) -> Callable[..., Any]:
        async def handle(event: Mapping[str, Any], **_: Any) -> None:
            self._last_event = time.time()
            if event.get("type") is None:  # from a list: after 410 kopf begins anew by itself
                self._lists()
            self._sink(kind, event.get("type") == "DELETED", event["object"])

        return handle

    def _lists(self) -> None:
        """Said once for a listing of all kinds."""
        now = asyncio.get_running_loop().time()
        if now - self._listed > LISTING:
            self._listed = now
            self._listing()

    async def _connect(self, **_: Any) -> kopf.AiohttpSession:
        """A session such as kopf makes itself, and what becomes of its requests is noted. kopf closes it before it asks
        for another one.
        """
        login = await self._login.configuration()
        authorization = login.api_key.get("BearerToken")
        tracing = aiohttp.TraceConfig()
        tracing.on_request_end.append(self._answered)
        tracing.on_request_exception.append(self._failed)
        self._session = open_session(
            login,
            self._sockets,
            headers={"Authorization": authorization} if authorization else {},
            traces=(tracing,),
        )
        return kopf.AiohttpSession(
            server=login.host, aiohttp_session=self._session, expiration=datetime.now(UTC) + LOGIN_AGE
        )

    async def _answered(self, _session: object, _context: object, request: aiohttp.TraceRequestEndParams) -> None:
        """A watch is answered when it begins; how it ends is told by the next request."""
        if request.response.status == 404:  # the definition of the kind is gone
            self._watched.pop(request.url.path, None)
        elif request.response.status != 200:
            self._note(request.url.path, granted=False)
        elif "watch" in request.url.query:
            self._note(request.url.path, granted=True)

    async def _failed(self, _session: object, _context: object, request: aiohttp.TraceRequestExceptionParams) -> None:
        self._note(request.url.path, granted=False)

    def _note(self, path: str, *, granted: bool) -> None:
        """Only lists and watches of our kinds count; kopf asks for other things, too."""
        if f"{paths.DISCOVERY}/" in path:
            self._watched[path] = granted


def _leave_behind(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Errors of tasks that kopf gave up: what went wrong its own log has told."""
    error = context.get("exception") or context["message"]
    log.info("kopf left an error behind", extra={"error": repr(error)})


async def _end_all_others() -> None:
    """Some tasks of kopf take a first cancellation for something else."""
    for _ in range(ROUNDS):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=LINGERING)


class _NoDiff(kopf.DiffBaseStorage):
    """Our handlers take every event as it is; kopf would copy each object, deeply, to compare it with the last one."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None


def _settings(*, scoped: bool) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.persistence.diffbase_storage = _NoDiff()
    settings.posting.enabled = False
    settings.peering.standalone = True
    # Handlers only hand over, so idle workers are dead weight (6 kB each) and die soon.
    settings.queueing.idle_timeout = 0.1
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 290
    settings.watching.client_timeout = 310
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30
    settings.networking.enforce_retry_after = True
    # An API server that is back is noticed within 5 s; when it is not after half a minute, the watch starts afresh.
    settings.networking.error_backoffs = (1, 1, 2, 3, 5, 5, 5, 5, 5)
    # Scanning follows definitions that come and go, but needs cluster-wide rights that a scoped operator lacks.
    settings.scanning.disabled = scoped
    settings.process.ultimate_exiting_timeout = None
    return settings
