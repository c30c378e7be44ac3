"""Tools for trying and changing Trainsweep: simulated providers, a local control plane, and the commands on them."""
