"""Fetch or build every program that the tests need, so that no test has to wait for one: `python tests/tools`.

What cannot be had is told, and exit code 1; the tests that need it skip and say so.
"""

from __future__ import annotations

import sys

from builder import GITOPS_AGENT, HELM, obtain

from trainsweep_devtools.devcluster import DevClusterError, PlainProgress, find_binaries


def main() -> int:
    progress, missing = PlainProgress(), 0
    for get in (
        lambda: find_binaries(True, progress),
        lambda: obtain(GITOPS_AGENT, progress),
        lambda: obtain(HELM, progress),
    ):
        try:
            get()
        except DevClusterError as error:
            sys.stderr.write(f"{error}\n")
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
