"""Where an account lives: region, project and addresses.

Source of the addresses: the vendor's endpoint pages and the endpoint table of its SDK. The region is only a default for
them (`regions`): other clouds of the same make have their own domains, so both addresses can be set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.providers.modelarts.block import REGION, ModelArts
from trainsweep.providers.modelarts.regions import addresses

#: A region becomes part of a host: nothing that ends the host, or begins a port, a path or a user.
_REGION = re.compile(REGION)
_PROJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class ModelArtsSettings:
    """The `modelArts` block of a ProviderConfig. "" means not set; a trailing slash of an address is tolerated."""

    region: str = ""
    project_id: str = ""
    project_name: str = ""
    domain_name: str = ""
    workspace_id: str = ""
    endpoint: str = ""
    iam_endpoint: str = ""

    def __post_init__(self) -> None:
        for field, address in (("endpoint", self.endpoint), ("iamEndpoint", self.iam_endpoint)):
            if address and not _is_address(address):
                raise ConfigurationError(
                    Reason.INVALID_SPEC,
                    f"modelArts.{field} of the ProviderConfig must be a URL like "
                    "https://modelarts.cn-north-4.myhuaweicloud.com, without user, query or fragment.",
                )
        if self.region and not _REGION.fullmatch(self.region):
            raise ConfigurationError(
                Reason.INVALID_SPEC, "modelArts.region of the ProviderConfig must be a region such as cn-north-4."
            )
        if self.project_id and not is_project_id(self.project_id):
            raise ConfigurationError(
                Reason.INVALID_SPEC, "modelArts.projectID of the ProviderConfig must be letters, digits and hyphens."
            )

    @classmethod
    def of(cls, block: ModelArts) -> ModelArtsSettings:
        return cls(**{name: value for name, value in block.model_dump().items() if value is not None})

    @property
    def api_url(self) -> str:
        """Address of ModelArts without a trailing slash. Raises ConfigurationError when nothing tells it."""
        if self.endpoint:
            return self.endpoint.rstrip("/")
        if self.region:
            return addresses(self.region)[0]
        raise ConfigurationError(
            Reason.INVALID_SPEC, "The ProviderConfig names no ModelArts address; set modelArts.region or .endpoint."
        )

    @property
    def iam_url(self) -> str:
        """Address of IAM without a trailing slash or `/v3`. Raises ConfigurationError when nothing tells it."""
        if self.iam_endpoint:
            return self.iam_endpoint.rstrip("/").removesuffix("/v3")
        if self.region:
            return addresses(self.region)[1]
        raise ConfigurationError(
            Reason.INVALID_SPEC,
            "The ProviderConfig names no IAM address, which this account needs; set modelArts.region or .iamEndpoint.",
        )

    @property
    def project_label(self) -> str:
        """The name that IAM knows the project by: the one given, else the region's own project. "" when neither is."""
        return self.project_name or self.region


def is_project_id(text: str) -> bool:
    """Whether a text may stand for a project in a path."""
    return _PROJECT_ID.fullmatch(text) is not None


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host) and not (url.userinfo or url.query or url.fragment)
