"""What stands in the way of a resource or an account, in the words of its status. Pure."""

from __future__ import annotations

from trainsweep.api.provider import either, holders
from trainsweep.api.provider_config import ClusterProviderConfigSpec
from trainsweep.calls.circuit_breaker import CircuitOpen
from trainsweep.cluster.decode import Config
from trainsweep.core.errors import ConfigurationError, CredentialsInvalid, ProviderError
from trainsweep.core.inputs import Obstacle
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.cluster_reads import Namespace
from trainsweep.providers.registry import plugin_of

#: What a person mends on the object itself; everything else goes away by itself when the missing thing appears.
STALLING = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.ENDPOINT_NOT_ALLOWED,
        Reason.NOT_ALLOWED,
        Reason.AMBIGUOUS_NAME,
        Reason.IDENTITY_CHANGED,
    }
)


def unreadable(key: Key, problem: str) -> Obstacle:
    """A ProviderConfig that cannot be read may forbid what a former one allowed. Nothing is let go for its sake."""
    return Obstacle(Reason.INVALID_SPEC, f"{key} is not readable: {problem}; correct it.", stalled=True)


def unfit(record: Resource, config: Config | None, namespace: Namespace) -> Obstacle | None:
    """Why a resource cannot use the account that it names, before anybody asks the provider."""
    key = record.config
    if config is None:
        return obstacle(Reason.CONFIG_NOT_FOUND, f"{key} does not exist; create it.")
    if config.problem:
        return unreadable(key, config.problem)
    spec = config.spec
    kind = plugin_of(spec.provider).kinds.get(record.thing)
    if kind is None:
        others = either(holders(record.thing)) or "a provider that is not installed"
        message = f"{key} is for {spec.provider}; a {record.thing} needs one for {others}."
        return obstacle(Reason.INVALID_SPEC, message)
    if wrong := kind.misfit(record.spec):
        return obstacle(Reason.INVALID_SPEC, f"{key} is for {spec.provider}, and there {wrong}")
    name = record.key.namespace
    if isinstance(spec, ClusterProviderConfigSpec) and not spec.allowed_namespaces.admit(name, namespace.labels):
        return obstacle(Reason.NOT_ALLOWED, f"{key} does not allow the namespace {name}; see allowedNamespaces.")
    return None


def obstacle(reason: Reason, message: str) -> Obstacle:
    """Something on the cluster's side."""
    return Obstacle(reason, message, stalled=reason in STALLING, configuration=True)


def trouble(error: ProviderError | ConfigurationError | CircuitOpen) -> Obstacle:
    """What whoever met an error says of it. Refused credentials count as configuration: only a person can mend them."""
    match error:
        case CircuitOpen():
            return trouble(error.cause)
        case ConfigurationError():
            return obstacle(Reason.of(error.reason), error.message)
        case ProviderError():
            return Obstacle(Reason.of(error.reason), str(error), configuration=isinstance(error, CredentialsInvalid))
