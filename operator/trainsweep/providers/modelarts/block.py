"""The `modelArts` block of a ProviderConfig."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from trainsweep.api.common import Rule, shape
from trainsweep.api.provider_settings import Endpoint, ProviderSettings, Word, fixed

#: A region becomes part of the host that credentials are sent to: nothing in it may end the name.
REGION = r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$"
Region = Annotated[
    str,
    Field(
        max_length=32,
        pattern=REGION,
        json_schema_extra=shape("A region is lower-case letters, digits and hyphens, such as cn-north-4."),
    ),
]
ProjectID = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9-]+$",
        json_schema_extra=shape("The id of a project is letters, digits and hyphens."),
    ),
]


class ModelArts(ProviderSettings):
    """A project of a Huawei account with ModelArts."""

    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("projectID", "projectName"), ("region", "endpoint"))
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.region) || has(self.endpoint)",
            "Set region (the endpoint of Huawei Cloud follows from it) or endpoint (any other cloud).",
        ),
        Rule("has(self.projectID) || has(self.projectName)", "Set projectID or projectName."),
        Rule(
            "has(self.projectID) || has(self.region) || has(self.iamEndpoint)",
            "Looking up projectName needs IAM: set region or iamEndpoint, or set projectID.",
        ),
        fixed(
            "region",
            "projectID",
            "projectName",
            "domainName",
            "workspaceID",
            "endpoint",
            "iamEndpoint",
        ),
    )

    region: Region | None = None
    """The region, such as cn-north-4. The endpoints of Huawei Cloud follow from it; elsewhere set endpoint and, for
    password or projectName, iamEndpoint. It cannot change."""

    project_id: ProjectID | None = None
    """The id of the project in that region. It wins over projectName. It cannot change."""

    project_name: Word | None = None
    """The name of the project, often that of the region; its id is looked up in IAM. It cannot change."""

    domain_name: Word | None = None
    """The name of the account (IAM domain), needed with username and password unless the Secret holds domainName. It
    cannot change."""

    workspace_id: Word | None = None
    """The workspace whose jobs are listed. Unset: the default workspace, 0. It cannot change."""

    endpoint: Endpoint | None = None
    """The base URL of ModelArts, such as https://modelarts.eu-de.otc.t-systems.com. Unset: it follows from region. It
    must be https and the vendor's, unless the operator's settings allow others. It cannot change."""

    iam_endpoint: Endpoint | None = None
    """The base URL of IAM, such as https://iam.eu-de.otc.t-systems.com. Unset: it follows from region. The same holds
    for it: credentials are sent there. It cannot change."""
