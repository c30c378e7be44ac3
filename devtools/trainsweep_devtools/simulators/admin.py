"""The hand from the side, over HTTP: `/_sim/...` is for tests and demos, unsigned, and answers to loopback only.

    GET    /_sim/journal?operation=StopVersion   DELETE /_sim/journal
    GET    /_sim/things                          POST   /_sim/things {kind, ...}     DELETE /_sim/things?id=ID
    PATCH  /_sim/things {id, state}
    GET    /_sim/faults                          POST   /_sim/faults {match, times, ...}   DELETE /_sim/faults
    GET    /_sim/switches                        PATCH  /_sim/switches {name: value, timing: {...}}
    POST   /_sim/credentials {access_keys: [{access_key, secret_key}], users: [{name, password}]}

`faults.Fault` and the scenario models say which fields there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.simulator import Simulator
from trainsweep_devtools.simulators.wire import Call, Reply, json_reply
from trainsweep_devtools.simulators.world import Missing, Taken

PREFIX = "/_sim/"
LOOPBACK = frozenset({"127.0.0.1", "::1"})

Body = dict[str, Any]


def read_journal(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    return simulator.journal.as_json(query)


def clear_journal(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    simulator.journal.clear()
    return {}


def read_things(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    return simulator.things()


def add_thing(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    kind = str(body.pop("kind", ""))
    return {"id": simulator.add(kind, **body)}


def set_state(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    simulator.set_state(str(body["id"]), str(body["state"]))
    return {}


def remove_thing(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    simulator.vanish(query["id"])
    return {}


def read_faults(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    return [fault.model_dump(mode="json") for fault in simulator.faults.active]


def add_fault(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    return simulator.faults.add(**body).model_dump(mode="json")


def clear_faults(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    simulator.faults.clear()
    return {}


def read_switches(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    return simulator.switches_as_json()


def change_switches(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    simulator.switch(**body)
    return simulator.switches_as_json()


def rotate_credentials(simulator: Simulator, query: Mapping[str, str], body: Body) -> object:
    keys = [Key.model_validate(key) for key in body.get("access_keys", ())]
    if keys:
        simulator.rotate(keys)
    for user in body.get("users", ()):
        simulator.set_password(str(user["name"]), str(user["password"]))
    return {"access_keys": [key.access_key for key in keys]}


ROUTES: Mapping[tuple[str, str], Callable[[Simulator, Mapping[str, str], Body], object]] = {
    ("GET", "journal"): read_journal,
    ("DELETE", "journal"): clear_journal,
    ("GET", "things"): read_things,
    ("POST", "things"): add_thing,
    ("PATCH", "things"): set_state,
    ("DELETE", "things"): remove_thing,
    ("GET", "faults"): read_faults,
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
    ("GET", "switches"): read_switches,
    ("PATCH", "switches"): change_switches,
    ("POST", "credentials"): rotate_credentials,
}


def answer(simulator: Simulator, call: Call, remote: str | None) -> Reply:
    """Answer one call below `/_sim/`."""
    if remote not in LOOPBACK:
        return json_reply({"error": "The admin path answers to loopback only."}, status=403)
    work = ROUTES.get((call.method, call.path.removeprefix(PREFIX).rstrip("/")))
    if work is None:
        return json_reply({"error": f"There is no {call.method} {call.path}."}, status=404)
    try:
        return json_reply(work(simulator, call.query(), call.json()))
    except Missing as error:
        return json_reply({"error": str(error)}, status=404)
    except (Taken, ValueError, KeyError, TypeError) as error:
        return json_reply({"error": str(error)}, status=400)
