"""Whatever a name holds, it stays within its segment of the path."""

from __future__ import annotations

import pytest
from yarl import URL

from trainsweep.cluster.decode import Unreadable, decode
from trainsweep.core.errors import ConfigurationError
from trainsweep.core.resource import Key
from trainsweep.kube import paths

SECRETS = "/api/v1/namespaces/team-a/secrets/"


def requested(path: str) -> str:
    """The path that the HTTP client sends."""
    return URL(f"https://api.example.com{path}").raw_path_qs


@pytest.mark.parametrize("name", ["../../other/secrets/keys", "a/b", "a?watch=true", "a#b", "a%2F..%2Fb", "..%2f"])
def test_a_name_stays_one_segment(name):
    sent = requested(paths.secret("team-a", name))
    assert sent.startswith(SECRETS)
    assert set(sent.removeprefix(SECRETS)).isdisjoint("/?#")
    assert requested(paths.resource(Key("TrainingJob", name, "it"))).count("/") == 7
    assert requested(paths.namespace(name)).count("/") == 4


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_dots_alone_are_refused_as_they_lead_out_of_the_segment_even_when_escaped(name):
    with pytest.raises(ConfigurationError, match="not the name of an object"):
        paths.secret("team-a", name)


def test_an_account_stored_with_a_path_for_a_name_is_not_taken_in():
    spec = {"provider": "Qianfan", "qianfan": {}, "credentials": {"secretRef": {"name": "../../other/secrets/keys"}}}
    metadata = {"name": "account", "namespace": "team-a", "uid": "1", "generation": 1, "resourceVersion": "1"}
    found = decode("ProviderConfig", {"metadata": metadata, "spec": spec})
    assert isinstance(found, Unreadable)
    assert "secretRef.name" in found.problem
