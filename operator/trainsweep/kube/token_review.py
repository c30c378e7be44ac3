"""Whether who holds a bearer token may read a path of ours: a TokenReview, then a SubjectAccessReview.

Answers are remembered for a while and questions are few, so that nobody reaches the API server through us at will.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from trainsweep.kube.client import KubeClient, KubeError

TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 (a path)
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

GRANTED, UNKNOWN, FORBIDDEN, BUSY = 200, 401, 403, 503

#: Seconds for which an answer counts.
REMEMBERED = 60.0
#: So many tokens are remembered.
TOKENS = 256
#: Strangers: so many questions at once, then one in so many seconds.
BURST, PACE = 10, 0.5
#: Longest token that is looked at, in characters.
LONGEST_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    at: float


class TokenReviewer:
    """`review(token)` answers with an HTTP status: 200, 401, 403, or 503 when it cannot be found out now."""

    def __init__(self, client: KubeClient, path: str) -> None:
        self._client = client
        self._path = path
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()
        #: When all questions of strangers so far will be made up for, as if they had kept the pace from the beginning.
        self._made_up = float("-inf")

    async def review(self, token: str) -> int:
        if not token or len(token) > LONGEST_TOKEN:
            return UNKNOWN
        now = asyncio.get_running_loop().time()
        mark = hashlib.sha256(token.encode()).digest()
        known = self._answers.get(mark)
        if known and now < known.at + REMEMBERED:
            return known.status
        # Who was let in before is asked about at any time: strangers must not keep Prometheus out.
        if not (known and known.status == GRANTED) and not self._turn(now):
            return BUSY
        try:
            status = await self._ask(token)
        except KubeError:
            return BUSY
        self._remember(mark, _Answer(status, now))
        return status

    def _turn(self, now: float) -> bool:
        if self._made_up - (BURST - 1) * PACE > now:
            return False
        self._made_up = max(now, self._made_up) + PACE
        return True

    def _remember(self, mark: bytes, answer: _Answer) -> None:
        """Who was let in is forgotten last."""
        self._answers[mark] = answer
        self._answers.move_to_end(mark, last=True)
        if len(self._answers) > TOKENS:
            refused = (known for known, given in self._answers.items() if given.status != GRANTED)
            del self._answers[next(refused, next(iter(self._answers)))]

    async def _ask(self, token: str) -> int:
        """Raises `KubeError`."""
        status = (await self._client.post(TOKEN_REVIEWS, {"spec": {"token": token}}))["status"]
        if not status.get("authenticated"):
            return UNKNOWN
        user = status["user"]
        spec = {
            "user": user.get("username", ""),
            "uid": user.get("uid", ""),
            "groups": user.get("groups") or [],
            "extra": user.get("extra") or {},
            "nonResourceAttributes": {"path": self._path, "verb": "get"},
        }
        allowed = (await self._client.post(ACCESS_REVIEWS, {"spec": spec}))["status"].get("allowed")
        return GRANTED if allowed else FORBIDDEN
