"""`python -m benchmarks`: measure, and print a table or JSON. About ten minutes with the defaults, on two cores."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from rich.console import Console

from benchmarks.adopt_and_delete import Question, Result, measure
from benchmarks.contenders import CONTENDERS
from benchmarks.table import table
from trainsweep_devtools.devcluster import DevClusterError, PlainProgress, find_binaries

SIZES = (300, 1000, 5000)
KINDS = ("v2-job", "v1-job")


def main() -> int:
    options = _parser().parse_args()
    try:
        binaries = find_binaries(False, PlainProgress())
    except DevClusterError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    results: list[Result] = []
    for size in options.size:
        for name in options.operator:
            sys.stderr.write(f"{name}, {size:,} resources\n")
            question = Question(CONTENDERS[name], size, options.kind, rest=options.rest, limit=options.limit)
            results.append(measure(question, binaries))
    if options.output == "json":
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        Console(width=170).print(table(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Adopt resources, delete them all, and say what it took.",
        epilog="For example: python -m benchmarks --size 60 300 --operator trainsweep --output json",
    )
    parser.add_argument("--size", type=int, nargs="+", default=SIZES, metavar="N", help="how many resources")
    parser.add_argument("--operator", nargs="+", default=tuple(CONTENDERS), choices=CONTENDERS, help="whom to measure")
    parser.add_argument("--kind", default=KINDS[0], choices=KINDS, help="which remote jobs the resources stand for")
    parser.add_argument("--rest", type=float, default=10.0, help="seconds to leave the adopted resources alone")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds until an operator is given up")
    parser.add_argument("--output", default="table", choices=("table", "json"), help="for people or for scripts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
