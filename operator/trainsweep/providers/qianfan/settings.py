"""Where an account of Qianfan is reached."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from trainsweep.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class QianfanSettings:
    """`endpoint` is scheme, host and optional port: one for all regions. Change it for a gateway or a simulator.

    Raises `ConfigurationError` if it is no such URL.
    """

    endpoint: str = "https://qianfan.baidubce.com"

    def __post_init__(self) -> None:
        endpoint = self.endpoint.rstrip("/")
        try:
            url = httpx.URL(endpoint)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            raise ConfigurationError(
                "InvalidSpec",
                "qianfan.endpoint of the ProviderConfig must be a URL like https://qianfan.baidubce.com, "
                "without user, query or fragment.",
            )
        object.__setattr__(self, "endpoint", endpoint)
