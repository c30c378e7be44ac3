"""ModelArts (V1 and V2 training APIs) and its IAM, simulated."""

from trainsweep_devtools.simulators.modelarts.scenario import ModelArtsScenario
from trainsweep_devtools.simulators.modelarts.simulator import ModelArtsSimulator

__all__ = ["ModelArtsScenario", "ModelArtsSimulator"]
