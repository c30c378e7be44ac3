"""What users have asked for, and when: the lives of the resources, as they asked, not as anybody carried it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .things import Thing

#: (verb, id of a remote thing): "stop" or "delete".
Deed = tuple[str, str]


@dataclass(frozen=True)
class View:
    """A resource as its users left it at a time, in seconds of the world since the start."""

    at: float
    spec: Mapping[str, Any]
    paused: bool = False
    deleting: bool = False
    forced: bool = False


@dataclass
class Life:
    """One resource from its creation on; another one of the same name is another life. `rival`: an older resource names
    the same thing. `kept`: the operator had seen it when it was deleted; without a finalizer nobody can clean up.
    """

    uid: str
    kind: str
    name: str
    thing: Thing
    parts: tuple[Thing, ...]
    rival: bool
    kept: bool = True
    views: list[View] = field(default_factory=list)

    @property
    def last(self) -> View:
        return self.views[-1]

    def change(self, at: float, **fields: Any) -> None:
        """What is from now on; `spec` holds changed fields alone."""
        before = self.last
        spec = {**before.spec, **fields.pop("spec", {})}
        self.views.append(replace(before, at=at, spec=spec, **fields))

    @property
    def mismatched(self) -> bool:
        return self.last.spec.get("expect", {}).get("name", self.thing.name) != self.thing.name

    def goals(self, view: View) -> frozenset[str]:
        """Where this view allows the remote thing to be brought: "Stopped", "Absent"."""
        if view.deleting:
            policy = view.spec.get("deletionPolicy", "Delete")
            return frozenset({"Delete": {"Absent"}, "Stop": {"Stopped"}, "Orphan": set()}[policy])
        asked = {view.spec["desiredState"]} - {"Present"}
        if "activeDeadlineSeconds" in view.spec:
            asked.add("Stopped")
        if "ttlSecondsAfterFinished" in view.spec:
            asked.add("Absent")
        return frozenset(asked)

    def allows(self, view: View) -> set[Deed]:
        """What may be done while this view holds."""
        if view.paused or view.forced or self.mismatched:
            return set()
        allowed: set[Deed] = set()
        if "Absent" in self.goals(view):
            allowed.add(("delete", self.thing.id))
        if self.thing.kind == "job" and "Absent" in self.goals(view) and not view.spec.get("cascade"):
            return allowed  # the tasks are not its to touch
        runs = self.parts if self.thing.kind in ("v1-job", "job") else (self.thing,)
        if self.goals(view) and self.thing.kind != "config":
            allowed |= {("stop", run.id) for run in runs}
        if "Absent" in self.goals(view) and self.thing.kind == "job":
            allowed |= {("delete", run.id) for run in runs}
        return allowed


def permissions(lives: Iterable[Life]) -> dict[Deed, float]:
    """Everything that was ever asked for, with the time since which it was. A rival's wishes count for nothing before
    the resource that it rivals is deleted.
    """
    known = list(lives)
    since: dict[Deed, float] = {}
    for life in known:
        elders = [other for other in known if life.rival and not other.rival and other.thing.id == life.thing.id]
        free = min((view.at for elder in elders for view in elder.views if view.deleting), default=float("inf"))
        earliest = free if elders else 0.0
        for view, after in zip(life.views, [*life.views[1:], None], strict=True):
            if after and after.at < earliest:
                continue
            for deed in life.allows(view):
                begin = max(view.at, earliest)
                since[deed] = min(begin, since.get(deed, begin))
    return {deed: at for deed, at in since.items() if at < float("inf")}
