"""What a plan of manifests stands on: accounts, keys, namespaces and resources, from the files and, where they do not
say it all, from the cluster. Reads only.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trainsweep.accounts.secrets import read_credentials
from trainsweep.api.kinds import KINDS, REMOTE_KINDS
from trainsweep.api.names import DELETION_POLICY
from trainsweep.cli.known import config_of, load
from trainsweep.cli.manifests import Manifest
from trainsweep.cluster.cache import Cache
from trainsweep.cluster.decode import Config, decode
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.reasons import Reason
from trainsweep.core.resource import Key, Resource
from trainsweep.kube.client import KubeClient, KubeError
from trainsweep.kube.cluster_reads import ClusterReads, Namespace
from trainsweep.providers.credentials import Credentials
from trainsweep.providers.registry import plugin_of

#: What of an object's metadata is for its author to say.
_GIVEN = frozenset({"name", "namespace", "labels", "annotations"})


@dataclass(slots=True)
class Ground:
    """`subjects` are the resources of the files, in their order; `problems` says of which ones no sense can be made.

    `store` holds them and, after `add_cluster`, those of the cluster's that may own the same remote things. Keys are
    kept as data of Secrets, by namespace and name, and never shown. Files may come from somebody who may not read the
    Secrets of the cluster: those are sent only where a ProviderConfig of the cluster sends them.
    """

    store: Cache = field(default_factory=Cache)
    subjects: list[Key] = field(default_factory=list)
    problems: dict[Key, str] = field(default_factory=dict)
    sources: dict[Key, str] = field(default_factory=dict)
    namespaces: dict[str, Namespace] = field(default_factory=dict)
    _secrets: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict, repr=False)
    _credentials: dict[Key, Credentials] = field(default_factory=dict, repr=False)
    _withheld: dict[Key, str] = field(default_factory=dict)

    @classmethod
    def of_files(cls, manifests: list[Manifest]) -> Ground:
        """Raises `ConfigurationError` for an account, Secret or second manifest of a resource that makes no sense."""
        ground = cls()
        for number, manifest in enumerate(manifests):
            if manifest.ours:
                ground._add_ours(manifest, number)
            elif manifest.body["kind"] == "Secret":
                ground._secrets[manifest.key.namespace, manifest.key.name] = _data(manifest)
            elif manifest.body["kind"] == "Namespace":
                metadata = manifest.body["metadata"]
                policy = (metadata.get("annotations") or {}).get(DELETION_POLICY, "")
                ground.namespaces[manifest.key.name] = Namespace(policy, metadata.get("labels") or {})
        return ground

    @property
    def whole(self) -> bool:
        """The files name every account and every Secret that their resources need."""
        configs = [self.store.configs.get(record.config) for record in self._records()]
        return all(config is not None and config.secret in self._secrets for config in configs)

    async def add_cluster(self, client: KubeClient) -> None:
        """Fill in what the files do not say. What they say wins; what a resource went through stays known."""
        given = {record.key: record for record in self._records()}
        there = Cache()
        await load(client, there, tuple(sorted({key.namespace for key in given})))
        self.store = Cache(configs=there.configs | self.store.configs)
        for key, record in (there.records | given).items():
            before = there.records.get(key)
            self.store.put(_continued(record, before) if before else record)
        for key in {record.config for record in given.values()}:
            if key not in self.store.configs and (config := await config_of(client, key)):
                self.store.put_config(config)
            if (known := self.store.configs.get(key)) and known.secret not in self._secrets:
                await self._add_secret(client, known, there.configs.get(key) or await config_of(client, key))
        for name in {key.namespace for key in given} - self.namespaces.keys():
            self.namespaces[name] = await _namespace(client, name)

    def credentials(self, config: Config) -> Credentials:
        """Raises `ConfigurationError` when the Secret is missing or unfit."""
        if config.key in self._credentials:
            return self._credentials[config.key]
        if config.key in self._withheld:
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, self._withheld[config.key])
        where = f"Secret {'/'.join(config.secret)}"
        data = self._secrets.get(config.secret)
        if data is None:
            raise ConfigurationError(Reason.SECRET_NOT_FOUND, f"{where} does not exist; create it.")
        return plugin_of(config.spec.provider).credentials.parse(data, where=where)

    def _records(self) -> list[Resource]:
        return [self.store.records[key] for key in self.subjects if key in self.store.records]

    def _add_ours(self, manifest: Manifest, number: int) -> None:
        key = manifest.key
        if key in self.sources:
            message = f"{key} stands in {self.sources[key]} and again in {manifest.source}; keep one of them."
            raise ConfigurationError(Reason.INVALID_SPEC, message)
        self.sources[key] = manifest.source
        problem = _problem(manifest)
        found = decode(key.kind, _as_stored(manifest, number))
        if not isinstance(found, Config):
            problem = problem or found.problem
        if key.kind not in REMOTE_KINDS and problem:
            raise ConfigurationError(Reason.INVALID_SPEC, f"{manifest.source}: {key} is refused: {problem}")
        match found:
            case Config():
                self.store.put_config(found)
            case Resource() if not problem:
                self.store.put(found)
        if key.kind in REMOTE_KINDS:
            self.subjects.append(key)
            if problem:
                self.problems[key] = problem

    async def _add_secret(self, client: KubeClient, config: Config, there: Config | None) -> None:
        """Read the Secret if the cluster itself would send it to the same place. A missing one is told where it is
        needed.
        """
        if there is None or _destination(config) != _destination(there):
            self._withheld[config.key] = (
                f"{config.key} is {'not in the cluster' if there is None else 'another one in the cluster'}: the Secret"
                f" {'/'.join(config.secret)} of the cluster is not sent where a file says. Put a Secret into the files,"
                " or apply the ProviderConfig first."
            )
            return
        try:
            self._credentials[config.key] = await read_credentials(client, there)
        except ConfigurationError as error:
            if error.reason != Reason.SECRET_NOT_FOUND:
                raise


def _destination(config: Config) -> tuple[object, ...]:
    """Which credentials go where. Mode, pace and the like may differ: a plan may be about a change of them."""
    spec = config.spec
    return spec.provider, spec.settings, config.secret


def _problem(manifest: Manifest) -> str:
    """What the API server would refuse and the model lets pass: a field that does not exist, two identities or none."""
    spec = manifest.body.get("spec") or {}
    model = KINDS[manifest.key.kind].spec
    known = {field.alias or name for name, field in model.model_fields.items()}
    if unknown := sorted(set(spec) - known):
        return f"spec.{unknown[0]}: there is no such field."
    rules = [rule for rule in model.rules if rule.one_of]
    return next((rule.message for rule in rules if sum(name in spec for name in rule.one_of) != 1), "")


def _as_stored(manifest: Manifest, number: int) -> dict[str, Any]:
    """The object with what the API server adds, and nothing else of that. Among new resources the first in the files
    comes first.
    """
    added = {"uid": f"file-{number:06}", "generation": 1, "resourceVersion": "1"}
    given = {name: value for name, value in manifest.body["metadata"].items() if name in _GIVEN}
    metadata = {**given, **added, "creationTimestamp": "9999-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": manifest.body.get("spec")}


def _continued(record: Resource, before: Resource) -> Resource:
    """The resource as it will be once the manifest is applied over what is there."""
    return replace(
        record,
        uid=before.uid,
        created_at=before.created_at,
        generation=before.generation,
        deleting=before.deleting,
        finalizers=before.finalizers,
        status=before.status,
    )


def _data(manifest: Manifest) -> Mapping[str, str]:
    given = manifest.body.get("data") or {}
    try:
        decoded = {name: base64.b64decode(text, validate=True).decode() for name, text in given.items()}
    except (binascii.Error, UnicodeDecodeError, TypeError):
        message = f"{manifest.source}: Secret {manifest.key.name} has a value under data that is not base64 of a text."
        raise ConfigurationError(Reason.SECRET_KEY_MISSING, message) from None
    return decoded | {name: str(text) for name, text in (manifest.body.get("stringData") or {}).items()}


async def _namespace(client: KubeClient, name: str) -> Namespace:
    try:
        return await ClusterReads(client).namespace(name)
    except KubeError as error:
        if error.status == 404:
            return Namespace()
        raise
