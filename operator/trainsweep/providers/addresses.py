"""Which addresses a provider's host may lead to. Pure.

Whoever may write a ProviderConfig, or a name server, chooses the host. So no name leads to this machine, to its
neighbours on the link, or to a metadata service, which hands out credentials. Private addresses are allowed: providers
are reached by them through endpoints in a VPC.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Metadata services outside of the link-local ranges: Alibaba Cloud, Oracle Cloud, Azure (wire server), AWS and Google
#: Cloud over IPv6.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
    )
)
#: Networks whose addresses hold an IPv4 address in their last 32 bits (RFC 6052, RFC 4291 section 2.5.5.1).
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


def parse_address(host: str) -> Address | None:
    """The address that a host of a URL is, None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host, name or address, is this machine."""
    address = parse_address(host)
    return _inner(address).is_loopback if address else host == "localhost" or host.endswith(".localhost")


def is_inside(address: Address) -> bool:
    """Whether an address is one that no provider has: loopback, link-local, metadata, multicast or unspecified."""
    inner = _inner(address)
    return (
        inner.is_loopback or inner.is_link_local or inner.is_multicast or inner.is_unspecified or inner in _METADATA
    ) or (isinstance(inner, ipaddress.IPv4Address) and inner.packed[0] in (0, 255))


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if embedded := address.ipv4_mapped or address.sixtofour:
        return embedded
    if any(address in network for network in _EMBEDDING) and int(address) > 1:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address
