"""The fine-tuning API in memory, for tests and for `trainsweep simulate openai`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import typer
from aiohttp import web

KEY = "sk-simulated-key-for-the-demo-only"
ENDED = ("succeeded", "failed", "cancelled")


class Simulator:
    """`jobs` by id, the oldest first; `cancelled` are the ids in the order in which their cancels arrived."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.jobs: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        for number, status in enumerate(("succeeded", "running", "running", "running", "queued"), 1):
            self.add(f"ftjob-demo{number:04}", status)

    def add(self, job_id: str, status: str = "running") -> None:
        self.jobs[job_id] = {
            "id": job_id,
            "object": "fine_tuning.job",
            "created_at": int(time.time()) - 3600 + len(self.jobs),
            "finished_at": int(time.time()) if status in ENDED else None,
            "status": status,
            **{"model": "gpt-4o-mini", "training_file": "file-simulated", "organization_id": "org-simulated"},
            **{"hyperparameters": {"n_epochs": "auto"}, "result_files": [], "seed": 1},
            **dict.fromkeys(("fine_tuned_model", "trained_tokens", "validation_file", "error")),
        }

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authenticate])
        app.router.add_get("/v1/fine_tuning/jobs", self._list)
        app.router.add_get("/v1/fine_tuning/jobs/{id}", self._retrieve)
        app.router.add_post("/v1/fine_tuning/jobs/{id}/cancel", self._cancel)
        return app

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _refusal(401, "invalid_api_key", "Incorrect API key provided.")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _list(self, request: web.Request) -> web.Response:
        """The newest first, after the job that `after` names."""
        newest = list(reversed(self.jobs.values()))
        after, limit = request.query.get("after"), int(request.query.get("limit", "20"))
        start = next((place for place, job in enumerate(newest, 1) if job["id"] == after), 0)
        page = newest[start : start + limit]
        more = start + len(page) < len(newest)
        return web.json_response({"object": "list", "data": page, "has_more": more})

    async def _retrieve(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["id"])
        return web.json_response(job) if job else _unknown(request)

    async def _cancel(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return _unknown(request)
        if job["status"] in ENDED:
            return _refusal(400, None, f"Job has already {job['status']}.")
        self.cancelled.append(job["id"])
        job |= {"status": "cancelled", "finished_at": int(time.time())}
        return web.json_response(job)


def _unknown(request: web.Request) -> web.Response:
    return _refusal(404, "fine_tune_not_found", f"Could not find fine tune: {request.match_info['id']}")


def _refusal(status: int, code: str | None, words: str) -> web.Response:
    error = {"message": words, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def openai(*, port: int = 8443, key: str = KEY) -> None:
    """The fine-tuning API of OpenAI. Its jobs change only when they are cancelled.

    For example:

    $ trainsweep simulate openai --port 0
    """
    asyncio.run(_serve(Simulator(key), port))


async def _serve(simulator: Simulator, port: int) -> None:
    runner = web.AppRunner(simulator.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    typer.echo(f"OpenAI at http://127.0.0.1:{runner.addresses[0][1]} (key {simulator.key}). Ctrl-C ends it.")
    await asyncio.Event().wait()
