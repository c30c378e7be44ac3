"""Every setting of `trainsweep run`: its unit, its default, and when to change it.

Each one is a flag and an environment variable named alike: `allow_http_endpoints` is `--allow-http-endpoints` and
`TRAINSWEEP_ALLOW_HTTP_ENDPOINTS`. The command line and the documentation are made from this class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from trainsweep.api.common import DeletionPolicy
from trainsweep.telemetry.account_labels import AccountLabels

#: Seconds.
SHORTEST_LEASE = 3.0


class LogFormat(StrEnum):
    JSON = "json"
    PRETTY = "pretty"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Help(str):
    """The description of a setting, for `--help` and the documentation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    namespace: Annotated[
        tuple[str, ...],
        Help("Watch this namespace only; may be given several times. By default all namespaces are watched."),
    ] = ()
    deletion_policy: Annotated[
        DeletionPolicy,
        Help("What deleting a resource does when neither it nor its namespace says: Delete, Stop or Orphan."),
    ] = DeletionPolicy.DELETE
    allow_http_endpoints: Annotated[
        bool,
        Help(
            "Allow provider endpoints on this machine, without TLS too; or at the hosts of allowed-endpoint-host, if it"
            " names any, without TLS. For simulators and tests: credentials travel in the clear."
        ),
    ] = False
    allowed_endpoint_host: Annotated[
        tuple[str, ...],
        Help(
            "Send credentials to this host and its subdomains alone; may be given several times. By default to the"
            " own hosts of the provider of each account."
        ),
    ] = ()
    kubeconfig: Annotated[
        Path | None,
        Help("The kubeconfig file. By default KUBECONFIG, then ~/.kube/config, then the pod's service account."),
    ] = None
    context: Annotated[str | None, Help("The context of the kubeconfig. By default its current one.")] = None
    log_format: Annotated[LogFormat, Help("json for machines, pretty for people.")] = LogFormat.JSON
    log_level: Annotated[LogLevel, Help("debug shows every poll; secrets are never shown.")] = LogLevel.INFO
    audit_log: Annotated[
        Path | None,
        Help("Append the audit lines (one before and one after every remote write) to this file. By default stdout."),
    ] = None
    max_calls_per_second: Annotated[
        float,
        Help(
            "The most reads, and the most writes, per second that a ProviderConfig gets, whatever its spec.rateLimit"
            " says. A ClusterProviderConfig may have more."
        ),
    ] = 100.0
    max_calls_in_flight: Annotated[
        int, Help("The most calls of a ProviderConfig that may wait for an answer at the same time, in the same way.")
    ] = 16
    drain_seconds: Annotated[
        float,
        Help("Seconds given to calls under way at the end. Keep it below the pod's terminationGracePeriodSeconds."),
    ] = 20.0
    http_address: Annotated[
        str,
        Help(
            "Serve /livez and /readyz on HOST:PORT, and /metrics too without metrics-address; :8080 means every"
            " interface. Not served by default."
        ),
    ] = ""
    metrics_address: Annotated[
        str, Help("Serve /metrics on HOST:PORT, apart from the probes. By default beside them.")
    ] = ""
    metrics_tls_cert: Annotated[
        Path | None,
        Help("The certificate (PEM, with its chain) of metrics-address; it is read again when it changes."),
    ] = None
    metrics_tls_key: Annotated[Path | None, Help("The key of that certificate (PEM).")] = None
    metrics_authentication: Annotated[
        bool,
        Help(
            "Let those alone read the metrics whose bearer token the API server knows and whose roles allow them to get"
            " /metrics. Needs the certificate, and the rights to create TokenReviews and SubjectAccessReviews."
        ),
    ] = False
    metrics_account_labels: Annotated[
        AccountLabels,
        Help(
            "How metrics name accounts to who may read them: Account by namespace and name, Namespace by the namespace"
            " alone, Off not at all."
        ),
    ] = AccountLabels.NAMESPACE
    leader_election: Annotated[
        bool, Help("Act only while holding a Lease, so that several replicas can run: one works, the others stand by.")
    ] = False
    lease_name: Annotated[
        str, Help("The name of the Lease. Operators that share the work (shards) need one name each.")
    ] = "trainsweep"
    lease_namespace: Annotated[str, Help("The namespace of the Lease: the operator's own.")] = "trainsweep"
    lease_seconds: Annotated[
        float,
        Help("Seconds after which a silent leader is replaced, at least 3. It stops acting after two thirds of that."),
    ] = 15.0

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if self.max_calls_per_second <= 0 or self.max_calls_in_flight < 1:
            raise ValueError("--max-calls-per-second must be above 0, and --max-calls-in-flight at least 1.")
        if bool(self.metrics_tls_cert) != bool(self.metrics_tls_key):
            raise ValueError("--metrics-tls-cert and --metrics-tls-key belong together; give both or neither.")
        if self.metrics_tls_cert and not self.metrics_address:
            raise ValueError("--metrics-tls-cert is for --metrics-address; give the address too.")
        if self.metrics_authentication and not self.metrics_tls_cert:
            raise ValueError("--metrics-authentication needs --metrics-tls-cert: tokens must not travel in the clear.")
        if self.lease_seconds < SHORTEST_LEASE:
            raise ValueError(
                f"--lease-seconds is {self.lease_seconds:g}; a Lease shorter than {SHORTEST_LEASE:g} s would be lost to"
                " any slow answer of the API server."
            )
