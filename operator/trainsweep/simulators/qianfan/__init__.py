"""Qianfan's fine-tuning control API (v2), simulated."""

from trainsweep.simulators.qianfan.scenario import QianfanScenario
from trainsweep.simulators.qianfan.simulator import QianfanSimulator

__all__ = ["QianfanScenario", "QianfanSimulator"]
