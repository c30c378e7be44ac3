"""The IAM side of the ModelArts simulator: tokens for a password or an AK/SK, the projects of the account.

Source: the identity service's API reference (password token, token validity) and keystone's v3 form of discovery.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trainsweep_devtools.simulators.keys import Keyring
from trainsweep_devtools.simulators.modelarts.scenario import ModelArtsScenario, Project
from trainsweep_devtools.simulators.wire import Call, Rejection, Reply, json_reply


@dataclass(frozen=True, slots=True)
class Token:
    """A project token; `expires` is epoch seconds by the wall clock."""

    user: str
    project: Project | None
    expires: float


class Iam:
    def __init__(self, scenario: ModelArtsScenario, keyring: Keyring) -> None:
        self.scenario = scenario
        self.keyring = keyring
        self.passwords = {user.name: user.password.get_secret_value() for user in scenario.users}
        self._tokens: dict[str, Token] = {}

    def find(self, token: str) -> Token | None:
        return self._tokens.get(token)

    def revoke_tokens(self) -> None:
        """Void every token, as a change of password or rights does."""
        self._tokens.clear()

    def create_token(self, call: Call, now: float) -> Reply:
        try:
            auth = call.json()["auth"]
            identity = auth["identity"]
            user = self._user(identity)
            project = self._project((auth.get("scope") or {}).get("project"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return iam_failure(400, f"The request body is not of the documented form: {error}", "Bad Request")
        text = secrets.token_urlsafe(48)
        token = Token(user, project, now + self.scenario.timing.token)
        self._tokens[text] = token
        body = {"token": self._describe(token, call.header("Host"), now)}
        return json_reply(body, status=201, headers={"X-Subject-Token": text})

    def list_projects(self, call: Call) -> Reply:
        name = call.query().get("name")
        found = [self._project_entry(project) for project in self.scenario.projects if name in (None, project.name)]
        base = f"http://{call.header('Host')}/v3/projects"
        return json_reply({"projects": found, "links": {"self": base, "previous": None, "next": None}})

    def discover(self, call: Call) -> Reply:
        base = f"http://{call.header('Host')}/v3"
        version = {"id": "v3.6", "status": "stable", "links": [{"rel": "self", "href": base}]}
        return json_reply({"version": version | {"updated": "2016-04-04T00:00:00Z"}})

    def _user(self, identity: dict[str, Any]) -> str:
        """The user whose password or key holds. Raises Rejection otherwise."""
        if "password" in identity["methods"]:
            user = identity["password"]["user"]
            domain = (user.get("domain") or {}).get("name", self.scenario.domain)
            known = self.passwords.get(user["name"])
            if known is not None and domain == self.scenario.domain and _equal(known, user["password"]):
                return str(user["name"])
            raise Rejection(iam_failure(401, "The username or password is wrong.", "Unauthorized"))
        access = identity["hw_ak_sk"]["access"]["key"]
        key = self.keyring.find(access)
        if key is not None and _equal(key.secret_key.get_secret_value(), identity["hw_ak_sk"]["secret"]["key"]):
            return key.user
        raise Rejection(iam_failure(401, "The access key or its secret is wrong.", "Unauthorized"))

    def _project(self, scope: dict[str, str] | None) -> Project | None:
        if scope is None:
            return None
        for project in self.scenario.projects:
            if scope.get("id", project.id) == project.id and scope.get("name", project.name) == project.name:
                return project
        raise Rejection(iam_failure(401, "The project of the scope was not found.", "Unauthorized"))

    def _describe(self, token: Token, host: str, now: float) -> dict[str, Any]:
        domain = {"name": self.scenario.domain, "id": self.scenario.domain}
        described: dict[str, Any] = {
            "methods": ["password"],
            "expires_at": _iso(token.expires),
            "issued_at": _iso(now),
            "user": {"name": token.user, "id": token.user, "domain": domain},
            "roles": [{"name": "te_admin", "id": "0"}],
            "catalog": [],
        }
        if token.project is not None:
            described["project"] = {"id": token.project.id, "name": token.project.name, "domain": domain}
            described["catalog"] = [
                _service("iam", "identity", f"http://{host}/v3", token.project),
                _service("modelarts", "modelartsv1", f"http://{host}/v1/{token.project.id}", token.project),
                _service("modelartsv2", "modelartsv2", f"http://{host}/v2/{token.project.id}", token.project),
            ]
        return described

    def _project_entry(self, project: Project) -> dict[str, Any]:
        return {
            "id": project.id,
            "name": project.name,
            "domain_id": self.scenario.domain,
            "is_domain": False,
            "enabled": True,
        }


def iam_failure(status: int, message: str, title: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message, "title": title}}, status=status)


def _service(name: str, type_: str, url: str, project: Project) -> dict[str, Any]:
    endpoint = {"id": name, "interface": "public", "region": project.name, "region_id": project.name, "url": url}
    return {"id": name, "name": name, "type": type_, "endpoints": [endpoint]}


def _equal(known: str, given: object) -> bool:
    return isinstance(given, str) and hmac.compare_digest(known.encode(), given.encode())


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
