"""What can go wrong, as one tree. Catch a base class; every leaf says how to go on.

    TrainsweepError
    ├── ConfigurationError      the cluster's side: a ProviderConfig, Secret or reference is missing or unfit
    └── ProviderError           the provider's side
        ├── Refused             the service itself said no to this request (4xx, or success: false)
        │   ├── NotFound        a documented "no such thing" answer
        │   ├── WrongState      not possible in the state that the thing is in now
        │   └── QuotaExceeded
        ├── Misrouted           the answer is not about the thing: wrong URL, other project
        │   └── Withdrawn       the endpoint does not offer this API at all
        ├── Unsettled           not certain yet, and nobody's fault: look again soon
        ├── Malformed           not an answer of this API: HTML, empty, broken JSON, unexpected shape
        ├── CredentialsInvalid  key, token or signature refused: the account is parked until the Secret changes
        ├── PermissionDenied    the key is good but may not do this, or the account is frozen
        ├── RateLimited         come back after `retry_after`
        └── Unavailable         no usable answer
            ├── OutcomeUnknown  the request may have taken effect: read before deciding
            └── NotSent         nothing left this machine: it certainly had no effect

Only `Refused` (with a complete list beside it) can be part of a proof of absence; see `providers.base`.
Messages hold no secrets: providers mask before they raise.
"""

from __future__ import annotations


class TrainsweepError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(TrainsweepError):
    """The cluster's side is missing or unfit. `reason` is a condition reason; the text says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ProviderError(TrainsweepError):
    """An answer, or the lack of one, that is not success.

    `status` is the HTTP status (0 when there was no answer), `code` the provider's own code ("" when none),
    `message` the provider's words with secrets masked, `request_id` the provider's id of the call ("" when none).
    """

    reason = "ProviderError"
    #: Affects every resource of the account, so it is told once, on the ProviderConfig.
    account_wide = False

    def __init__(self, message: str, *, status: int = 0, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.status or "", self.code) if part)
        return f"{where}: {self.message}" if where else self.message


class Refused(ProviderError):
    """The service understood the request and said no. `about_the_id`: see the property; None: any code is enough."""

    reason = "Refused"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        about_the_id: bool | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self._about_the_id = bool(code) if about_the_id is None else about_the_id

    @property
    def about_the_id(self) -> bool:
        """Whether it can be part of a proof of absence: the service's own code, which is not known to mean something
        else, and not the words of a gateway.
        """
        return self._about_the_id


class NotFound(Refused):
    """The service's documented answer for a thing that does not exist. Alone it is no proof of absence."""

    reason = "NotFound"

    @property
    def about_the_id(self) -> bool:
        return True


class OnlyListed(NotFound):
    """The answer about the thing is the same whether it exists or not: the list of such things tells. It holds none."""


class WrongState(Refused):
    """The thing is not in a state that allows this call: read again, it may have just ended."""

    reason = "WrongState"

    @property
    def about_the_id(self) -> bool:
        return False


class QuotaExceeded(Refused):
    """A quota of the account stands in the way."""

    reason = "QuotaExceeded"

    @property
    def about_the_id(self) -> bool:
        return False


class Misrouted(ProviderError):
    """The request did not reach the thing's API: wrong host or path, withdrawn API, another project's id."""

    reason = "Misrouted"


class Withdrawn(Misrouted):
    """The endpoint does not offer this API at all: what it holds cannot be known."""


class Unsettled(ProviderError):
    """What there is cannot be told yet, though nothing failed: it is looked at again soon."""

    reason = "Observing"


class Malformed(ProviderError):
    """The answer is not one of this API. It says nothing about the thing."""

    reason = "MalformedAnswer"


class CredentialsInvalid(ProviderError):
    """Key, token, signature or clock refused. Never repeated fast: providers lock keys."""

    reason = "CredentialsInvalid"
    account_wide = True


class PermissionDenied(ProviderError):
    """The credentials are good, but this is not allowed to them, or the account is restricted."""

    reason = "PermissionDenied"


class RateLimited(ProviderError):
    """Too many calls. `retry_after` is in seconds, None when the provider did not say."""

    reason = "RateLimited"
    account_wide = True

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.retry_after = retry_after


class Unavailable(ProviderError):
    """No usable answer: connection refused, 5xx, a read that timed out."""

    reason = "ProviderUnavailable"
    account_wide = True


class OutcomeUnknown(Unavailable):
    """A write got no answer, or a 5xx: it may have taken effect."""

    reason = "OutcomeUnknown"


class NotSent(Unavailable):
    """The request never went out: no connection, a client that was closed meanwhile, an address that is not allowed."""
