"""`python -m trainsweep_devtools.devcluster`: one control plane, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
from pathlib import Path

from trainsweep_devtools.devcluster import ControlPlane, DevClusterError, PlainProgress, find_binaries


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trainsweep_devtools.devcluster", description=__doc__)
    parser.add_argument("--controllers", action="store_true", help="garbage collector and namespace controllers too")
    parser.add_argument("--build-only", action="store_true", help="fetch or build the programs, start nothing")
    parser.add_argument("--audit-log", type=Path, help="a file for one line per request")
    options = parser.parse_args()
    # As with Ctrl-C: leave by an exception, so that the control plane is stopped on the way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        binaries = find_binaries(options.controllers, PlainProgress())
        if not options.build_only:
            _serve(ControlPlane.start(binaries, controllers=options.controllers, audit_log=options.audit_log))
    except DevClusterError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted before it was done.\n")
        return 130
    return 0


def _serve(plane: ControlPlane) -> None:
    with plane:
        sys.stdout.write(f"export KUBECONFIG={shlex.quote(str(plane.kubeconfig))}\n")
        sys.stdout.flush()
        sys.stderr.write(f"{plane.server} serves until Ctrl-C.\n")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                signal.pause()


if __name__ == "__main__":
    sys.exit(main())
