"""The regions and addresses that are known. Pure.

Sources: the endpoint table of the vendor's SDK (huaweicloudsdkmodelarts, region); the pages on regions and endpoints of
Huawei Cloud EU and of Open Telekom Cloud. A region that is missing here works by the common pattern.
"""

from __future__ import annotations

from difflib import get_close_matches

#: Regions of Huawei Cloud by the common pattern, SERVICE.REGION.myhuaweicloud.com.
HUAWEI_CLOUD = frozenset(
    {
        *("cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-11", "cn-north-12"),
        *("cn-east-3", "cn-east-4", "cn-south-1", "cn-southwest-2", "cn-southwest-3"),
        *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"),
        *("af-south-1", "af-north-1", "la-south-2", "la-north-2", "sa-brazil-1", "tr-west-1", "me-east-1"),
    }
)
#: Regions whose (ModelArts, IAM) addresses do not follow it. Those of ModelArts are made by each cloud's own
#: pattern; not every one of these clouds is known to offer it.
ELSEWHERE = {
    "eu-west-101": ("https://modelarts.eu-west-101.myhuaweicloud.eu", "https://iam.myhuaweicloud.eu"),
    "eu-de": ("https://modelarts.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"),
    "eu-nl": ("https://modelarts.eu-nl.otc.t-systems.com", "https://iam.eu-nl.otc.t-systems.com"),
    "eu-ch2": ("https://modelarts.eu-ch2.sc.otc.t-systems.com", "https://iam-pub.eu-ch2.sc.otc.t-systems.com"),
    "eu-west-0": (
        "https://modelarts.eu-west-0.prod-cloud-ocb.orange-business.com",
        "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com",
    ),
}


def addresses(region: str) -> tuple[str, str]:
    """The addresses of ModelArts and IAM in a region, known or not."""
    common = f"https://modelarts.{region}.myhuaweicloud.com", f"https://iam.{region}.myhuaweicloud.com"
    return ELSEWHERE.get(region, common)


def doubt_about(region: str) -> str:
    """A sentence about a region that is not known; "" about one that is, or about none."""
    known = HUAWEI_CLOUD | ELSEWHERE.keys()
    if not region or region in known:
        return ""
    close = get_close_matches(region, sorted(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "set modelArts.endpoint and .iamEndpoint if it is another cloud's."
    return f"The region {region!r} is none of those that are known; {hint}"
