"""What the operator knows of OpenAI: its ids, its credentials, its pace, and that it stops and never deletes.

Sources: platform.openai.com/docs/api-reference/fine-tuning, and the models of the package openai.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import httpx

from trainsweep.api.common import Rule
from trainsweep.api.provider import IDForm, KindSupport, Limits, Verb
from trainsweep.api.provider_settings import Endpoint, ProviderSettings, fixed
from trainsweep.core.account_id import AccountID
from trainsweep.providers.credentials import Credentials, header_value, missing
from trainsweep.providers.plugin import CredentialsForm, ProviderPlugin
from trainsweep_openai.provider import OpenAIProvider


class OpenAI(ProviderSettings):
    """OpenAI, or a service that speaks its API."""

    rules: ClassVar[tuple[Rule, ...]] = (fixed("endpoint"),)

    endpoint: Endpoint = "https://api.openai.com"
    """The base URL without /v1, by default that of OpenAI. It cannot change."""


@dataclass(frozen=True, slots=True)
class ApiKey(Credentials):
    """A bearer key. The service does not tell its account, so the operator tells accounts apart by it."""

    api_key: str = field(repr=False)

    @property
    def key(self) -> str:
        return self.api_key


def parse(values: Mapping[str, str], *, where: str) -> ApiKey:
    if key := header_value(values, "apiKey", where=where):
        return ApiKey(key)
    raise missing("the key apiKey", values, where)


def _account_id(settings: OpenAI, *, place: str, key: str) -> AccountID:
    host = httpx.URL(settings.endpoint).netloc.decode().lower()
    return AccountID(PLUGIN.name, host, keys=(key,) if key else ())


PLUGIN = ProviderPlugin(
    name="OpenAI",
    title="OpenAI",
    block="openai",
    settings=OpenAI,
    kinds={
        "FineTuningTask": KindSupport(
            verbs=frozenset({Verb.STOP}),
            ids={"taskID": IDForm("ftjob-[A-Za-z0-9_-]+", 64, "taskID is ftjob- and letters, digits, hyphens and _.")},
        )
    },
    limits=Limits(reads=5.0, writes=2.0, in_flight=4),
    keys="apiKey",
    credentials=CredentialsForm(parse, {"apiKey": "OPENAI_API_KEY"}),
    hosts=re.compile(r"api\.openai\.com"),
    endpoints=lambda settings: (settings.endpoint,),
    account_id=_account_id,
    open=lambda settings, credentials, **more: OpenAIProvider(settings.endpoint, credentials.api_key, **more),
    variables={},
    simulator="trainsweep_openai.simulator:openai",
)
