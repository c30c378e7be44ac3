"""How fast an account is called: as its ProviderConfig says, up to what the platform lets a tenant have. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainsweep.api.provider_config import AccountSpec, ClusterProviderConfigSpec
from trainsweep.calls.rate_limiter import RateLimiter
from trainsweep.providers.registry import plugin_of


@dataclass(frozen=True, slots=True)
class Ceilings:
    """For each ProviderConfig. A ClusterProviderConfig is the platform's own and keeps its pace."""

    calls_per_second: float = math.inf
    calls_in_flight: float = math.inf

    def in_flight(self, spec: AccountSpec) -> int:
        wanted = spec.rate_limit.max_in_flight or plugin_of(spec.provider).limits.in_flight
        return wanted if _is_shared(spec) else int(min(wanted, self.calls_in_flight))

    def limiters(self, spec: AccountSpec) -> tuple[RateLimiter, RateLimiter]:
        """Of reads and of writes."""
        pace, limit = plugin_of(spec.provider).limits, spec.rate_limit
        reads, writes = limit.reads_per_second or pace.reads, limit.writes_per_second or pace.writes
        return self._limiter(spec, reads), self._limiter(spec, writes)

    def _limiter(self, spec: AccountSpec, wanted: float) -> RateLimiter:
        ceiling = math.inf if _is_shared(spec) else self.calls_per_second
        burst = spec.rate_limit.burst or 2 * min(wanted, ceiling)
        return RateLimiter(min(wanted, ceiling), min(burst, max(1.0, 2 * ceiling)))


#: A platform that sets none.
UNLIMITED = Ceilings()


def _is_shared(spec: AccountSpec) -> bool:
    return isinstance(spec, ClusterProviderConfigSpec)
