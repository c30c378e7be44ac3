"""Keeps a ProviderConfig and its Secret from vanishing while a resource may still need them: the in-use finalizer.

The ProviderConfig gets it first and loses it last, so that none is ever left on a Secret that nobody knows of. Both
have it before the first resource is held: from then on only they can clean up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from weakref import WeakValueDictionary

from trainsweep.accounts.secrets import Place, Secret, find_secret, protect_secret
from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config, decode
from trainsweep.cluster.index import Index
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient
from trainsweep.kube.writer import Writer

log = logging.getLogger(__name__)


class InUseFinalizer:
    """`edited(key)` is called when the answer to a write shows that somebody changed the ProviderConfig meanwhile.

    `works(key)` tells whether the credentials of a ProviderConfig have worked once. Before that its Secret is left
    alone: a ProviderConfig may name any Secret of its namespace, and must not keep one that it cannot use.
    """

    def __init__(
        self,
        client: KubeClient,
        writer: Writer,
        store: Cache,
        *,
        edited: Callable[[Key], None],
        works: Callable[[Key], bool],
    ) -> None:
        self._works = works
        self._client = client
        self._writer = writer
        self._store = store
        self._edited = edited
        #: What is read of a Secret holds until its turn is over: accounts may share one.
        self._turns: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        #: Resources that are about to be held, by ProviderConfig.
        self._arriving: Index[Key, Key] = Index()
        #: ProviderConfigs known to be protected together with their Secret: uid and Secret.
        self._safe: dict[Key, tuple[str, Place, bool]] = {}
        #: Secrets that carry the finalizer for the sake of a ProviderConfig, as far as this process knows.
        self._marked: Index[Key, Place] = Index()

    @asynccontextmanager
    async def kept(self, record: Resource) -> AsyncIterator[None]:
        """Keep the account of a resource that is about to be held; once it is, it keeps its account itself."""
        self._arriving.add(record.config, record.key)
        try:
            config = self._store.configs.get(record.config)
            if config and not self._is_safe(config):
                async with self._turn(config.secret):
                    if not self._is_safe(self._store.configs.get(config.key, config)):
                        # What cannot be kept is held all the same: its finalizer comes before everything else.
                        with suppress(ConfigurationError):
                            await self._settle(config)
            yield
        finally:
            self._arriving.discard(record.config, record.key)

    async def settle(self, config: Config) -> Secret | None:
        """Protect or free both as it is needed now; the answer is the Secret as it was read, None when there is none.

        Raises `ConfigurationError` when it may not be read, or not be freed.
        """
        for place in self._marked.get(config.key, set()) - {config.secret}:
            await self._free(config.key, place)
        async with self._turn(config.secret):
            return await self._settle(config)

    async def forsake(self, key: Key) -> None:
        """The ProviderConfig is gone, however that came about: free its Secret."""
        self._safe.pop(key, None)
        for place in tuple(self._marked.get(key, ())):
            await self._free(key, place)
        self._marked.pop(key, None)

    def _turn(self, place: Place) -> asyncio.Lock:
        return self._turns.setdefault(place, asyncio.Lock())

    async def _settle(self, config: Config) -> Secret | None:
        needed = self._needed(config.key)
        if needed:
            await self._mark(config, needed=True)
        else:
            self._safe.pop(config.key, None)
        problem: ConfigurationError | None = None
        secret, protected = None, False
        try:
            secret = await find_secret(self._client, config.secret)
            protected = await self._mark_secret(config.key, config.secret, secret)
        except ConfigurationError as error:
            problem = error
        works = self._works(config.key)
        if needed and (protected or not works):
            self._safe[config.key] = config.uid, config.secret, works
        if not needed and not self._marked.get(config.key):
            await self._mark(config, needed=False)
        if problem:
            raise problem
        return secret

    async def _free(self, key: Key, place: Place) -> None:
        """Free a Secret that a ProviderConfig uses no more, unless another one does."""
        async with self._turn(place):
            try:
                await self._mark_secret(key, place, await find_secret(self._client, place))
            except ConfigurationError as error:
                log.warning("a finalizer stays on a Secret", extra={"account": str(key), "why": str(error)})

    async def _mark_secret(self, key: Key, place: Place, secret: Secret | None) -> bool:
        """Whether the Secret is protected now."""
        users = [config.key for config in self._store.configs.values() if config.secret == place]
        there = secret is not None and secret.protected
        needed = any(self._cleans_up(user) and (there or self._may_protect(user)) for user in users)
        mine = key in users and self._cleans_up(key) and (there or self._may_protect(key))
        if mine or there:
            self._marked.add(key, place)
        protected = secret is not None and await protect_secret(self._client, secret, needed=needed)
        if not mine or secret is None:
            self._marked.discard(key, place)
        return protected

    async def _mark(self, config: Config, *, needed: bool) -> None:
        config = self._store.configs.get(config.key, config)
        if needed == (IN_USE_FINALIZER in config.finalizers) or (needed and config.deleting):
            return
        others = tuple(name for name in config.finalizers if name != IN_USE_FINALIZER)
        finalizers = (*others, IN_USE_FINALIZER) if needed else others
        body = await self._writer.set_finalizers(config.key, config.version, finalizers)
        updated = decode(config.key.kind, body)
        if not isinstance(updated, Config):
            return
        self._store.put_config(updated)
        seen = replace(config, version=updated.version, finalizers=updated.finalizers, status=updated.status)
        if seen != updated:
            self._edited(config.key)

    def _may_protect(self, key: Key) -> bool:
        """A Secret gets the finalizer for a ProviderConfig that has worked and has it itself by now: a resource may
        have arrived while the Secret was read.
        """
        return self._works(key) and IN_USE_FINALIZER in self._store.configs[key].finalizers

    def _needed(self, key: Key) -> bool:
        """Whether a resource may need the account: it is to be cleaned up, or has an id pinned by it."""
        return self._cleans_up(key) or any(record.pinned for record in self._store.dependents(key))

    def _cleans_up(self, key: Key) -> bool:
        """Whether a resource carries our finalizer, or is about to."""
        return key in self._arriving or any(record.has_finalizer for record in self._store.dependents(key))

    def _is_safe(self, config: Config) -> bool:
        known = (config.uid, config.secret, self._works(config.key))
        return self._safe.get(config.key) == known and IN_USE_FINALIZER in config.finalizers
