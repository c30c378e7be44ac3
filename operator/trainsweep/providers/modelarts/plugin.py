"""ModelArts as the operator knows it.

Forms of ids: REST pages of V1 (`Long` ids, `V0001`, config names of 1 to 64 characters) and V2 (UUID).

Hosts, all by the pattern SERVICE.REGION.DOMAIN with few exceptions:

    myhuaweicloud.com, myhuaweicloud.cn   endpoint tables of Huawei's SDK (huaweicloudsdkcore, huaweicloudsdkmodelarts)
    myhuaweicloud.eu                      Huawei Cloud EU: support.huaweicloud.com/eu, endpoints
    otc.t-systems.com                     Open Telekom Cloud: docs.otc.t-systems.com, regions and endpoints
    sc.otc.t-systems.com                  its Swiss cloud, whose IAM is iam-pub.eu-ch2.sc.otc.t-systems.com
    prod-cloud-ocb.orange-business.com    Flexible Engine: docs.prod-cloud-ocb.orange-business.com
"""

from __future__ import annotations

import re

import httpx

from trainsweep.api.provider import IDForm, KindSupport, Limits, Verb
from trainsweep.core.account_id import AccountID
from trainsweep.providers.credentials import Credentials, Password, parse_login
from trainsweep.providers.modelarts.block import ModelArts
from trainsweep.providers.modelarts.provider import ModelArtsProvider
from trainsweep.providers.modelarts.regions import doubt_about
from trainsweep.providers.modelarts.settings import ModelArtsSettings
from trainsweep.providers.plugin import CredentialsForm, ProviderPlugin

_DECIMAL = "[1-9][0-9]{0,18}"
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
KINDS = {
    "TrainingJob": KindSupport(
        ids={
            "jobID": IDForm(
                f"({_DECIMAL}|{_UUID})",
                36,
                "jobID is a V1 job's decimal number, in quotes, or a V2 job's UUID; to go by name, set jobName.",
            )
        }
    ),
    "TrainingJobVersion": KindSupport(
        part_of="TrainingJob",
        ids={
            "jobID": IDForm(
                _DECIMAL,
                36,  # a UUID is refused by the pattern, with its sentence
                "jobID is the decimal number of a V1 job, in quotes; V2 jobs (UUID) have no versions: use a"
                " TrainingJob.",
            ),
            "versionID": IDForm(
                _DECIMAL, 19, "versionID is the version's decimal number, in quotes; for V0001 set versionName."
            ),
            "versionName": IDForm("V[0-9]{4,}", 20, "versionName is V and at least four digits, such as V0001."),
        },
    ),
    "TrainingJobConfig": KindSupport(
        verbs=frozenset({Verb.DELETE}),
        id_returns=True,
        ids={
            "configName": IDForm(
                "[A-Za-z0-9_-]+", 64, "configName is 1 to 64 letters, digits, hyphens and underscores."
            )
        },
    ),
}

_DOMAINS = (
    r"myhuaweicloud\.(?:com|cn|eu)",
    r"(?:sc\.)?otc\.t-systems\.com",
    r"prod-cloud-ocb\.orange-business\.com",
)
#: A region holds a hyphen, so that no bucket (SERVICE.obs.DOMAIN) or other service can be meant.
HOSTS = re.compile(
    rf"(?:modelarts|iam|iam-pub)(?:\.[a-z]{{1,8}}(?:-[a-z0-9]{{1,16}}){{1,4}})?\.(?:{'|'.join(_DOMAINS)})"
)


def _account_id(block: ModelArts, *, place: str, key: str) -> AccountID:
    settings = ModelArtsSettings.of(block)
    project = settings.project_id or place
    host = httpx.URL(settings.api_url).netloc.decode().lower()
    return AccountID(PLUGIN.name, host, project, open=not project)


def _endpoints(block: ModelArts) -> tuple[str, ...]:
    settings = ModelArtsSettings.of(block)
    asks_iam = settings.iam_endpoint or settings.region
    return (settings.api_url, settings.iam_url) if asks_iam else (settings.api_url,)


def _called(block: ModelArts, credentials: Credentials) -> tuple[str, ...]:
    """IAM is asked for tokens, and for the id of a project that is only named."""
    needs_iam = isinstance(credentials, Password) or not block.project_id
    return _endpoints(block) if needs_iam else _endpoints(block)[:1]


def _workspace(block: ModelArts) -> str:
    if block.workspace_id and block.workspace_id != "0":
        return f"jobs of the workspace {block.workspace_id} are listed, and of no other"
    return "jobs of the default workspace (0) are listed, and of no other; set workspaceID for those of another one"


PLUGIN = ProviderPlugin(
    name="ModelArts",
    title="ModelArts (Huawei)",
    block="modelArts",
    settings=ModelArts,
    kinds=KINDS,
    # In flight stay at four: five bad signatures in a row lock a key, and one round must not reach it.
    limits=Limits(reads=50.0, writes=20.0, in_flight=4),
    keys="accessKey and secretKey (and securityToken for temporary keys), or username and password (and domainName)",
    credentials=CredentialsForm(
        parse_login,
        {
            "accessKey": "HUAWEICLOUD_SDK_AK",
            "secretKey": "HUAWEICLOUD_SDK_SK",
            "securityToken": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        },
        optional=frozenset({"securityToken"}),
    ),
    hosts=HOSTS,
    endpoints=_endpoints,
    called=_called,
    account_id=_account_id,
    open=lambda block, credentials, **more: ModelArtsProvider(ModelArtsSettings.of(block), credentials, **more),
    doubt=lambda block: "" if block.endpoint else doubt_about(block.region or ""),
    scope=_workspace,
    variables={"projectID": "HUAWEICLOUD_SDK_PROJECT_ID"},
    simulator="trainsweep_devtools.cli.simulated:modelarts",
)
