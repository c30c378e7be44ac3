"""Which endpoints credentials may be sent to. Pure.

Sources of the vendors' hosts, all by the pattern SERVICE.REGION.DOMAIN with few exceptions:

    myhuaweicloud.com, myhuaweicloud.cn   endpoint tables of Huawei's SDK (huaweicloudsdkcore, huaweicloudsdkmodelarts)
    myhuaweicloud.eu                      Huawei Cloud EU: support.huaweicloud.com/eu, endpoints
    otc.t-systems.com                     Open Telekom Cloud: docs.otc.t-systems.com, regions and endpoints
    sc.otc.t-systems.com                  its Swiss cloud, whose IAM is iam-pub.eu-ch2.sc.otc.t-systems.com
    prod-cloud-ocb.orange-business.com    Flexible Engine: docs.prod-cloud-ocb.orange-business.com
    qianfan.baidubce.com                  https://cloud.baidu.com/doc/qianfan-api/s/ymo1a9xwn

The whole name counts, not the domain: under these domains tenants of the clouds run code of their own (functions,
gateways, buckets), which must not be given anyone's credentials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.providers.addresses import Address, is_inside, is_loopback, parse_address

_HUAWEI = (
    r"myhuaweicloud\.(?:com|cn|eu)",
    r"(?:sc\.)?otc\.t-systems\.com",
    r"prod-cloud-ocb\.orange-business\.com",
)
#: A region holds a hyphen, so that no bucket (SERVICE.obs.DOMAIN) or other service can be meant.
_VENDORS = re.compile(
    rf"(?:modelarts|iam|iam-pub)(?:\.[a-z]{{1,8}}(?:-[a-z0-9]{{1,16}}){{1,4}})?\.(?:{'|'.join(_HUAWEI)})"
    r"|qianfan\.baidubce\.com"
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The vendors' own, and with `http` this machine too (simulators, tests); or, when any are named, `hosts` and their
    subdomains alone. Over https, but for this machine and, with `http`, the named hosts.
    """

    http: bool = False
    hosts: tuple[str, ...] = ()

    def check(self, url: str) -> None:
        """Raise `ConfigurationError` for an endpoint that is not allowed."""
        parsed = httpx.URL(url)
        named, here = self._named(parsed.host), not self.hosts and is_loopback(parsed.host)
        if self.hosts and not named:
            raise _refused(f"The host {parsed.host} is not on the operator's list of allowed endpoint hosts.")
        if not (named or here or _VENDORS.fullmatch(parsed.host)):
            raise _refused(
                f"The host {parsed.host} is none of the vendors', and credentials are sent to these alone. If it is "
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
