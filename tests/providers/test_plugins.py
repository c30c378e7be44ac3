"""A provider is one folder: what the operator knows of it comes from its plugin, and nothing else knows its name."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

import trainsweep
from trainsweep.api import provider
from trainsweep.api.kinds import REMOTE_KINDS
from trainsweep.api.provider import IDForm, KindSupport, PluginError, holders, id_form, installed
from trainsweep.api.provider_config import AccountSpec
from trainsweep.cluster.decode import Unreadable, decode
from trainsweep.core.errors import ConfigurationError
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.registry import open_provider, plugin_of

PRODUCT = Path(trainsweep.__file__).parent
FOLDERS = tuple(PRODUCT / "providers" / name.lower() for name in ("ModelArts", "Qianfan"))
NAMES = re.compile("modelarts|qianfan|huaweicloud|baidubce", re.IGNORECASE)


def test_no_file_outside_of_the_providers_folders_names_them():
    files = [file for file in PRODUCT.rglob("*.py") if not any(file.is_relative_to(folder) for folder in FOLDERS)]
    assert len(files) > 100
    naming = [
        f"{file.relative_to(PRODUCT)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if NAMES.search(line)
    ]
    assert naming == []


def test_every_kind_is_held_by_a_provider_and_no_provider_holds_another():
    assert {kind for plugin in installed().values() for kind in plugin.kinds} == REMOTE_KINDS.keys()


@pytest.mark.parametrize("name", installed())
class TestEachPlugin:
    def test_what_holds_its_parts_is_its_own(self, name):
        kinds = plugin_of(name).kinds
        assert {kind.part_of for kind in kinds.values()} - {""} <= kinds.keys()

    def test_the_fields_that_hold_ids_are_those_of_the_specs(self, name):
        for kind, support in plugin_of(name).kinds.items():
            fields = {field.alias for field in REMOTE_KINDS[kind].spec.model_fields.values()}
            assert support.ids.keys() <= fields

    def test_the_sentence_about_an_id_begins_with_its_field(self, name):
        for support in plugin_of(name).kinds.values():
            for field, form in support.ids.items():
                assert form.sentence.startswith(f"{field} is ")

    def test_its_settings_say_what_they_need_in_their_own_fields(self, name):
        settings = plugin_of(name).settings
        fields = {field.alias for field in settings.model_fields.values()}
        assert {need for group in settings.needs for need in group} <= fields


class TestAProviderThatIsNotInstalled:
    BODY: ClassVar = {
        "metadata": {"name": "a", "namespace": "n", "uid": "u", "generation": 1, "resourceVersion": "1"},
        "spec": {"provider": "Elsewhere", "qianfan": {}, "credentials": {"secretRef": {"name": "keys"}}},
    }

    def test_a_config_for_it_is_unreadable_in_a_sentence(self):
        found = decode("ProviderConfig", self.BODY)
        assert isinstance(found, Unreadable)
        assert found.problem == (
            "spec.provider cannot be read: no provider 'Elsewhere' is installed beside this operator, only"
            " ModelArts or Qianfan"
        )

    def test_no_other_one_is_opened_in_its_place(self):
        spec = AccountSpec.model_validate({"provider": "Qianfan"}).model_copy(update={"provider": "Elsewhere"})
        with pytest.raises(ConfigurationError, match="No provider 'Elsewhere' is installed") as refused:
            open_provider(spec, None, endpoints=Endpoints(), transport=None, now=None)
        assert refused.value.reason == "InvalidSpec"

    def test_a_block_of_another_one_is_not_taken(self):
        with pytest.raises(ValidationError, match="no provider"):
            AccountSpec.model_validate({"provider": "", "qianfan": {}})


def having(monkeypatch: pytest.MonkeyPatch, *plugins: object) -> None:
    """These are the installed ones for the test."""
    entries = [
        EntryPoint(f"one{number}", f"{__name__}:plugin{number}", provider.GROUP) for number in range(len(plugins))
    ]
    monkeypatch.setattr(provider, "entry_points", lambda group: entries)
    monkeypatch.setattr(EntryPoint, "load", lambda entry: _given(plugins[int(entry.name.removeprefix("one"))]))
    installed.cache_clear()


def _given(plugin: object) -> object:
    if isinstance(plugin, Exception):
        raise plugin
    return plugin


@pytest.fixture
def as_before():
    yield
    installed.cache_clear()


@pytest.mark.usefixtures("as_before")
class TestInstalled:
    def test_two_of_one_name_are_refused(self, monkeypatch):
        one = plugin_of("Qianfan")
        having(monkeypatch, one, replace(one, block="other"))
        with pytest.raises(PluginError, match="Two installed packages bring the provider Qianfan"):
            installed()

    def test_one_that_cannot_be_loaded_is_named_with_what_to_do(self, monkeypatch):
        having(monkeypatch, ImportError("no module named there"))
        with pytest.raises(PluginError, match=r"one0 .* cannot be loaded: no module named there\. Install"):
            installed()

    def test_what_is_no_plugin_is_refused(self, monkeypatch):
        having(monkeypatch, object())
        with pytest.raises(PluginError, match="leads to no ProviderPlugin"):
            installed()

    def test_without_any_it_is_said_what_is_missing(self, monkeypatch):
        having(monkeypatch)
        with pytest.raises(PluginError, match="install trainsweep by pip"):
            installed()

    def test_ids_of_all_that_hold_a_kind_fit_its_schema_and_each_checks_its_own(self, monkeypatch):
        mine = KindSupport(ids={"taskID": IDForm("x-[0-9]+", 80, "taskID is x- and digits.")})
        one = plugin_of("Qianfan")
        having(monkeypatch, one, replace(one, name="Another", block="another", kinds={"FineTuningTask": mine}))
        form = id_form("FineTuningTask", "taskID")
        assert holders("FineTuningTask") == ("Another", "Qianfan")
        assert all(re.fullmatch(form.pattern, task) for task in ("x-1", "task-a1"))
        assert not re.fullmatch(form.pattern, "job-a1")
        assert form.longest == 80
        assert "Another: taskID is x- and digits." in form.sentence
        assert "Qianfan: taskID is task- and" in form.sentence
        spec = REMOTE_KINDS["FineTuningTask"].spec
        task = spec.model_validate({"taskID": "task-a1", "providerConfigRef": {"name": "a"}})
        assert mine.misfit(task) == "taskID is x- and digits."
        assert one.kinds["FineTuningTask"].misfit(task) == ""
