"""States of ModelArts: V1 numbers with their documented names, V2 phases.

Source: the job status pages of the historical (V1) and current (V2) training API reference.
"""

from __future__ import annotations

#: JOBSTAT_ names without the prefix (MOUNT_FAILED has none).
NUMBERS = {
    name: number
    for number, name in enumerate(
        (
            "UNKNOWN",
            "INIT",
            "IMAGE_CREATING",
            "IMAGE_FAILED",
            "SUBMIT_TRYING",
            "SUBMIT_FAILED",
            "DELETE_FAILED",
            "WAITING",
            "RUNNING",
            "KILLING",
            "COMPLETED",
            "FAILED",
            "KILLED",
            "CANCELED",
            "LOST",
            "SCALING",
            "SUBMIT_MODEL_FAILED",
            "DEPLOY_SERVICE_FAILED",
            "CHECK_INIT",
            "CHECK_RUNNING",
            "CHECK_RUNNING_COMPLETED",
            "CHECK_FAILED",
            "MOUNT_FAILED",
        )
    )
}
NAMES = {number: name for name, number in NUMBERS.items()}

#: States in which a V1 version has come to its end: the console offers Delete, nothing is left to stop.
V1_ENDED = (3, 5, 6, 10, 11, 12, 13, 14, 16, 17, 20, 21, 22)

V2_ACTIVE = ("Creating", "Pending", "Running")
V2_ENDED = ("Completed", "Failed", "Terminated", "Abnormal")

#: Where the secondary phase, which is told beside the phase, has a word of its own.
SECONDARY = {"Pending": "Queuing", "Abnormal": "Lost"}

#: The internal secondary phase of a stop that failed; the phase beside it stays Terminating.
TERMINATE_FAILED = "TerminatedFailed"


def v1_name(state: object) -> str:
    """A state given as number, digits or name, as the name used here; an unknown number stays digits."""
    text = str(state).removeprefix("JOBSTAT_")
    if text.isdecimal():
        return NAMES.get(int(text), text)
    if text not in NUMBERS:
        raise ValueError(f"{text} is no V1 job status: use a number, or one of {', '.join(NUMBERS)}.")
    return text


def v1_number(name: str) -> int:
    return NUMBERS[name] if name in NUMBERS else int(name)
