"""ModelArts (V1 and V2 training APIs) and its IAM, simulated."""

from trainsweep.simulators.modelarts.scenario import ModelArtsScenario
from trainsweep.simulators.modelarts.simulator import ModelArtsSimulator

__all__ = ["ModelArtsScenario", "ModelArtsSimulator"]
