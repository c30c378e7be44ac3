"""Qianfan's fine-tuning control API (v2), simulated."""

from trainsweep_devtools.simulators.qianfan.scenario import QianfanScenario
from trainsweep_devtools.simulators.qianfan.simulator import QianfanSimulator

__all__ = ["QianfanScenario", "QianfanSimulator"]
