"""The two health rules that are published, run by a real Lua and a real CEL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import celpy
import yaml
from lupa.lua51 import LuaRuntime

RULES = Path(__file__).parents[2] / "docs" / "gitops"


def argo_cd() -> Callable[[dict[str, Any]], tuple[str, str]]:
    """Status and message as Argo CD gets them: Lua 5.1, the object as `obj`, and no library but the basic functions."""
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    run = lua.execute("""
        return function(script, obj)
          local chunk = assert(loadstring(script))
          setfenv(chunk, { obj = obj, ipairs = ipairs, pairs = pairs, type = type, tostring = tostring })
          return chunk()
        end
    """)
    script = (RULES / "argocd-health.lua").read_text()

    def health(body: dict[str, Any]) -> tuple[str, str]:
        result = run(script, _table(lua, body))
        return result["status"], result["message"]

    return health


def _table(lua: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return lua.table_from({key: _table(lua, entry) for key, entry in value.items()})
    if isinstance(value, list | tuple):
        return lua.table_from([_table(lua, entry) for entry in value])
    return value


def flux() -> Callable[[dict[str, Any]], str]:
    """The status as Flux finds it: the first of the kind's expressions that is true, in the order of its RFC 0009."""
    manifest = yaml.safe_load((RULES / "flux-health.yaml").read_text())
    environment = celpy.Environment()
    rules = {
        (rule["apiVersion"], rule["kind"]): [
            (name[0].upper() + name[1:], environment.program(environment.compile(rule[name])))
            for name in ("inProgress", "failed", "current")
        ]
        for rule in manifest["spec"]["healthCheckExprs"]
    }

    def health(body: dict[str, Any]) -> str:
        variables: Any = celpy.json_to_cel(body)
        programs = rules[body["apiVersion"], body["kind"]]
        return next((name for name, program in programs if program.evaluate(variables)), "InProgress")

    return health
