"""Who may pass: AK/SK signatures with the lock, IAM tokens, and the project that a call is about.

The words of a refusal are the gateway's own, from its FAQ on IAM errors (apig-faq-0003), from the vendor's guide for
diagnosing API calls, and from answers in public issues (NewFuture/DDNS#136, huaweicloud-sdk-java-v3#44).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from trainsweep_devtools.simulators import huawei_verify
from trainsweep_devtools.simulators.keys import Keyring, Lock
from trainsweep_devtools.simulators.modelarts.answers import gateway, v2_failure
from trainsweep_devtools.simulators.modelarts.iam import Iam
from trainsweep_devtools.simulators.modelarts.scenario import Project, Switches
from trainsweep_devtools.simulators.wire import Call, Rejection


class Access:
    def __init__(self, keyring: Keyring, iam: Iam, projects: Iterable[Project], switches: Switches) -> None:
        self.keyring = keyring
        self.iam = iam
        self.lock = Lock()
        self.switches = switches
        self._projects = {project.id for project in projects}

    def check(self, call: Call, project: str, now: float) -> None:
        """Raise Rejection unless the call is authenticated and its project (from the path, "" for none) fits."""
        if token := call.header("X-Auth-Token"):
            allowed = self._token_projects(token, now)
        elif call.header("Authorization"):
            self._check_signature(call, now)
            allowed = self._projects
        else:
            raise self._refused("0301", "x-auth-token not found")
        if not project:
            return
        claimed = call.header("X-Project-Id")
        if claimed and claimed != project:
            raise Rejection(v2_failure(403, "0210", "X-Project-Id and the project in the path differ."))
        if project not in allowed:
            status, code = self.switches.project_mismatch.split(" ModelArts.")
            raise Rejection(v2_failure(int(status), code, "The project does not belong to the credentials."))

    def _token_projects(self, text: str, now: float) -> set[str]:
        token = self.iam.find(text)
        if token is None:
            raise self._refused("0301", "decrypt token fail")
        if now >= token.expires:
            raise self._refused("0307", "The token must be updated.")
        return {token.project.id} if token.project else set()

    def _check_signature(self, call: Call, now: float) -> None:
        claim = huawei_verify.read_claim(call.header("Authorization"))
        if claim is None:
            raise self._refused("0301", "the Authorization header is malformed")
        if self.lock.locked(claim.access_key, now):
            raise self._refused("0301", "AK access failed to reach the limit,forbidden")
        key = self.keyring.find(claim.access_key)
        try:
            if key is None:
                raise huawei_verify.Mismatch(f"Get secretKey failed,ak:{claim.access_key},err:ak not exist")
            expected = key.security_token.get_secret_value()
            if not hmac.compare_digest(expected.encode(), call.header("X-Security-Token").encode()):
                raise huawei_verify.Mismatch("the security token does not belong to the access key")
            huawei_verify.verify(call, claim, key.secret_key.get_secret_value(), now)
        except huawei_verify.Mismatch as mismatch:
            self.lock.failed(claim.access_key, now)
            raise self._refused("0301", str(mismatch)) from None
        self.lock.succeeded(claim.access_key)

    def _refused(self, number: str, message: str) -> Rejection:
        prefix = "Incorrect IAM authentication information: " if number == "0301" else ""
        return Rejection(gateway(401, number, prefix + message, self.switches.gateway_prefix))
