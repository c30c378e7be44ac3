"""The contract of a provider: questions and two verbs. A provider reports; the core decides.

A provider is one folder or package: an `httpx.Auth`, a table of codes, a parser for each answer, a class with the
methods below, and a `ProviderPlugin` (`providers.plugin`). `providers.testing` holds the tests of this contract.

What every implementation promises:

- It does one HTTP exchange for `read`, `stop` and `delete` (a token fetch aside), and never retries by itself, except
  once with a fresh token after a 401. Rates, back-off and circuits are the controller's.
- It raises only errors of `core.errors`, with masked messages. A write without an answer, or with a 5xx, raises
  `OutcomeUnknown`; a read in that case `Unavailable`.
- `200` with `is_success: false`, `result: false` or an error body is a failure. HTML, an empty body where one is
  documented, or broken JSON is `Malformed`.
- Absence is never guessed. `read` raises `NotFound` or another `Refused` when the service itself refuses the id. A
  thing is absent only if such a refusal stands beside a list of `collection(target)` that is complete, began after our
  last write, and does not hold the id: the controller puts these together. Beside a refusal that is no
  `NotFound`, of a thing that was seen before, the list counts only if it has shown the thing.
- `list` answers only with a complete list (all pages, de-duplicated by id); if one page fails, it raises. When the
  parent of the collection (the V1 job of versions, the job of fine-tuning tasks) is refused, it looks the parent up in
  the complete list of parents: not there means an empty list, there means the refusal is raised.
- An unknown state word or number becomes `ExternalState.UNKNOWN` with the provider's word, never an error.
- Unknown fields are ignored; missing ones become None or "".
"""

from __future__ import annotations

from typing import Protocol

from trainsweep.core.external import Receipt, Remote, Target, Thing


class Provider(Protocol):
    """One account at one provider, with its credentials and its HTTP client."""

    @property
    def place(self) -> str:
        """What the service calls the place that the ProviderConfig only names (the id of a project); "" until it is
        known, and where nothing is left to be known.
        """
        ...

    async def locate(self) -> str:
        """Find out what `place` says, without any call to the training API. Asks no more once it is known.

        Raises what a call raises; ConfigurationError with the reason `IdentityChanged` if it was another one before.
        """
        ...

    async def read(self, target: Target) -> Remote:
        """Read one thing by id. Complete (`parts` is a tuple)."""
        ...

    async def list(self, collection: str) -> tuple[Remote, ...]:
        """All things of a collection, in a stable order (oldest first where the provider can sort)."""
        ...

    def collection(self, target: Target) -> str:
        """The key of the narrowest list that holds the target or proves it absent, for example "versions/155500"."""
        ...

    def collections_of_names(self, thing: Thing, parent: str = "") -> tuple[str, ...]:
        """The keys of the lists in which a thing is looked up by name. A part is looked up under its whole (`parent`);
        without one, these are the lists of the wholes.
        """
        ...

    async def stop(self, target: Target) -> Receipt:
        """Ask for a run to be stopped. Only for things that run: a version, a V2 job, a task."""
        ...

    async def delete(self, target: Target) -> Receipt:
        """Ask for a thing to be deleted."""
        ...

    async def probe(self) -> None:
        """The cheapest read that proves credentials and endpoint good, or raises."""
        ...

    def part(self, target: Target, part: Remote) -> Target:
        """The target that stands for one part (a version of a job, a task of a fine-tuning job)."""
        ...

    async def aclose(self) -> None: ...
