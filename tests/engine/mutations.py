"""Old defects, put back by hand: what the generators must catch. `python -m tests.engine.mutations [NAME ...]`

Each one is applied to a copy of the product, and the tests that are named with it are run against the copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HISTORIES = "tests/engine/test_histories.py"
#: Histories that a mutation may take.
BUDGET = "60"


@dataclass(frozen=True)
class Mutation:
    """`old` in `file` (below operator/trainsweep) becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    tests: str = HISTORIES


MUTATIONS = [
    Mutation(
        "the finalizer waits for the provider",
        "controller/reconciler.py",
        "    async def _hold(self, state: Pass) -> bool:\n",
        "    async def _hold(self, state: Pass) -> bool:\n"
        "        if state.account:\n"
        "            now = asyncio.get_running_loop().time()\n"
        "            await asyncio.sleep(state.account.gate._buckets[False].take(now))\n"
        "        return await self._hold_now(state)\n\n"
        "    async def _hold_now(self, state: Pass) -> bool:\n",
    ),
    Mutation(
        "an id outlives its account",
        "core/inputs.py",
        "        pinned = self.record.past.account\n",
        "        pinned = None\n",
    ),
    Mutation(
        "the last check compares memory alone",
        "controller/last_check.py",
        "        await asyncio.gather(self._read(record.key), self._configs.get(record.config, begun - SHARED))\n",
        "        await asyncio.sleep(0)\n",
    ),
    Mutation(
        "a namespace's policy is not looked at again",
        "cluster/namespace_monitor.py",
        "        if before is not None and now != before:\n",
        "        if False:\n",
    ),
    Mutation(
        "a name that was looked up sticks in memory",
        "controller/lookup.py",
        "    if known := record.known_id:\n        return Target(record.thing, known, attempt.parent)\n"
        "    return await _Lookup(record, attempt, account, cache, lists).find()\n",
        "    if known := record.known_id or getattr(identify, str(record.uid), ''):\n"
        "        return Target(record.thing, known, attempt.parent)\n"
        "    found = await _Lookup(record, attempt, account, cache, lists).find()\n"
        "    if isinstance(found, Target):\n        setattr(identify, str(record.uid), found.id)\n    return found\n",
    ),
    Mutation(
        "one 404 of a list is believed",
        "cluster/resync.py",
        "if error.status != 404 or not await withdrawn(kind):",
        "if error.status != 404:",
    ),
    Mutation(
        "a config that cannot be read goes on by its old spec",
        "accounts/blocked.py",
        "    if config.problem:\n        return unreadable(key, config.problem)\n",
        "",
    ),
    Mutation(
        "a delete goes out without its intent line",
        "controller/execute.py",
        '    audit.write("intent", facts.record, **details)\n',
        '    audit.note("intent", facts.record, **details)\n',
    ),
    Mutation(
        "a rename deletes the job that the new one wants",
        "core/plan.py",
        "    if facts.heir and not record.paused:\n        return _hand_over(facts.heir)\n",
        "",
    ),
    Mutation(
        "an accepted call is asked for again at once",
        "core/state_table.py",
        "    return asked.ago < patience\n",
        "    return asked.ago < 1\n",
    ),
    Mutation(
        "a list from the past tells of an end",
        "cluster/resync.py",
        "        if version and newer(missing.version, version) and await _is_there(client, missing.key):\n",
        "        if False:\n",
        tests="tests/faults/test_api_server.py",
    ),
    Mutation(
        "a refusal that is not about the id proves absence",
        "core/errors.py",
        "        return bool(self.code)\n",
        "        return True\n",
        tests="tests/engine/test_observe.py",
    ),
    Mutation(
        "a part that is gone follows a list of its own",
        "accounts/list_poller.py",
        "        by_presence = bool(whole[0]) and not _moves(seen)\n",
        "        by_presence = False\n",
        tests="tests/engine/test_poll.py",
    ),
    Mutation(
        "a pinned thing is claimed by strangers who have not seen it",
        "cluster/ownership.py",
        "        if other.namespace != key.namespace or other in self._unreachable",
        "        if other in self._unreachable",
        tests="tests/engine/test_ownership.py",
    ),
    Mutation(
        "the guard counts who is not allowed",
        "core/deletion_demand.py",
        "        Reason.NOT_ALLOWED,\n        Reason.AMBIGUOUS_NAME,\n",
        "        Reason.AMBIGUOUS_NAME,\n",
        tests="tests/engine/test_store.py",
    ),
]


def caught(mutation: Mutation) -> bool:
    """Whether the tests fail with the defect in place. Raises ValueError when the defect has no place any more."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "operator"
        shutil.copytree(ROOT / "operator", copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / "trainsweep" / mutation.file
        text = path.read_text()
        if text.count(mutation.old) != 1:
            raise ValueError(f"{mutation.name}: its text is not in {mutation.file} once")
        path.write_text(text.replace(mutation.old, mutation.new))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--show-capture=no", "--tb=no"]
        paths = os.pathsep.join((str(copy), str(ROOT / "devtools")))
        environment = os.environ | {"PYTHONPATH": paths, "TRAINSWEEP_HISTORIES": BUDGET}
        return subprocess.run([*command, mutation.tests], cwd=ROOT, env=environment, check=False).returncode == 1


def main(names: list[str]) -> int:
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.name in names]
    missed = [mutation.name for mutation in chosen if not caught(mutation)]
    sys.stdout.write("".join(f"NOT CAUGHT: {name}\n" for name in missed) or "all are caught\n")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
