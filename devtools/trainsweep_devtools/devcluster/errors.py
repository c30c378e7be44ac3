"""What can go wrong with the local control plane."""

from __future__ import annotations


class DevClusterError(Exception):
    """The local control plane could not be had, or did not start. The text says which step, why, and what to do."""
