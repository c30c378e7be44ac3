"""The `qianfan` block of a ProviderConfig."""

from __future__ import annotations

from typing import ClassVar

from trainsweep.api.common import Rule
from trainsweep.api.provider_settings import Endpoint, ProviderSettings, fixed


class Qianfan(ProviderSettings):
    """Baidu Qianfan."""

    rules: ClassVar[tuple[Rule, ...]] = (fixed("endpoint"),)

    endpoint: Endpoint = "https://qianfan.baidubce.com"
    """The base URL of Qianfan, by default the public one. It must be https and the vendor's, unless the operator's
    settings allow others. It cannot change."""
