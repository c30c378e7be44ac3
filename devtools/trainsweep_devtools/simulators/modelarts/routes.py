"""Which call is which operation: the documented paths of V1, V2 and IAM as one table."""

from __future__ import annotations

import re
from urllib.parse import unquote

from trainsweep_devtools.simulators.wire import Action

_JOB, _VERSION = r"/training-jobs/(?P<job>[^/]+)", r"/versions/(?P<version>[^/]+)"
_V1, _V2 = r"/v1/(?P<project>[^/]+)", r"/v2/(?P<project>[^/]+)"

#: (method, path, operation)
TABLE = tuple(
    (method, re.compile(path + "/?"), operation)
    for method, path, operation in (
        ("GET", _V1 + "/training-jobs", "ListJobs"),
        ("POST", _V1 + "/training-jobs", "CreateJob"),
        ("DELETE", _V1 + _JOB, "DeleteJob"),
        ("GET", _V1 + _JOB + "/versions", "ListVersions"),
        ("POST", _V1 + _JOB + "/versions", "CreateVersion"),
        ("GET", _V1 + _JOB + _VERSION, "ShowVersion"),
        ("DELETE", _V1 + _JOB + _VERSION, "DeleteVersion"),
        ("POST", _V1 + _JOB + _VERSION + "/stop", "StopVersion"),
        ("GET", _V1 + "/training-job-configs", "ListConfigs"),
        ("POST", _V1 + "/training-job-configs", "CreateConfig"),
        ("GET", _V1 + r"/training-job-configs/(?P<config>[^/]+)", "ShowConfig"),
        ("PUT", _V1 + r"/training-job-configs/(?P<config>[^/]+)", "UpdateConfig"),
        ("DELETE", _V1 + r"/training-job-configs/(?P<config>[^/]+)", "DeleteConfig"),
        ("POST", _V2 + "/training-jobs", "CreateTrainingJob"),
        ("POST", _V2 + "/training-job-searches", "ListTrainingJobs"),
        ("POST", _V2 + "/training-jobs/batch-delete", "BatchDeleteTrainingJob"),
        ("GET", _V2 + _JOB, "ShowTrainingJobDetails"),
        ("DELETE", _V2 + _JOB, "DeleteTrainingJob"),
        ("POST", _V2 + _JOB + "/actions", "StopTrainingJob"),
        ("GET", "/v3", "DiscoverIdentity"),
        ("POST", "/v3/auth/tokens", "CreateToken"),
        ("GET", "/v3/projects", "ListProjects"),
        ("GET", "/v3/auth/projects", "ListProjects"),
    )
)

NOT_PUBLISHED = Action("NotPublished")


def route(method: str, path: str) -> Action:
    """The operation of a path as sent. Its target is "JOB", "JOB/VERSION" or the config's name."""
    for wanted, pattern, operation in TABLE:
        if method == wanted and (found := pattern.fullmatch(path)):
            ids = {name: unquote(text) for name, text in found.groupdict().items()}
            target = "/".join(ids[name] for name in ("job", "version", "config") if name in ids)
            return Action(operation, ids, target)
    return NOT_PUBLISHED
