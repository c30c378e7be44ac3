"""Draw the terminals that the pages show, from the commands' own code and objects written down here.

`python docs/pictures.py` writes docs/pictures/*.svg, `--check` only says what is stale (exit code 1).
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, RenderableType
from written import settle

from trainsweep.api.names import API_VERSION
from trainsweep.cli.status.scene import Event, Scene
from trainsweep.cli.status.screen import screen as status
from trainsweep.cli.status.story import tell
from trainsweep.cli.top.screen import screen as top
from trainsweep.cluster.decode import Config, Resource, decode
from trainsweep.core.resource import Key

PICTURES = Path(__file__).parent / "pictures"
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PROJECT = "0123456789abcdef0123456789abcdef"
#: No font is fetched from elsewhere: the reader's own monospace one is used.
FORMAT = (
    CONSOLE_SVG_FORMAT.partition("@font-face")[0]
    + CONSOLE_SVG_FORMAT[CONSOLE_SVG_FORMAT.index(".{unique_id}-matrix") :]
)
WIDTH = 88

Json = dict[str, Any]


def pictures() -> dict[str, str]:
    """SVG by file name."""
    scene = _scene()
    mnist = Key("TrainingJob", "team-a", "mnist")
    return {
        "status.svg": _svg(
            "status", "trainsweep status TrainingJob/mnist", status(tell(scene, mnist, NOW), NOW, one=True)
        ),
        "top.svg": _svg("top", "trainsweep top --all-namespaces", top(tell(scene, None, NOW), NOW)),
    }


def _scene() -> Scene:
    scene = Scene()
    closed = {"circuit": {"state": "Closed"}}
    removals = {"removals": {"count": 3, "underWay": 1, "latest": _ago(minutes=2)}}
    held = {"held": {"count": 2, "since": _ago(minutes=9)}}
    _put(scene, "ProviderConfig", "huawei", _account(), _standing("True", "CredentialsValid", **closed, **removals))
    _put(scene, "ProviderConfig", "batch", _account(1), _standing("True", "DeletionHeld", **closed, **held))
    call = {"operation": "StopVersion", "time": _ago(seconds=40), "success": True, "requestID": "9f2c51d7"}
    running = {"externalState": "Running", "providerState": "JOBSTAT_RUNNING", "startedAt": _ago(hours=26)}
    stopping = _standing("False", "Stopping", "Stopping the run.", **_thing("155500"), **running, lastCall=call)
    _put(scene, "TrainingJob", "mnist", _job("huawei", "155500", "Absent"), stopping)
    ready = _standing("True", "Available", "The remote thing is Running.", **_thing("155502"), **running)
    _put(scene, "TrainingJob", "yolo", _job("huawei", "155502", "Present"), ready)
    for number in (1, 2):
        waits = _standing("False", "DeletionHeld", "Held.", **_thing(f"16000{number}"), **running)
        _put(scene, "TrainingJob", f"nightly-{number}", _job("batch", f"16000{number}", "Absent"), waits)
    told = Event(
        NOW - timedelta(minutes=3), "CannotStopExternalResource", "The run is just beginning; asked again.", True
    )
    scene.events[scene.store.records[Key("TrainingJob", "team-a", "mnist")].uid] = [told]
    return scene


def _put(scene: Scene, kind: str, name: str, spec: Json, standing: Json) -> None:
    number = len(scene.store.records) + len(scene.store.configs) + 1
    metadata = {
        "name": name,
        "namespace": "team-a",
        "uid": f"uid-{number}",
        "generation": 1,
        "resourceVersion": str(number),
        "creationTimestamp": _ago(days=2),
        "managedFields": [{"manager": "argocd-controller", "time": _ago(hours=1), "fieldsV1": {"f:spec": {}}}],
    }
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec, "status": standing}
    match decode(kind, body):
        case Resource() as record:
            scene.store.put(record)
        case Config() as config:
            scene.store.put_config(config)


def _account(guard: int = 100) -> Json:
    place = {"region": "cn-north-4", "projectID": PROJECT}
    limit = {"deletionGuard": {"maxDeletions": guard}}
    return {"provider": "ModelArts", "modelArts": place, "credentials": {"secretRef": {"name": "keys"}}} | limit


def _job(account: str, job: str, desired: str) -> Json:
    return {"providerConfigRef": {"name": account}, "jobID": job, "desiredState": desired, "deletionPolicy": "Delete"}


def _thing(job: str) -> Json:
    host = "modelarts.cn-north-4.myhuaweicloud.com"
    place = {"provider": "ModelArts", "host": host, "project": PROJECT}
    return {"externalID": job, "externalName": "mnist-resnet50", "account": place}


def _standing(ready: str, reason: str, message: str = "The provider accepts the credentials.", **more: Json) -> Json:
    condition = {"type": "Ready", "status": ready, "reason": reason, "message": message}
    return {"observedGeneration": 1, "conditions": [condition | {"lastTransitionTime": _ago(minutes=9)}], **more}


def _ago(**units: float) -> str:
    return f"{NOW - timedelta(**units):%Y-%m-%dT%H:%M:%SZ}"


def _svg(name: str, title: str, shown: RenderableType) -> str:
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    console.print(shown)
    return console.export_svg(title=title, code_format=FORMAT, unique_id=name)


def main(arguments: list[str]) -> str | None:
    return settle(arguments, {PICTURES / name: text for name, text in pictures().items()}, PICTURES.glob("*.svg"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
