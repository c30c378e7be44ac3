"""The V2 API: a job is one run.

Source: the vendor's API reference, training management.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainsweep.core.errors import Malformed
from trainsweep.core.external import Receipt, Remote
from trainsweep.providers.modelarts import v2_answers
from trainsweep.providers.modelarts.client import Client
from trainsweep.providers.modelarts.fields import number
from trainsweep.providers.modelarts.paging import Page, every_page

#: The longest page that the API gives.
PAGE = 50

_JOBS, _SEARCH = "training-jobs", "training-job-searches"


class V2:
    """Calls of the V2 API. A write is accepted by its 2xx; its body may be empty."""

    def __init__(self, client: Client, workspace_id: str) -> None:
        self._client = client
        self._workspace_id = workspace_id
        #: Whether `offset` counts rows instead of pages; None until a list was long enough to tell.
        self._counts_rows: bool | None = None

    async def jobs(self) -> tuple[Remote, ...]:
        """All jobs, oldest first.

        The vendor's pages disagree whether `offset` counts pages (its REST reference) or rows (its SDK reference), so
        the service is asked, once.
        """
        first = await self._page(0)
        is_all = len(first.rows) < PAGE and len(first.rows) >= (first.total or 0)
        if self._counts_rows is None and not is_all:
            self._counts_rows = _moved_by_a_row(first.rows, (await self._page(1)).rows)
        step = (len(first.rows) or 1) if self._counts_rows else 1

        async def fetch(page: int) -> Page:
            return await self._page(page * step)

        return await every_page(fetch, PAGE, first)

    async def job(self, job_id: str) -> Remote:
        job = v2_answers.job((await self._client.call("GET", "v2", _JOBS, job_id)).body)
        if job.id != job_id:
            raise Malformed(f"ModelArts was asked for job {job_id} and answered for another one.")
        return job

    async def terminate(self, job_id: str) -> Receipt:
        body = {"action_type": "terminate"}
        answer = await self._client.call(
            "POST", "v2", _JOBS, job_id, "actions", body=body, write=True, may_be_empty=True
        )
        return Receipt(answer.request_id)

    async def delete(self, job_id: str) -> Receipt:
        answer = await self._client.call("DELETE", "v2", _JOBS, job_id, write=True, may_be_empty=True)
        return Receipt(answer.request_id)

    async def probe(self) -> None:
        await self._search(0, 1)

    async def _search(self, offset: int, size: int) -> dict[str, object]:
        """The search is a POST that changes nothing."""
        body: dict[str, object] = {"offset": offset, "limit": size, "sort_by": "create_time", "order": "asc"}
        if self._workspace_id:
            body["workspace_id"] = self._workspace_id
        return (await self._client.call("POST", "v2", _SEARCH, body=body)).body

    async def _page(self, offset: int) -> Page:
        """`total` counts what the user has, `count` what matches; they can differ when a workspace is asked for."""
        body = await self._search(offset, PAGE)
        total, matches = number(body.get("total")), number(body.get("count"))
        if self._workspace_id and matches is not None:
            total = matches
        items = body.get("items")
        if items is None and (total == 0 or (offset > 0 and "items" in body)):
            items = []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Malformed("ModelArts answered a search for jobs without a usable array 'items': it proves nothing.")
        return Page(tuple(v2_answers.job(item) for item in items), total)


def _moved_by_a_row(rows: Sequence[Remote], following: Sequence[Remote]) -> bool | None:
    """Whether the rows at offset 1 are those at offset 0 without the first one, or the next page; None if it is open.

    A removal between the two readings moves few rows. Rows that are the same come from a server that knows no offset.
    """
    ids, next_ids = [row.id for row in rows], [row.id for row in following]
    if not next_ids or ids == next_ids:
        return None
    common = len(set(ids) & set(next_ids))
    return 2 * common >= len(next_ids)
