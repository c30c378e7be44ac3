"""How histories are drawn: a few themes each, so that what belongs together meets often enough.

A history of everything at once would show each rare thing rarely, and two of them together never.
"""

import os

from hypothesis import Phase, settings
from hypothesis import strategies as st

from trainsweep.core.external import ExternalState

from .histories import FIRST, IDENTITIES, MAIN, NAMESPACES, NEWER, REVOKED, RUNS, SECOND, STRANGER, V2_JOBS, Step, a
from .memory_provider import FAULTS
from .world import ELSEWHERE, FAST, NAMESPACE

#: Histories of all themes in CI. TRAINSWEEP_HISTORIES asks for another number, and draws others in every run.
CI = 525


def so_many(in_ci: int) -> settings:
    """So many examples of a sort, or its share of what the environment asks for."""
    asked = os.environ.get("TRAINSWEEP_HISTORIES")
    if os.environ.get("TRAINSWEEP_MUTATION"):  # whether it is caught is all that is asked
        return settings(max_examples=in_ci, phases=[Phase.generate], database=None)
    if not asked:
        return settings(max_examples=in_ci)
    share = max(1, int(asked) * in_ci // CI)
    return settings(max_examples=share, derandomize=False, print_blob=True, database=None)


Drawn = st.SearchStrategy[Step]
#: Few, so that most steps meet somebody.
namespaces = st.sampled_from([*[NAMESPACE] * 6, NAMESPACES[1]])
names = st.sampled_from(["ann", "ann", "ann", "bob", "bob", "eve"])
desired = st.sampled_from(["Present", "Stopped", "Absent"])
policies = st.sampled_from([None, "Delete", "Stop", "Orphan"])
wishes = st.fixed_dictionaries(
    {},
    optional={
        "deletionPolicy": st.sampled_from(["Delete", "Stop", "Orphan"]),
        # A name that no thing has: whoever expects it touches nothing.
        "expect": st.sampled_from([None, None, None, {"name": "another"}]),
        "activeDeadlineSeconds": st.just(150),
        "ttlSecondsAfterFinished": st.just(100),
    },
)
few_wishes = st.one_of(st.just({}), st.just({}), wishes)
ended = st.sampled_from([ExternalState.SUCCEEDED, ExternalState.FAILED, ExternalState.STOPPED])
accounts = st.sampled_from(["own", "own", "named", "shared"])
account_names = st.sampled_from(["qianfan", "modelarts", "named"])
moments = st.sampled_from([0.004, 0.011, 0.03, 0.07, 0.5])
pauses = st.sampled_from([2.0, 20.0, 130.0])
between = st.one_of(st.just(0.0), moments, pauses)


def declare(whats: list[int], **how: st.SearchStrategy[object]) -> Drawn:
    fields = {"desired": desired, "wishes": few_wishes, "account": accounts} | how
    return a("declare", namespace=namespaces, name=names, what=st.sampled_from(whats), **fields)


def edit() -> Drawn:
    return a("edit", namespace=namespaces, name=names, desired=desired, policy=policies)


def delete() -> Drawn:
    return a("delete", namespace=namespaces, name=names)


def kill() -> Drawn:
    return a("kill", down=st.sampled_from([0.0, 1.0, 90.0]))


def some_time() -> Drawn:
    return a("wait", seconds=st.one_of(moments, pauses))


def people(whats: list[int]) -> list[Drawn]:
    """What people do in every history."""
    wants = a("edit", namespace=namespaces, name=names, desired=st.sampled_from(["Stopped", "Absent"]), policy=policies)
    return [declare(whats), edit(), wants, wants, delete(), delete(), some_time()]


def themes(whats: list[int]) -> dict[str, list[Drawn]]:
    """What may be the matter, by name."""
    seconds = st.sampled_from([30.0, 120.0, 400.0])
    shared = declare(whats, account=st.just("shared"))
    own = declare(whats, account=st.just("own"))
    spec = st.sampled_from
    return {
        "people": [
            a("pause", namespace=namespaces, name=names, on=st.booleans()),
            a("force", namespace=namespaces, name=names, right=st.booleans()),
            a("end_run", remote=spec(RUNS), state=ended),
        ],
        "things": [
            a("end_run", remote=spec(RUNS), state=ended),
            a("vanish", remote=spec([*RUNS, "1001", "conf", "job-a", "job-b"])),
            a("become_unclear", remote=spec(RUNS)),
            a("hide", remote=spec([*RUNS, "1001"])),
            a("wait_in_line", remote=spec(["task-none", "task-a1"]), seconds=spec([20.0, 300.0])),
        ],
        "made again": [
            a("make_again", remote=spec(["conf", "nightly", "weekly"]), way=spec(["instead", "instead", "beside"])),
            a("make_again", remote=spec(["conf", "nightly", "weekly"]), way=spec(["instead", "instead", "beside"])),
            a("point_again", namespace=namespaces, job=spec(["1001", "777"])),
            a("be_slow", seconds=seconds, effect=spec([0.1, 40.0])),
        ],
        "calls fail": [
            a("calls_fail", faults=st.lists(spec(FAULTS), min_size=1, max_size=6)),
            a("calls_fail", faults=st.lists(spec(FAULTS), min_size=1, max_size=6)),
            kill(),
        ],
        "outage": [
            a("go_wrong", calls=spec(["read_faults", "probe_faults"]), fault=spec(PERIODS), seconds=seconds),
            a("go_wrong", calls=spec(["read_faults", "probe_faults"]), fault=spec(PERIODS), seconds=seconds),
            kill(),
        ],
        "too fast": [
            a("calls_fail", faults=spec([["too fast for years"], ["too fast"] * 6])),
            own,
        ],
        "many": [
            a("apply_many", count=spec([30, 60]), then=spec(["delete", "delete", ""])),
            a("hang", provider=st.just("Qianfan"), seconds=seconds),
            a("calls_fail", faults=st.just(["too fast for years"])),
        ],
        "hanging": [a("hang", provider=spec(["Qianfan", "ModelArts"]), seconds=seconds), own, own],
        "led elsewhere": [
            a("lead_elsewhere", namespace=namespaces, account=account_names, between=between, project=spec(PROJECTS)),
            a("lead_elsewhere", namespace=namespaces, account=account_names, between=between, project=spec(PROJECTS)),
            a("set_key", namespace=namespaces, key=spec([FIRST, STRANGER])),
            declare(whats, account=spec(["own", "named"])),
        ],
        "keys": [
            a("set_key", namespace=namespaces, key=spec([FIRST, SECOND, STRANGER, REVOKED])),
            a("set_key", namespace=namespaces, key=spec([FIRST, SECOND, STRANGER])),
            a("delete_secret", namespace=namespaces),
            kill(),
        ],
        "accounts": [
            a("delete_account", namespace=namespaces, account=account_names, force=st.booleans()),
            a("make_account", namespace=namespaces, account=account_names, project=st.just(MAIN)),
            a("make_account", namespace=namespaces, account=account_names, project=st.just(MAIN)),
            own,
        ],
        "modes": [
            a("edit_account", namespace=namespaces, account=account_names, spec=spec(MODES)),
            a("edit_account", namespace=namespaces, account=account_names, spec=spec(MODES)),
            a("edit_account", namespace=st.just(""), account=spec(["qianfan", "modelarts"]), spec=spec(ALLOWED)),
            shared,
        ],
        "guard": [
            a("edit_account", namespace=st.just(""), account=spec(["qianfan", "modelarts"]), spec=spec(GUARDS)),
            a("approve", namespace=st.just(""), account=spec(["qianfan", "modelarts"])),
            declare(whats, account=st.just("shared"), desired=st.just("Absent")),
            shared,
        ],
        "namespaces": [
            a("set_policy", namespace=namespaces, policy=spec([None, "Orphan", "Delete", "Stop", "Keep"])),
            a("set_policy", namespace=namespaces, policy=spec([None, "Orphan", "Delete"])),
            a("label", namespace=spec(NAMESPACES), shared=spec(["yes", None])),
            declare(whats, wishes=st.just({})),
            shared,
        ],
        "claims": [
            own,
            own,
            a("rename", **RENAME, into=spec(NAMESPACES)),
            a("pause", namespace=namespaces, name=names, on=st.booleans()),
        ],
        "renames": [
            a("rename", **RENAME, into=st.just(NAMESPACE)),
            a("rename", **RENAME, into=st.just(NAMESPACE)),
            declare(whats, account=st.just("own"), wishes=st.just({}), desired=st.just("Present")),
        ],
        "API server": [
            a("api_fails", faults=st.lists(spec(["", "refused", "lost", "missing"]), min_size=1, max_size=6)),
            a("unserve", kind=spec(KINDS_SERVED), seconds=spec([30.0, 700.0])),
            a("unserve", kind=spec(KINDS_SERVED), seconds=spec([30.0, 700.0])),
            kill(),
        ],
        "watch": [
            a("let_the_watch_hang", seconds=seconds),
            a("let_the_watch_hang", seconds=seconds),
            a("go_wrong", calls=spec(["read_faults"]), fault=spec(["outage", "too fast"]), seconds=spec([5.0, 60.0])),
        ],
        "takeover": [
            a("stand_by", late=st.just(300.0)),
            a("stand_by", late=st.just(300.0)),
            a("take_over", late=spec([1.0, 250.0])),
        ],
        "disk": [a("fill_the_disk", seconds=seconds), kill()],
        "newer schema": [
            a("a_newer_resource", namespace=namespaces, name=names, on=st.booleans()),
            a("edit_account", namespace=namespaces, account=account_names, spec=spec(NEWER_ACCOUNTS)),
            a("edit_account", namespace=namespaces, account=account_names, spec=spec(NEWER_ACCOUNTS)),
            kill(),
        ],
        "clocks": [
            a("set_clock", ahead=spec([0.0, 600.0])),
            declare(whats, wishes=spec([{"ttlSecondsAfterFinished": 300}, {"activeDeadlineSeconds": 400}])),
            a("end_run", remote=spec(RUNS), state=ended),
            a("begin_anew", remote=spec(V2_JOBS), seconds=spec([20.0, 500.0])),
        ],
    }


PERIODS = [
    "outage",
    "not found, though it is there",
    "odd refusal",
    "page of HTML",
    "forbidden",
    "quota",
    "refused without a code",
]
PROJECTS = [MAIN, ELSEWHERE]
MODES = [{"mode": "Plan"}, {"mode": "Enforce"}]
ALLOWED = [
    {"allowedNamespaces": {"names": [NAMESPACE]}},
    {"allowedNamespaces": {"names": [], "selector": None}},
    {"allowedNamespaces": {"names": list(NAMESPACES)}},
    {"mode": "Plan"},
    {"mode": "Enforce"},
]
GUARDS = [{"deletionGuard": {"maxDeletions": limit, "windowSeconds": 600}} for limit in (1, 2, 100)]
NEWER_ACCOUNTS = [NEWER["class"], NEWER["mode"], {"errorClasses": None, "mode": None}]
KINDS_SERVED = ["FineTuningTask", "TrainingJob", "FineTuningJob", "ProviderConfig"]
RENAME = {
    "namespace": st.just(NAMESPACE),
    "name": names,
    "to": names,
    "first": st.sampled_from(["new", "new", "old"]),
    "between": between,
}
PACES = [{"rateLimit": FAST}, {"rateLimit": FAST}, {"rateLimit": {}}]


THEMES = sorted(themes([0]))


@st.composite
def histories(draw: st.DrawFn, theme: str) -> tuple[dict[str, object], list[Step]]:
    """The settings of all accounts, and the steps: about a few things, a theme, and at times another one.

    It begins with something to lose. Then what is the matter and what people want take turns, so that they meet.
    """
    whats = draw(st.lists(st.sampled_from(THERE), min_size=1, max_size=3, unique=True))
    known = themes(whats)
    also = draw(st.one_of(st.none(), st.sampled_from([name for name in THEMES if name != "many"])))
    special = known[theme] + (known[also] if also else [])
    first = declare(whats, wishes=FEW, desired=st.sampled_from(["Present", "Present", "Present", "Stopped"]))
    steps = draw(st.lists(first, min_size=1, max_size=3))
    steps += draw(st.lists(a("wait", seconds=st.sampled_from([0.07, 20.0])), max_size=1))
    turns = st.tuples(st.one_of(*special), st.one_of(*people(whats)), st.one_of(st.none(), st.none(), some_time()))
    for turn in draw(st.lists(turns, min_size=3, max_size=9)):
        steps += [step for step in turn if step is not None]
    return draw(st.sampled_from([{"rateLimit": {}}] if theme == "many" else PACES)), steps


FEW = st.sampled_from([{}, {}, {}, {"deletionPolicy": "Stop"}, {"deletionPolicy": "Orphan"}])
#: What is there at first, mostly.
THERE = [*range(len(IDENTITIES)), 0, 4, 7, 8, 14]
