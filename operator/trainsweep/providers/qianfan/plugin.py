"""Qianfan as the operator knows it.

Forms of ids: samples of the v2 pages (`task-` or `job-`, then letters and digits; the length is no rule). The host:
https://cloud.baidu.com/doc/qianfan-api/s/ymo1a9xwn
"""

from __future__ import annotations

import re

import httpx

from trainsweep.api.provider import IDForm, KindSupport, Limits
from trainsweep.core.account_id import AccountID
from trainsweep.providers.credentials import parse_access_key
from trainsweep.providers.plugin import CredentialsForm, ProviderPlugin
from trainsweep.providers.qianfan.block import Qianfan
from trainsweep.providers.qianfan.provider import QianfanProvider
from trainsweep.providers.qianfan.settings import QianfanSettings

KINDS = {
    "FineTuningTask": KindSupport(
        part_of="FineTuningJob",
        by_parent=True,
        ids={
            "taskID": IDForm(
                "task-[A-Za-z0-9]+",
                64,
                "taskID is task- and letters and digits; for an id that begins with job- use a FineTuningJob.",
            )
        },
    ),
    "FineTuningJob": KindSupport(
        ids={
            "jobID": IDForm(
                "job-[A-Za-z0-9]+",
                64,
                "jobID is job- and letters and digits; for an id that begins with task- use a FineTuningTask.",
            )
        },
    ),
}


def _account_id(block: Qianfan, *, place: str, key: str) -> AccountID:
    host = httpx.URL(block.endpoint).netloc.decode().lower()
    return AccountID(PLUGIN.name, host, keys=(key,) if key else ())


PLUGIN = ProviderPlugin(
    name="Qianfan",
    title="Qianfan (Baidu)",
    block="qianfan",
    settings=Qianfan,
    kinds=KINDS,
    limits=Limits(reads=2.0, writes=1.0, in_flight=4),
    keys="accessKey and secretKey (and securityToken for temporary keys)",
    credentials=CredentialsForm(
        parse_access_key, {"accessKey": "QIANFAN_ACCESS_KEY", "secretKey": "QIANFAN_SECRET_KEY"}
    ),
    hosts=re.compile(r"qianfan\.baidubce\.com"),
    endpoints=lambda block: (block.endpoint,),
    account_id=_account_id,
    open=lambda block, credentials, **more: QianfanProvider(QianfanSettings(block.endpoint), credentials, **more),
    variables={},
    simulator="trainsweep_devtools.cli.simulated:qianfan",
)
