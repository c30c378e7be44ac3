"""A tenant's own pace has a ceiling, and the platform's account keeps its own."""

import pytest

from trainsweep.accounts.ceilings import Ceilings
from trainsweep.api.provider_config import ClusterProviderConfigSpec, ProviderConfigSpec
from trainsweep.settings import Settings

GREEDY = {"readsPerSecond": 1000, "writesPerSecond": 500, "burst": 10_000, "maxInFlight": 1000}
CEILINGS = Ceilings(calls_per_second=30, calls_in_flight=6)


def spec(model=ProviderConfigSpec, **limit):
    secret = {"name": "keys"} if model is ProviderConfigSpec else {"name": "keys", "namespace": "platform"}
    body = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": secret}, "rateLimit": limit}
    return model.model_validate(body)


def pace(ceilings, found):
    reads, writes = ceilings.limiters(found)
    return reads.rate, writes.rate, reads.burst, ceilings.in_flight(found)


def test_a_greedy_account_gets_what_a_tenant_may_have():
    assert pace(CEILINGS, spec(**GREEDY)) == (30, 30, 60, 6)


def test_a_modest_account_keeps_its_pace():
    assert pace(CEILINGS, spec(readsPerSecond=3, writesPerSecond=2, burst=4, maxInFlight=2)) == (3, 2, 4, 2)
    assert pace(CEILINGS, spec()) == pace(Ceilings(), spec())


def test_the_account_of_the_platform_has_no_ceiling():
    assert pace(CEILINGS, spec(ClusterProviderConfigSpec, **GREEDY)) == (1000, 500, 10_000, 1000)


@pytest.mark.parametrize("given", [{"max_calls_per_second": 0.0}, {"max_calls_in_flight": 0}])
def test_a_ceiling_of_nothing_is_refused(given):
    with pytest.raises(ValueError, match="max-calls"):
        Settings(**given)
