"""Which endpoints credentials may be sent to. Pure.

Each provider names the vendor's own hosts as a pattern. The whole name counts, not the domain: under many vendors'
domains tenants of the clouds run code of their own (functions, gateways, buckets), which must not be given anyone's
credentials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.providers.addresses import Address, is_inside, is_loopback, parse_address


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The vendor's own, and with `http` this machine too (simulators, tests); or, when any are named, `hosts` and their
    subdomains alone. Over https, but for this machine and, with `http`, the named hosts.
    """

    http: bool = False
    hosts: tuple[str, ...] = ()

    def check(self, url: str, hosts: re.Pattern[str]) -> None:
        """Raise `ConfigurationError` for an endpoint that is not allowed. `hosts` are the vendor's own."""
        parsed = httpx.URL(url)
        named, here = self._named(parsed.host), not self.hosts and is_loopback(parsed.host)
        if self.hosts and not named:
            raise _refused(f"The host {parsed.host} is not on the operator's list of allowed endpoint hosts.")
        if not (named or here or hosts.fullmatch(parsed.host)):
            raise _refused(
                f"The host {parsed.host} is none of the vendor's, and credentials are sent to these alone. If it is "
                "meant, start the operator with --allowed-endpoint-host, and name all hosts there that are."
            )
        if not self.http and (here or parsed.scheme != "https"):
            raise _refused(
                f"The endpoint {url} is on this machine or not https; the operator's --allow-http-endpoints "
                "allows that."
            )
        if parsed.scheme != "https" and not (named or here):
            raise _refused(f"The endpoint {url} is the vendor's and not https; write it with https.")

    def admits_address(self, host: str, address: Address) -> bool:
        """Whether a host that passed `check` may be reached at this address."""
        if not is_inside(address) or host in self.hosts:
            return True
        return self.http and is_loopback(str(address))

    def _named(self, host: str) -> bool:
        return any(host == name or (host.endswith(f".{name}") and not parse_address(host)) for name in self.hosts)


def _refused(message: str) -> ConfigurationError:
    return ConfigurationError(Reason.ENDPOINT_NOT_ALLOWED, message)
