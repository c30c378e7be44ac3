"""Scenarios from YAML files; the package brings a demo for each provider."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from trainsweep_devtools.simulators.modelarts import ModelArtsScenario
from trainsweep_devtools.simulators.qianfan import QianfanScenario

Scenario = TypeVar("Scenario", ModelArtsScenario, QianfanScenario)


class ScenarioError(Exception):
    """A scenario cannot be read or is not fit. The text says which one and why, without its secrets."""


def load_scenario(model: type[Scenario], path: Path | None = None) -> Scenario:
    """Read a scenario, the package's own when no file is named. Raises ScenarioError."""
    if path is None:
        name = "modelarts.yaml" if model is ModelArtsScenario else "qianfan.yaml"
        text = (resources.files("trainsweep_devtools.simulators") / "scenarios" / name).read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ScenarioError(f"Cannot read the scenario {path}: {error.strerror}.") from None
    try:
        return model.model_validate(yaml.safe_load(text) or {})
    except (yaml.YAMLError, ValidationError) as error:
        raise ScenarioError(f"The scenario {path or 'of the package'} is not fit: {error}") from None
