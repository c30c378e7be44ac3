"""What a test puts into its repository."""

from __future__ import annotations

from typing import Any

from trainsweep.api.names import API_VERSION

from ..e2e.world import ACCOUNT_OF, HUAWEI, PROJECT, World

#: How Argo CD applies a manifest, by the annotation on it.
CLIENT_SIDE: dict[str, str] = {}
SERVER_SIDE = {"argocd.argoproj.io/sync-options": "ServerSideApply=true"}


def resource(world: World, kind: str, name: str, *, how: dict[str, str] = CLIENT_SIDE, **spec: Any) -> dict[str, Any]:
    """One of the five remote kinds, at the account "huawei" or "baidu" if `spec` names no other."""
    return _manifest(world, API_VERSION, kind, name, how) | {
        "spec": {"providerConfigRef": {"name": ACCOUNT_OF[kind]}} | spec
    }


def account(world: World, name: str, *, how: dict[str, str] = CLIENT_SIDE) -> dict[str, dict[str, Any]]:
    """A ProviderConfig for ModelArts and its Secret, by the names of their files."""
    key = world.modelarts.scenario.access_keys[0]
    data = {"accessKey": key.access_key, "secretKey": key.secret_key.get_secret_value()}
    spec = {
        "provider": "ModelArts",
        "modelArts": {"endpoint": world.urls[HUAWEI], "projectID": PROJECT},
        "credentials": {"secretRef": {"name": name}},
        "polling": {"activeSeconds": 1, "idleSeconds": 2},
    }
    return {
        "secret": _manifest(world, "v1", "Secret", name, how) | {"stringData": data},
        "account": _manifest(world, API_VERSION, "ProviderConfig", name, how) | {"spec": spec},
    }


def _manifest(world: World, api_version: str, kind: str, name: str, how: dict[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": world.namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata | ({"annotations": how} if how else {})}
