"""What to do about a refusal of the API server. The table in docs/reference/commands.md is made from this one."""

from __future__ import annotations

from trainsweep.kube.client import KubeError

#: By HTTP status; 0 is no answer at all.
HINTS: dict[int, str] = {
    0: "Look at --kubeconfig and --context, and whether the API server runs.",
    401: "Log in again: the credentials of the kubeconfig are refused.",
    403: "Ask for a role that allows it; `kubectl auth can-i` tells what you may do.",
    404: "Look at the name, at --namespace and --context, and whether Trainsweep's definitions are installed.",
    409: "Somebody changed it at the same time; look again, then repeat the command.",
    422: "Correct what the message names.",
    429: "The API server has too much to do; repeat the command in a while.",
}


def refusal(error: KubeError) -> str:
    """What happened, to what, and what to do."""
    message = str(error).rstrip(".")
    hint = HINTS.get(error.status) or (HINTS[0] if error.status >= 500 else "")
    return f"{message}. {hint}".rstrip()
