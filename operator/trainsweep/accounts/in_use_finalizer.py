"""Keeps a ProviderConfig and its Secret from vanishing while a resource may still need them: the in-use finalizer.

The ProviderConfig gets it first and loses it last, so that none is ever left on a Secret that nobody knows of. Both
have it before the first resource is held: from then on only they can clean up.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from trainsweep.accounts.secrets import Place, Secret, find_secret, protect_secret
from trainsweep.api.names import IN_USE_FINALIZER
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config, decode
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient
from trainsweep.kube.writer import Writer

log = logging.getLogger(__name__)


class InUseFinalizer:
    """`edited(key)` is called when the answer to a write shows that somebody changed the ProviderConfig meanwhile."""

    def __init__(self, client: KubeClient, writer: Writer, store: Cache, *, edited: Callable[[Key], None]) -> None:
        self._client = client
        self._writer = writer
        self._store = store
        self._edited = edited
        #: What is read of a Secret holds until its turn is over: accounts may share one.
        self._turns: defaultdict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: Resources that are about to be held, by ProviderConfig.
        self._arriving: defaultdict[Key, set[Key]] = defaultdict(set)
        #: ProviderConfigs known to be protected together with their Secret: uid and Secret.
        self._safe: dict[Key, tuple[str, Place]] = {}
        #: Secrets that carry the finalizer for the sake of a ProviderConfig, as far as this process knows.
        self._marked: defaultdict[Key, set[Place]] = defaultdict(set)

    @asynccontextmanager
    async def kept(self, record: Resource) -> AsyncIterator[None]:
        """Keep the account of a resource that is about to be held; once it is, it keeps its account itself."""
        arriving = self._arriving[record.config]
        arriving.add(record.key)
        try:
            config = self._store.configs.get(record.config)
            if config and not self._is_safe(config):
                async with self._turns[config.secret]:
                    if not self._is_safe(self._store.configs.get(config.key, config)):
                        # What cannot be kept is held all the same: its finalizer comes before everything else.
                        with suppress(ConfigurationError):
                            await self._settle(config)
            yield
        finally:
            arriving.discard(record.key)

    async def settle(self, config: Config) -> Secret | None:
        """Protect or free both as it is needed now; the answer is the Secret as it was read, None when there is none.

        Raises `ConfigurationError` when it may not be read, or not be freed.
        """
        for place in self._marked[config.key] - {config.secret}:
            await self._free(config.key, place)
        async with self._turns[config.secret]:
            return await self._settle(config)

    async def forsake(self, key: Key) -> None:
        """The ProviderConfig is gone, however that came about: free its Secret."""
        self._safe.pop(key, None)
        for place in tuple(self._marked[key]):
            await self._free(key, place)
        del self._marked[key]

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
        if needed and protected:
            self._safe[config.key] = config.uid, config.secret
        if not needed and not self._marked[config.key]:
            await self._mark(config, needed=False)
        if problem:
            raise problem
        return secret

    async def _free(self, key: Key, place: Place) -> None:
        """Free a Secret that a ProviderConfig uses no more, unless another one does."""
        async with self._turns[place]:
            try:
                await self._mark_secret(key, place, await find_secret(self._client, place))
            except ConfigurationError as error:
                log.warning("a finalizer stays on a Secret", extra={"account": str(key), "why": str(error)})

    async def _mark_secret(self, key: Key, place: Place, secret: Secret | None) -> bool:
        """Whether the Secret is protected now."""
        users = [config.key for config in self._store.configs.values() if config.secret == place]
        needed = any(self._needed(user) for user in users)
        mine = key in users and self._needed(key)
        if mine or (secret and secret.protected):
            self._marked[key].add(place)
        protected = secret is not None and await protect_secret(self._client, secret, needed=needed)
        if not mine or secret is None:
            self._marked[key].discard(place)
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

    def _needed(self, key: Key) -> bool:
        users = self._store.users.get(key, ())
        return bool(self._arriving[key]) or any(self._store.records[user].held for user in users)

    def _is_safe(self, config: Config) -> bool:
        return self._safe.get(config.key) == (config.uid, config.secret) and IN_USE_FINALIZER in config.finalizers
