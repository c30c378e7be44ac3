"""The contract of `providers.base` as tests, for the package of any provider.

Derive a class and give it a fixture `samples`; pytest does the rest, in its asyncio mode `auto`:

    class TestContract(ProviderContract):
        @pytest.fixture
        def samples(self) -> Samples:
            return Samples(plugin=PLUGIN, ...)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest

from trainsweep.api.provider import Verb
from trainsweep.core.errors import (
    ConfigurationError,
    CredentialsInvalid,
    Malformed,
    Misrouted,
    NotSent,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)
from trainsweep.core.external import ExternalState, Receipt, Remote, Target
from trainsweep.providers.base import Provider
from trainsweep.providers.endpoints import Endpoints
from trainsweep.providers.error_overrides import ErrorOverride
from trainsweep.providers.plugin import ProviderPlugin

NOW = datetime(2026, 1, 31, 8, 9, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answers. `body` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        if isinstance(self.body, bytes):
            return httpx.Response(self.status, content=self.body, headers=dict(self.headers))
        return httpx.Response(self.status, json=self.body, headers=dict(self.headers))


HTML = Answer(200, b"<html><body>Bad gateway</body></html>", {"content-type": "text/html"})
EMPTY = Answer(200, b"", {"content-type": "application/json"})
BROKEN = Answer(200, b'{"id": "a', {"content-type": "application/json"})
NO_OBJECT = Answer(200, [])

Reply = Answer | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One account and one thing of it that runs.

    `secret` is the decoded data of the Secret, and `hidden` what of it must never be shown. `thing` is the object that
    a read of `target` answers with; `in_state(word)` the same in a state of that word; `without_id` the same without
    its id. `listing(request)` answers each request for a list that is longer than a page, whose ids are `ids`, the
    target's among them. `accepted` is the answer to each verb that the provider has. `refusal(status, words)` is an
    error in the form of the service; `no_such_thing` its answer about an id that stands for nothing.
    """

    plugin: ProviderPlugin
    settings: Mapping[str, Any]
    secret: Mapping[str, str]
    hidden: tuple[str, ...]
    target: Target
    thing: Mapping[str, Any]
    in_state: Callable[[str], Mapping[str, Any]]
    without_id: Mapping[str, Any]
    listing: Callable[[httpx.Request], Answer]
    ids: frozenset[str]
    accepted: Mapping[Verb, Answer]
    refusal: Callable[[int, str], Answer]
    no_such_thing: Answer


class Service:
    """The service behind a provider: gives the answer that was set last, over and over, and counts the requests."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.requests: list[httpx.Request] = []
        self._answer: Callable[[httpx.Request], Reply] = lambda _: samples.refusal(500, "nothing was set")

    def says(self, reply: Reply | Callable[[httpx.Request], Reply]) -> Service:
        self._answer = reply if callable(reply) else lambda _: reply
        return self

    def provider(self, **more: Any) -> Provider:
        plugin = self.samples.plugin
        settings = plugin.settings.model_validate(self.samples.settings)
        credentials = plugin.credentials.parse(self.samples.secret, where="the sample")
        transport = httpx.MockTransport(self._handle)
        options: dict[str, Any] = {"overrides": (), "transport": transport, "now": lambda: NOW} | more
        return plugin.open(settings, credentials, **options)

    async def read(self) -> Remote:
        return await self.provider().read(self.samples.target)

    async def everything(self) -> tuple[Remote, ...]:
        provider = self.provider()
        return await provider.list(provider.collection(self.samples.target))

    async def write(self, verb: Verb) -> Receipt:
        provider = self.provider()
        verbs = {Verb.STOP: provider.stop, Verb.DELETE: provider.delete}
        return await verbs[verb](self.samples.target)

    async def probe(self) -> None:
        await self.provider().probe()

    def writes(self) -> list[Verb]:
        return [verb for verb in Verb if verb in self.samples.plugin.kinds[self.samples.target.thing].verbs]

    def calls(self) -> list[Callable[[], Awaitable[object]]]:
        """Every call that is one exchange."""
        return [self.read, *(partial(self.write, verb) for verb in self.writes())]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._answer(request)
        if isinstance(reply, Exception):
            raise reply
        return reply.response()


async def error_of(call: Callable[[], Awaitable[object]]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call()
    return caught.value


class ProviderContract:
    """What `providers.base` promises of every provider."""

    @pytest.fixture
    def samples(self) -> Samples:
        raise NotImplementedError("a test of a provider brings its samples")

    @pytest.fixture
    def service(self, samples: Samples) -> Service:
        return Service(samples)

    # What it reads.

    async def test_a_read_tells_the_thing_in_one_exchange(self, service: Service) -> None:
        remote = await service.says(Answer(200, service.samples.thing)).read()
        assert remote.id == service.samples.target.id.rpartition("/")[2]
        assert remote.state is ExternalState.RUNNING
        assert remote.provider_state
        assert remote.created_at is None or remote.created_at.tzinfo is not None
        assert len(service.requests) == 1

    @pytest.mark.parametrize("word", ["Transmogrifying", ""])
    async def test_a_state_that_is_not_known_is_unknown_and_keeps_its_word(self, service: Service, word: str) -> None:
        remote = await service.says(Answer(200, service.samples.in_state(word))).read()
        assert remote.state is ExternalState.UNKNOWN
        assert remote.provider_state == word

    async def test_fields_that_are_not_known_are_ignored(self, service: Service) -> None:
        more = {"added_next_year": {"deep": [1, None]}}
        assert (await service.says(Answer(200, {**service.samples.thing, **more})).read()).id

    async def test_an_answer_about_nothing_certain_is_malformed(self, service: Service) -> None:
        assert isinstance(await error_of(service.says(Answer(200, service.samples.without_id)).read), Malformed)

    @pytest.mark.parametrize("answer", [HTML, EMPTY, BROKEN, NO_OBJECT], ids=["html", "empty", "broken", "array"])
    async def test_what_is_no_answer_of_the_service_is_malformed(self, service: Service, answer: Answer) -> None:
        service.says(answer)
        assert isinstance(await error_of(service.read), Malformed)
        assert isinstance(await error_of(service.everything), Malformed)

    # What it lists.

    async def test_a_list_is_complete_and_holds_each_thing_once(self, service: Service) -> None:
        found = [remote.id for remote in await service.says(service.samples.listing).everything()]
        assert len(service.requests) > 1, "the sample is to be longer than a page"
        assert len(found) == len(set(found))
        assert set(found) == service.samples.ids

    @pytest.mark.parametrize("page", [0, 1])
    @pytest.mark.parametrize("answer", [Answer(503), HTML, EMPTY, BROKEN], ids=["503", "html", "empty", "broken"])
    async def test_a_list_with_a_page_that_cannot_be_read_raises(
        self, service: Service, page: int, answer: Answer
    ) -> None:
        service.says(lambda request: answer if len(service.requests) > page else service.samples.listing(request))
        await error_of(service.everything)

    # What it says of a refusal.

    async def test_an_id_that_stands_for_nothing_is_refused_by_the_service_itself(self, service: Service) -> None:
        error = await error_of(service.says(service.samples.no_such_thing).read)
        assert isinstance(error, Refused)
        assert error.about_the_id

    @pytest.mark.parametrize("status", [404, 410])
    async def test_a_page_of_a_gateway_says_nothing_about_the_id(self, service: Service, status: int) -> None:
        error = await error_of(service.says(replace(HTML, status=status)).read)
        assert not (isinstance(error, Refused) and error.about_the_id)

    @pytest.mark.parametrize(("status", "kind"), [(401, CredentialsInvalid), (403, PermissionDenied)])
    async def test_refused_credentials_are_told_from_missing_rights(
        self, service: Service, status: int, kind: type[ProviderError]
    ) -> None:
        service.says(service.samples.refusal(status, "no"))
        for call in (*service.calls(), service.everything, service.probe):
            assert type(await error_of(call)) is kind

    async def test_too_many_calls_are_told_with_the_wait_that_is_asked_for(self, service: Service) -> None:
        limited = service.samples.refusal(429, "slow down")
        service.says(replace(limited, headers={**limited.headers, "retry-after": "7"}))
        for call in service.calls():
            error = await error_of(call)
            assert isinstance(error, RateLimited)
            assert error.retry_after == 7

    async def test_an_error_class_of_the_user_wins(self, service: Service) -> None:
        service.says(service.samples.refusal(418, "no"))
        provider = service.provider(overrides=(ErrorOverride(418, "", "QuotaExceeded"),))
        assert (await error_of(lambda: provider.read(service.samples.target))).reason == "QuotaExceeded"

    # What it cannot know.

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_an_outage_leaves_a_write_open_and_a_read_to_be_repeated(self, service: Service, status: int) -> None:
        service.says(service.samples.refusal(status, "busy"))
        assert type(await error_of(service.read)) is Unavailable
        for verb in service.writes():
            assert type(await error_of(partial(service.write, verb))) is OutcomeUnknown

    async def test_so_does_an_answer_that_never_comes(self, service: Service) -> None:
        service.says(httpx.ReadError("reset"))
        assert type(await error_of(service.read)) is Unavailable
        for verb in service.writes():
            assert type(await error_of(partial(service.write, verb))) is OutcomeUnknown

    async def test_what_never_left_certainly_had_no_effect(self, service: Service) -> None:
        service.says(httpx.ConnectError("refused"))
        for call in service.calls():
            assert type(await error_of(call)) is NotSent

    @pytest.mark.parametrize("answer", [HTML, BROKEN], ids=["html", "broken"])
    async def test_a_write_is_accepted_by_the_service_alone(self, service: Service, answer: Answer) -> None:
        service.says(answer)
        for verb in service.writes():
            await error_of(partial(service.write, verb))

    async def test_a_redirect_is_not_followed(self, service: Service) -> None:
        service.says(Answer(302, b"", {"location": "https://elsewhere.example/"}))
        for call in service.calls():
            assert isinstance(await error_of(call), Misrouted)
        assert {request.url.host for request in service.requests}.isdisjoint({"elsewhere.example"})

    # How it calls.

    async def test_a_verb_is_one_exchange(self, service: Service) -> None:
        for number, verb in enumerate(service.writes(), 1):
            receipt = await service.says(service.samples.accepted[verb]).write(verb)
            assert isinstance(receipt, Receipt)
            assert len(service.requests) == number

    @pytest.mark.parametrize("status", [400, 409, 429, 500, 503])
    async def test_nothing_is_sent_twice(self, service: Service, status: int) -> None:
        service.says(service.samples.refusal(status, "no"))
        for number, call in enumerate(service.calls(), 1):
            await error_of(call)
            assert len(service.requests) == number

    async def test_a_verb_that_it_does_not_have_is_refused_without_a_call(self, service: Service) -> None:
        for verb in set(Verb) - set(service.writes()):
            with pytest.raises(ConfigurationError) as refused:
                await service.write(verb)
            assert refused.value.reason == "InvalidSpec"
        assert service.requests == []

    # What it hides, and where it goes.

    async def test_no_message_holds_a_secret(self, service: Service) -> None:
        for status in (400, 401, 403, 404, 409, 429, 500):
            for secret in service.samples.hidden:
                service.says(service.samples.refusal(status, f"bad key {secret} in Bearer {secret}"))
                for call in service.calls():
                    error = await error_of(call)
                    assert secret not in f"{error} {error!r} {error.code} {error.request_id}"

    def test_no_repr_of_credentials_holds_a_secret(self, samples: Samples) -> None:
        shown = repr(samples.plugin.credentials.parse(samples.secret, where="the sample"))
        assert not any(secret in shown for secret in samples.hidden)

    def test_a_secret_without_its_keys_is_refused_by_its_name(self, samples: Samples) -> None:
        with pytest.raises(ConfigurationError, match="Secret team-a/keys") as refused:
            samples.plugin.credentials.parse({"other": "x"}, where="Secret team-a/keys")
        assert refused.value.reason == "SecretKeyMissing"

    def test_its_credentials_are_found_in_the_environment_too(self, samples: Samples) -> None:
        assert samples.plugin.credentials.required
        assert samples.secret.keys() <= samples.plugin.credentials.variables.keys()

    async def test_it_sends_credentials_to_the_vendors_hosts_alone(self, service: Service) -> None:
        plugin = service.samples.plugin
        settings = plugin.settings.model_validate(service.samples.settings)
        endpoints = plugin.endpoints(settings)
        for url in endpoints:
            Endpoints().check(url, plugin.hosts)
        await service.says(Answer(200, service.samples.thing)).read()
        assert {request.url.host for request in service.requests} <= {httpx.URL(url).host for url in endpoints}

    def test_the_same_settings_mean_the_same_account(self, samples: Samples) -> None:
        settings = samples.plugin.settings.model_validate(samples.settings)
        one, again = (samples.plugin.account_id(settings, place="", key="k") for _ in range(2))
        assert one == again
        assert one.provider == samples.plugin.name
        assert one.host
