"""What a resource names, and what that thing is: absence above all."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from trainsweep.accounts.list_cache import ListCache
from trainsweep.api.provider import holders
from trainsweep.api.provider_config import Polling
from trainsweep.cluster.cache import Cache
from trainsweep.controller.attempt_state import AttemptState
from trainsweep.controller.lists import AwaitedLists
from trainsweep.controller.lookup import identify
from trainsweep.controller.observe import Observer
from trainsweep.core.account_id import AccountID
from trainsweep.core.errors import (
    ConfigurationError,
    Misrouted,
    NotFound,
    QuotaExceeded,
    Refused,
    Unavailable,
    Unsettled,
    Withdrawn,
    WrongState,
)
from trainsweep.core.external import ExternalState, Remote, Target, Thing
from trainsweep.core.inputs import Absent
from trainsweep.core.resource import Key

from .memory_provider import MemoryProvider, Remotes
from .test_store import a_record
from .virtual_time import Clock, virtual_time

TASK = Target(Thing.TUNING_TASK, "task-a1", "job-a")
RUNNING = Remote("task-a1", "llama", ExternalState.RUNNING, "Running", parent="job-a")
CONFIG = Key("ProviderConfig", "team-a", "account")


class Account:
    """Answers as told; counts the calls."""

    def __init__(self, *, read=RUNNING, lists=((RUNNING,),)) -> None:
        self.answer, self.answers = read, list(lists)
        self.reads, self.listed = 0, 0
        self.since = 0.0
        self.spec = SimpleNamespace(polling=Polling(active_seconds=10, idle_seconds=100))
        self.lists = ListCache(self._list, lambda _: None)
        self.identity = AccountID("Qianfan", "qianfan.baidubce.com")
        self.provider = MemoryProvider(Remotes(Clock()), lambda: asyncio.sleep(0))

    async def read(self, target: Target) -> Remote:
        self.reads += 1
        await asyncio.sleep(0.1)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def _list(self, collection: str) -> tuple[Remote, ...]:
        self.listed += 1
        await asyncio.sleep(0.1)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found


#: A list has shown it.
LISTED = {"externalID": "task-a1", "listed": True}


def a_memory():
    return AttemptState("uid-run", CONFIG)


def lists_of(account):
    return AwaitedLists(account.lists, asyncio.get_running_loop().time())


async def observed(account, memory=None, *, target=TASK, fresh=False, record=None, store=None):
    record = record or a_record(status=LISTED)
    (account.spec.provider,) = holders(target.thing)
    observer = Observer(record, target, memory or a_memory(), account, store or Cache(), lists_of(account))
    return await observer.observe(fresh=fresh)


async def look(account, memory=None, **more):
    return (await observed(account, memory, **more)).seen


ODD = Refused("Try later.", status=400, code="ModelArts.9999")


class TestALook:
    @virtual_time
    async def test_takes_the_time_at_which_a_v1_job_was_made_from_a_list_of_any_age(self):
        made = datetime(2026, 1, 31, tzinfo=UTC)
        job = Remote("155500", "train", ExternalState.STOPPED, "")
        account = Account(read=job, lists=((replace(job, created_at=made, parts=None),),))
        for _ in range(2):
            seen = await look(account, target=Target(Thing.JOB, "155500"), fresh=True)
            assert isinstance(seen, Remote)
            assert seen.created_at == made
            await asyncio.sleep(1000)
        assert account.listed == 1

    @virtual_time
    async def test_is_content_with_a_recent_list(self):
        account = Account()
        assert await look(account) == RUNNING
        assert await look(account) == RUNNING
        assert (account.reads, account.listed) == (0, 1)

    @virtual_time
    async def test_takes_a_list_that_is_too_old_anew(self):
        account = Account()
        await look(account)
        await asyncio.sleep(11)
        await look(account)
        assert account.listed == 2

    @virtual_time
    async def test_that_must_be_fresh_reads_by_id(self):
        account = Account()
        await look(account, fresh=True)
        assert (account.reads, account.listed) == (1, 0)

    @virtual_time
    async def test_does_not_trust_a_list_begun_before_our_last_write(self):
        account = Account()
        memory = a_memory()
        await look(account, memory)
        memory.last_write = asyncio.get_running_loop().time()
        await asyncio.sleep(0.01)
        await look(account, memory)
        assert account.listed == 2

    @virtual_time
    async def test_that_a_person_asks_for_takes_the_list_anew(self):
        account = Account()
        await look(account)
        await asyncio.sleep(1)
        await look(account, record=a_record(annotations={"trainsweep.dev/reconcile-requested-at": "now"}))
        assert account.listed == 2

    @pytest.mark.parametrize(
        ("clock", "state", "field"),
        [
            ("activeDeadlineSeconds", ExternalState.RUNNING, "started_at"),
            ("ttlSecondsAfterFinished", ExternalState.FAILED, "finished_at"),
        ],
    )
    def test_reads_by_id_when_the_list_lacks_the_time_that_a_clock_runs_by(self, clock, state, field):
        @virtual_time
        async def run():
            listed = Remote("155500", "train", state, "word")
            told = replace(listed, **{field: datetime(2026, 1, 31, tzinfo=UTC)})
            account, job = Account(read=told, lists=[(listed,)]), Target(Thing.JOB, "155500")
            spec = {"jobID": "155500", clock: 60}
            without = a_record(kind="TrainingJob", spec={"jobID": "155500"})
            assert await look(account, target=job, record=without) == listed
            assert await look(account, target=job, record=a_record(kind="TrainingJob", spec=spec)) == told
            word = "startedAt" if field == "started_at" else "finishedAt"
            known = a_record(kind="TrainingJob", spec=spec, status={word: "2026-01-31T00:00:00Z"})
            assert await look(account, target=job, record=known) == listed
            assert account.reads == 1

        run()

    @pytest.mark.parametrize(
        ("more", "gone"),
        [
            ({}, False),
            ({"spec": {"configName": "conf", "desiredState": "Absent"}}, True),
            ({"deletionTimestamp": "2026-05-01T12:00:00Z"}, True),
        ],
        ids=["watched", "to be absent", "being deleted"],
    )
    def test_takes_a_config_made_again_under_its_name_for_the_end_of_the_pinned_one(self, more, gone):
        @virtual_time
        async def run():
            made = datetime(2026, 1, 31, tzinfo=UTC)
            conf = Remote("conf", "conf", ExternalState.STOPPED, "", created_at=made)
            account, target = Account(read=conf, lists=[(conf,)]), Target(Thing.CONFIG, "conf")
            for pinned, expected in ((made, False), (made + timedelta(days=1), gone)):
                words = {"spec": {"configName": "conf"}, "status": {"createdAt": pinned.isoformat()}} | more
                record = a_record(kind="TrainingJobConfig", **words)
                for fresh in (False, True):
                    seen = await look(account, target=target, record=record, fresh=fresh)
                    assert isinstance(seen, Absent) is expected

        run()

    @virtual_time
    async def test_reads_by_id_what_the_list_does_not_tell_whole(self):
        account = Account(lists=[(Remote("task-a1", "llama", ExternalState.RUNNING, "", parts=None),)])
        assert await look(account) == RUNNING
        assert account.reads == 1

    @virtual_time
    async def test_learns_the_job_of_a_task_from_its_first_read(self):
        account, memory = Account(), a_memory()
        await look(account, memory, target=Target(Thing.TUNING_TASK, "task-a1"))
        assert (account.reads, account.listed, memory.parent) == (1, 0, "job-a")


class TestAbsence:
    @virtual_time
    async def test_is_a_refused_id_and_a_complete_list_without_it(self):
        account = Account(read=NotFound("no such task", status=404), lists=[()])
        seen = await look(account, fresh=True)
        assert isinstance(seen, Absent)
        assert "no such task" in seen.evidence
        assert "complete list" in seen.evidence

    @virtual_time
    async def test_may_follow_from_any_refusal_of_the_service_itself(self):
        account = Account(read=Refused("not in this project", status=403, code="ModelArts.1"), lists=[()])
        assert isinstance(await look(account), Absent)

    @pytest.mark.parametrize(
        "refusal",
        [Refused("no", status=400), QuotaExceeded("too many", code="X.1"), WrongState("not now", code="X.2")],
        ids=["no code", "a quota", "its state"],
    )
    def test_does_not_follow_from_a_refusal_that_is_not_about_the_id(self, refusal):
        @virtual_time
        async def run():
            with pytest.raises(type(refusal)):
                await look(Account(read=refusal, lists=[()]))

        run()

    @virtual_time
    async def test_of_what_was_seen_is_no_odd_refusal_beside_a_list_that_never_showed_it(self):
        account, seen = Account(lists=[()]), a_record(status={"externalID": "task-a1"})
        assert await look(account, record=seen) == RUNNING
        account.answer = ODD
        with pytest.raises(Refused, match=r"Try later.*no list of this account has ever shown it"):
            await look(account, record=seen, fresh=True)
        account.answer = NotFound("no such task", status=404)
        assert isinstance(await look(account, record=seen, fresh=True), Absent)

    @pytest.mark.parametrize("target", [TASK, Target(Thing.JOB, "155500")], ids=["part", "whole"])
    def test_of_what_a_list_has_shown_follows_from_any_refusal(self, target):
        @virtual_time
        async def run():
            one = replace(RUNNING, id=target.id)
            whole = Remote("job-a", "llama", ExternalState.RUNNING, "")
            account, seen = Account(read=one, lists=[(one, whole)]), a_record(status={"externalID": target.id})
            assert (await observed(account, record=seen, target=target)).listed
            account.answer, account.answers = ODD, [()]
            await asyncio.sleep(100)
            known = a_record(status={"externalID": target.id, "listed": True})
            assert isinstance(await look(account, record=known, target=target, fresh=True), Absent)

        run()

    @virtual_time
    async def test_of_a_thing_that_was_never_seen_needs_a_list_begun_after_the_refusal(self):
        account = Account(read=NotFound("no such task"), lists=[()])
        await account.lists.get("FineTuningTask/job-a", 0)
        await asyncio.sleep(1)
        account.answers[:] = [(RUNNING,)]
        with pytest.raises(Refused, match="still lists it"):
            await look(account, record=a_record(), fresh=True)
        assert account.listed == 2

    @virtual_time
    async def test_is_not_believed_of_a_key_that_may_be_one_of_another_account(self):
        account = Account(read=NotFound("no such task"), lists=[()])
        account.identity = AccountID("Qianfan", "qianfan.baidubce.com", keys=("new",))
        pinned = {"provider": "Qianfan", "host": "qianfan.baidubce.com", "keys": ["old"]}
        mine = a_record(status=LISTED | {"account": pinned})
        store = Cache()
        store.put(mine)
        with pytest.raises(ConfigurationError, match="access key of ProviderConfig team-a/account was changed") as told:
            await look(account, record=mine, store=store, fresh=True)
        assert told.value.reason == "IdentityChanged"
        both = {"externalID": "task-b", "account": pinned | {"keys": ["old", "new"]}}
        store.put(a_record("other", spec={"taskID": "task-b"}, status=both))
        assert isinstance(await look(account, record=mine, store=store, fresh=True), Absent)

    @virtual_time
    async def test_is_not_a_list_alone(self):
        account = Account(lists=[()])
        assert await look(account) == RUNNING

    @virtual_time
    async def test_is_not_a_refusal_alone(self):
        account = Account(read=NotFound("no such task"))
        with pytest.raises(Refused, match="still lists it"):
            await look(account, fresh=True)

    @virtual_time
    async def test_is_decided_by_a_new_list_when_the_old_one_still_held_the_id(self):
        account = Account(read=NotFound("no such task"), lists=[(RUNNING,), ()])
        await look(account)
        assert isinstance(await look(account, fresh=True), Absent)

    @pytest.mark.parametrize("error", [Unavailable("503"), Misrouted("no such path", status=404)])
    def test_is_not_an_error_of_the_read_or_of_the_list(self, error):
        @virtual_time
        async def run():
            with pytest.raises(type(error)):
                await look(Account(read=error, lists=[()]), fresh=True)
            with pytest.raises(type(error)):
                await look(Account(read=NotFound("no such task"), lists=[error]), fresh=True)

        run()

    @virtual_time
    async def test_after_a_write_needs_a_list_begun_after_it(self):
        account, memory = Account(lists=[()]), a_memory()
        await account.lists.get("FineTuningTask/job-a", 0)
        account.answers[:] = [(RUNNING,)]
        account.answer = NotFound("no such task")
        await asyncio.sleep(0.5)
        memory.last_write = asyncio.get_running_loop().time()
        with pytest.raises(Refused, match="still lists it"):
            await look(account, memory, fresh=True)


class TestNames:
    async def find(self, record, account, memory=None, store=None):
        return await identify(record, memory or a_memory(), account, store or Cache(), lists_of(account))

    def by_name(self, **more):
        return a_record(kind="FineTuningJob", spec={"jobName": "llama"}, **more)

    def job(self, number, name="llama"):
        return Remote(f"job-{number}", name, ExternalState.STOPPED, "")

    @virtual_time
    async def test_lead_to_the_one_thing_that_bears_them_exactly(self):
        account = Account(lists=[(self.job(1, "llama-2"), self.job(2), self.job(3, "Llama"))])
        assert await self.find(self.by_name(), account) == Target(Thing.TUNING_JOB, "job-2")

    @virtual_time
    async def test_of_several_things_stall_and_say_which(self):
        account = Account(lists=[(self.job(1), self.job(2))])
        with pytest.raises(ConfigurationError, match=r"2 things are named 'llama' \(job-1, job-2\)") as ambiguous:
            await self.find(self.by_name(), account)
        assert ambiguous.value.reason == "AmbiguousName"

    @virtual_time
    async def test_of_nothing_are_absent_only_by_a_list_begun_now(self):
        account = Account(lists=[(), (self.job(1),)])
        assert await self.find(self.by_name(), account) == Target(Thing.TUNING_JOB, "job-1")
        account = Account(lists=[()])
        await account.lists.get("FineTuningJob", 0)
        await asyncio.sleep(1)
        assert isinstance(await self.find(self.by_name(), account), Absent)
        assert account.listed == 2

    @virtual_time
    async def test_that_cannot_be_looked_up_are_not_absent(self):
        with pytest.raises(Unavailable):
            await self.find(self.by_name(), Account(lists=[Unavailable("503")]))

    @virtual_time
    async def test_are_found_but_never_absent_where_a_part_of_the_lists_is_withdrawn(self):
        withdrawn = Withdrawn("not published", status=404, code="APIGW.0101")
        account = Account()
        account.provider.collections_of_names = lambda thing, parent="": ("v1/jobs", "v2/jobs")
        account.answers = [withdrawn, (self.job(1),)]
        assert await self.find(self.by_name(), account) == Target(Thing.TUNING_JOB, "job-1")
        account.answers = [withdrawn, (), withdrawn, ()]
        await asyncio.sleep(100)
        with pytest.raises(Withdrawn, match="named 'llama', but the endpoint does not offer every API"):
            await self.find(self.by_name(), account)

    @virtual_time
    async def test_once_pinned_are_never_looked_up_again(self):
        account = Account(lists=[(self.job(7),)])
        pinned = self.by_name(status={"externalID": "job-1"})
        assert await self.find(pinned, account) == Target(Thing.TUNING_JOB, "job-1")
        assert account.listed == 0

    @virtual_time
    async def test_that_are_not_pinned_are_looked_up_anew_as_after_a_restart(self):
        account, memory = Account(lists=[(self.job(7),)]), a_memory()
        assert await self.find(self.by_name(), account, memory) == Target(Thing.TUNING_JOB, "job-7")
        account.answers[:] = [(self.job(8),)]
        await asyncio.sleep(100)
        assert await self.find(self.by_name(), account, memory) == Target(Thing.TUNING_JOB, "job-8")

    @virtual_time
    async def test_of_a_version_are_looked_up_under_its_job(self):
        version = Remote("155500/3", "V0003", ExternalState.RUNNING, "", parent="155500")
        record = a_record(kind="TrainingJobVersion", spec={"jobID": "155500", "versionName": "V0003"})
        record = replace(record, spec=record.spec.model_copy(update={"version_id": None}))
        account = Account(lists=[(version,)])
        assert await self.find(record, account) == Target(Thing.VERSION, "155500/3", "155500")


class TestReferences:
    async def find(self, *jobs):
        store = Cache()
        for job in jobs:
            store.put(job)
        record = a_record("version", kind="TrainingJobVersion", spec={"jobRef": {"name": "job"}})
        account = Account()
        return await identify(record, a_memory(), account, store, lists_of(account))

    @virtual_time
    async def test_lead_to_the_job_that_the_resource_names_or_has_pinned(self):
        given = a_record("job", kind="TrainingJob", spec={"jobID": "155500"})
        pinned = a_record("job", kind="TrainingJob", spec={"jobName": "llama"}, status={"externalID": "155500"})
        for job in (given, pinned):
            assert await self.find(job) == Target(Thing.VERSION, "155500/3")

    @virtual_time
    async def test_do_not_lead_into_another_account(self):
        job = a_record("job", kind="TrainingJob", spec={"jobID": "155500", "providerConfigRef": {"name": "other"}})
        with pytest.raises(ConfigurationError, match=r"uses ProviderConfig team-a/other.*the same providerConfigRef"):
            await self.find(job)

    @virtual_time
    async def test_to_a_job_without_an_id_yet_are_no_fault_of_the_configuration(self):
        with pytest.raises(Unsettled, match="has no id yet"):
            await self.find(a_record("job", kind="TrainingJob", spec={"jobName": "llama"}))

    @virtual_time
    async def test_to_a_job_that_was_found_in_another_account_stall(self):
        elsewhere = {"provider": "Qianfan", "host": "elsewhere.example"}
        job = a_record("job", kind="TrainingJob", spec={"jobID": "1"}, status={"externalID": "1", "account": elsewhere})
        with pytest.raises(ConfigurationError, match=r"was found in Qianfan at elsewhere\.example"):
            await self.find(job)

    @pytest.mark.parametrize(
        ("job", "reason", "words"),
        [
            (None, "ReferenceNotFound", "does not exist"),
            ({"jobID": "9f2c7d3a-0000-4000-8000-00000000000a"}, "InvalidSpec", "V2 job"),
        ],
    )
    def test_that_lead_nowhere_say_why(self, job, reason, words):
        @virtual_time
        async def run():
            jobs = [a_record("job", kind="TrainingJob", spec=job)] if job else []
            with pytest.raises(ConfigurationError, match=words) as nowhere:
                await self.find(*jobs)
            assert nowhere.value.reason == reason

        run()
