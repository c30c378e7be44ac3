"""`trainsweep audit`: the audit log as a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trainsweep.cli.screen import as_json, fill, say
from trainsweep.core.last_status import parse_time


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


def audit(
    file: Annotated[
        typer.FileText,
        typer.Argument(
            help="The file of --audit-log, or - for standard input.", encoding="utf-8", errors="backslashreplace"
        ),
    ],
    resource: Annotated[str, typer.Option(help="Only resources whose KIND NAMESPACE/NAME contains this.")] = "",
    account: Annotated[str, typer.Option(help="Only accounts whose name contains this.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only lines from this time on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only lines before this time (UTC).")] = None,
    output: Annotated[Output, typer.Option(help="table, or json: one line each.")] = Output.TABLE,
) -> None:
    """Read the audit log back: every remote write, who asked for it, and what came of it.

    A call whose intent has no result was cut off: what came of it is not known.

    For example:

    $ trainsweep audit /var/log/trainsweep/audit.log --resource team-a/

    $ kubectl logs deploy/trainsweep | trainsweep audit - --output json

    Exit codes: 0 the log was read, 1 nothing in it fits, 2 wrong usage.
    """
    bounds = (since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    lines = [line for text in file if (line := _parse(text)) and _fits(line, resource, account, bounds)]
    calls = _paired(lines)
    if output is Output.JSON:
        for call in calls:
            say(as_json(call))
    else:
        Console().print(_table(calls))
    if not calls:
        raise typer.Exit(1)


def _parse(text: str) -> dict[str, Any] | None:
    """One audit line; other lines of a pod's output are passed over."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    known = isinstance(line, dict) and all(isinstance(line.get(name), str) for name in ("event", "resource", "time"))
    return line if known else None


def _fits(line: dict[str, Any], resource: str, account: str, bounds: tuple[datetime | None, datetime | None]) -> bool:
    at, (since, until) = parse_time(line["time"]), bounds
    if at is None or (since and at < since) or (until and at >= until):
        return False
    return resource in line["resource"] and account in str(line.get("account", ""))


def _paired(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a call: the result when there is one, else the intent."""
    calls: list[dict[str, Any]] = []
    open_intents: dict[tuple[Any, ...], int] = {}
    for line in lines:
        mark = tuple(str(line.get(name)) for name in ("uid", "operation", "target"))
        if line["event"] == "intent":
            open_intents[mark] = len(calls)
            calls.append(line)
        elif line["event"] == "result" and mark in open_intents:
            calls[open_intents.pop(mark)] = line
        else:
            calls.append(line)
    return calls


def _table(calls: list[dict[str, Any]]) -> Table:
    table = Table(title="Remote writes", title_justify="left")
    for column in ("time", "resource", "asked by", "operation", "remote thing", "state before", "because", "outcome"):
        table.add_column(column, overflow="fold")
    for call in calls:
        fill(
            table,
            call["time"],
            call["resource"],
            call.get("manager", ""),
            call.get("operation", "let go"),
            call.get("target", ""),
            call.get("providerState") or call.get("state", ""),
            _because(call),
            _outcome(call),
        )
    return table


def _because(call: dict[str, Any]) -> str:
    """What asked for it; of a deletion, the policy and who set it."""
    cause, policy, source = (call.get(name, "") for name in ("because", "policy", "policySource"))
    if cause not in ("", "deletion"):
        return str(cause)
    return ", ".join(filter(None, [cause, f"{policy} by the {source}" if source else str(policy)]))


def _outcome(call: dict[str, Any]) -> str:
    match call["event"]:
        case "intent":
            return "cut off: not known"
        case "left":
            return f"left behind: {call.get('why', '')}"
        case _ if call.get("success"):
            return f"accepted {call.get('requestID', '')}".rstrip()
        case _:
            return f"failed: {call.get('errorMessage', '')}"
