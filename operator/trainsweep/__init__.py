"""Trainsweep: a Kubernetes operator that ends remote training work, safely and provably."""

__version__ = "0.1.0"
