"""Manifests of discovered things: names fit for Kubernetes, the same each time, different for different things."""

import re

import yaml
from hypothesis import given
from hypothesis import strategies as st

from trainsweep.api.common import ConfigKind, DeletionPolicy, DesiredState
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.cli.adoption import Adoption, document, manifest, object_name
from trainsweep.cli.inventory import Item
from trainsweep.core.external import ExternalState, Remote, Thing

ADOPTION = Adoption(ConfigKind.PROVIDER_CONFIG, "huawei", "team-a")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
IDS = {
    Thing.JOB: "155500",
    Thing.VERSION: "155500/2",
    Thing.CONFIG: "my_job_config",
    Thing.TUNING_TASK: "task-r1unn1ng0001",
    Thing.TUNING_JOB: "job-k2f7q8m3x5ab",
}
any_id = st.text(st.sampled_from("abAB019-_./"), min_size=1, max_size=100)


def item(thing=Thing.JOB, id="155500", name="mnist"):
    return Item(thing, Remote(id, name, ExternalState.RUNNING, "RUNNING"))


@given(any_id, st.text(max_size=130))
def test_every_name_is_a_dns_label(id, name):
    assert LABEL.fullmatch(object_name(item(id=id, name=name)))


@given(st.sets(st.text(st.sampled_from("aA-_"), min_size=1, max_size=8), min_size=2, max_size=6))
def test_different_things_get_different_names(ids):
    assert len({object_name(item(Thing.CONFIG, id, id)) for id in ids}) == len(ids)


def test_a_name_tells_the_thing_and_its_id():
    assert object_name(item()) == "mnist-155500"
    assert object_name(item(Thing.VERSION, "155500/2", "V0002")) == "v0002-155500-2"


def test_a_long_name_gives_way_to_the_id():
    name = object_name(item(name="x" * 200))
    assert len(name) == 63
    assert name.endswith("-155500")


def test_each_kind_gets_a_spec_that_names_the_same_thing():
    for thing, id in IDS.items():
        spec = REMOTE_KINDS[thing.value].spec.model_validate(manifest(item(thing, id), ADOPTION)["spec"])
        named = {word for word in spec.manifest().values() if isinstance(word, str)}
        assert set(id.split("/") if thing is Thing.VERSION else [id]) <= named


def test_what_is_adopted_is_only_watched_unless_more_is_asked_for():
    spec = manifest(item(), ADOPTION)["spec"]
    assert (spec["desiredState"], spec["deletionPolicy"]) == ("Present", "Orphan")


def test_a_config_cannot_be_stopped_and_so_is_left_alone():
    stopping = Adoption(
        ConfigKind.PROVIDER_CONFIG, "huawei", "team-a", DesiredState.STOPPED, deletion_policy=DeletionPolicy.STOP
    )
    spec = manifest(item(Thing.CONFIG, "nightly"), stopping)["spec"]
    assert (spec["desiredState"], spec["deletionPolicy"]) == ("Present", "Orphan")


def test_a_name_with_line_breaks_stays_in_its_comment():
    text = document(item(name="mnist\nkind: Secret\x1b[2J"), ADOPTION)
    (body,) = yaml.safe_load_all(text)
    assert body["kind"] == "TrainingJob"
    assert "\x1b" not in text
