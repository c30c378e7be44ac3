"""A port of 127.0.0.1 that stays ours: free when taken, and not given to anyone else while the server restarts."""

from __future__ import annotations

import socket


def reserve_port() -> socket.socket:
    """A socket bound to a free port, never listening. Close it to give the port back.

    It is bound with SO_REUSEPORT, so that the one server which asks for the same (kube-apiserver does so with
    `--permit-port-sharing`) can listen there, as often as it likes, while the kernel hands the port to nobody else.
    Connections reach listeners only: while no server runs they are refused, as they should be.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
