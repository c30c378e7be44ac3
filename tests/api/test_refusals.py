"""Bad input is refused by the API server, with a sentence that says what to do."""

from __future__ import annotations

import secrets

import pytest

from trainsweep.api.kinds import REMOTE_KINDS

pytestmark = pytest.mark.apiserver

UUID = "7a2c7b0e-44c7-4a3a-9a3b-0a3f8f6b5f0d"
#: In a change, this removes a field.
GONE = object()


def changed(spec, change):
    """A spec with top-level fields replaced, or removed where the change says GONE."""
    return {name: value for name, value in (spec | change).items() if value is not GONE}


def modelarts(**account):
    return {"modelArts": account}


def endpoint(url):
    return modelarts(region="cn-north-4", projectID="p", endpoint=url)


ACCEPTED = [
    ("TrainingJob", {"jobID": UUID}),
    ("TrainingJob", {"jobID": "9223372036854775807"}),
    ("TrainingJob", {"jobID": GONE, "jobName": "图像分类 (v2)"}),
    ("TrainingJob", {"expect": {"createdAfter": "2026-01-01T00:00:00Z", "createdBefore": "2026-01-01T02:00:00+01:00"}}),
    ("TrainingJob", {"ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 1}),
    ("TrainingJob", {"providerConfigRef": {"kind": "ClusterProviderConfig", "name": "shared"}}),
    ("TrainingJobVersion", {"jobID": GONE, "jobRef": {"name": "resnet"}, "versionID": GONE, "versionName": "V0001"}),
    ("TrainingJobVersion", {"jobID": GONE, "jobName": "resnet", "versionName": "V12345", "versionID": GONE}),
    ("TrainingJobConfig", {"desiredState": "Absent", "deletionPolicy": "Orphan"}),
    ("FineTuningJob", {"jobID": GONE, "jobName": "微调", "cascade": True}),
    ("ProviderConfig", modelarts(endpoint="https://modelarts.eu-de.otc.t-systems.com", projectID="p")),
    ("ProviderConfig", modelarts(region="cn-north-4", projectName="cn-north-4", domainName="d", workspaceID="0")),
    ("ProviderConfig", endpoint("http://127.0.0.1:8080")),
    ("ProviderConfig", endpoint("https://[::1]:8443/")),
    ("ProviderConfig", {"polling": {"activeSeconds": 1}, "rateLimit": {"readsPerSecond": 0.5}}),
    ("ProviderConfig", {"errorClasses": [{"code": "ModelArts.0104", "class": "NotFound"}]}),
    ("ClusterProviderConfig", {"qianfan": {"endpoint": "https://qianfan.example.com"}}),
    ("ProviderConfig", {"credentials": {"secretRef": {"name": "account.v2-1"}}}),
    ("ClusterProviderConfig", {"allowedNamespaces": {"names": ["a"], "selector": {"matchLabels": {"team": "b"}}}}),
]

ONE_JOB = "Set exactly one of jobID and jobName: it names the training job."
ONE_JOB_OF_VERSION = "Set exactly one of jobID and jobName and jobRef: it names the job of the version."
ONE_VERSION = "Set exactly one of versionID and versionName: it names the version."
JOB_ID = "jobID is a V1 job's decimal number, in quotes, or a V2 job's UUID; to go by name, set jobName."
ENDPOINT = "Write the endpoint as https://host or https://host:port, without path, user, query or fragment."
NAME = "The name of an object is lower-case letters, digits, hyphens and dots."
BLOCK = "Set exactly the block of the provider: modelArts for provider ModelArts, qianfan (it may be {})"
REFUSED = [
    ("TrainingJob", {"jobName": "resnet"}, ONE_JOB),
    ("TrainingJob", {"jobID": GONE}, ONE_JOB),
    ("TrainingJob", {"jobID": ""}, JOB_ID),
    ("TrainingJob", {"jobID": "0155"}, JOB_ID),
    ("TrainingJob", {"jobID": "resnet"}, JOB_ID),
    ("TrainingJob", {"jobID": "../155500"}, JOB_ID),
    ("TrainingJob", {"jobID": "155500\n"}, JOB_ID),
    ("TrainingJob", {"jobID": 155500}, "must be of type string"),
    ("TrainingJob", {"jobID": GONE, "jobName": ""}, "spec.jobName"),
    ("TrainingJob", {"providerConfigRef": GONE}, "spec.providerConfigRef: Required value"),
    ("TrainingJob", {"providerConfigRef": {"kind": "Secret", "name": "account"}}, '"ClusterProviderConfig"'),
    ("TrainingJob", {"desiredState": "Gone"}, 'supported values: "Present", "Stopped", "Absent"'),
    ("TrainingJob", {"deletionPolicy": "Retain"}, 'supported values: "Delete", "Stop", "Orphan"'),
    ("TrainingJob", {"activeDeadlineSeconds": 0}, "greater than or equal to 1"),
    ("TrainingJob", {"ttlSecondsAfterFinished": -1}, "greater than or equal to 0"),
    ("TrainingJob", {"ttlSecondsAfterFinished": 2**31}, "less than or equal to 2147483647"),
    ("TrainingJob", {"expect": {}}, "or leave expect out: empty, it checks nothing."),
    ("TrainingJob", {"expect": {"createdBefore": "yesterday"}}, "date-time"),
    ("TrainingJob", {"expect": {"createdBefore": "2026-01-31T12:00:00"}}, "date-time"),
    ("TrainingJob", {"expect": {"createdBefore": "0000-01-31T12:00:00Z"}}, "should match"),
    ("TrainingJob", {"expect": {"createdAfter": "2026-01-31T12:00:00+24:30"}}, "should match"),
    (
        "TrainingJob",
        {"expect": {"createdAfter": "2026-01-02T00:00:00Z", "createdBefore": "2026-01-01T00:00:00Z"}},
        "createdAfter must be earlier than createdBefore, else nothing can match.",
    ),
    ("TrainingJob", {"desiredstate": "Absent"}, 'unknown field "spec.desiredstate"'),
    ("TrainingJobVersion", {"jobID": GONE}, ONE_JOB_OF_VERSION),
    ("TrainingJobVersion", {"jobRef": {"name": "resnet"}}, ONE_JOB_OF_VERSION),
    ("TrainingJobVersion", {"jobID": GONE, "jobRef": {}}, "spec.jobRef.name: Required value"),
    ("TrainingJobVersion", {"versionID": GONE}, ONE_VERSION),
    ("TrainingJobVersion", {"versionName": "V0001"}, ONE_VERSION),
    ("TrainingJobVersion", {"jobID": UUID}, "V2 jobs (UUID) have no versions: use a TrainingJob."),
    ("TrainingJobVersion", {"versionID": "V0001"}, "for V0001 set versionName."),
    ("TrainingJobVersion", {"versionID": GONE, "versionName": "v1"}, "V and at least four digits, such as V0001."),
    ("TrainingJobConfig", {"configName": GONE}, "spec.configName: Required value"),
    ("TrainingJobConfig", {"configName": "a/b"}, "1 to 64 letters, digits, hyphens and underscores."),
    ("TrainingJobConfig", {"configName": ""}, "1 to 64 letters, digits, hyphens and underscores."),
    ("TrainingJobConfig", {"configName": "a" * 65}, "may not be more than 64"),
    ("TrainingJobConfig", {"desiredState": "Stopped"}, 'supported values: "Present", "Absent"'),
    ("TrainingJobConfig", {"deletionPolicy": "Stop"}, 'supported values: "Delete", "Orphan"'),
    ("FineTuningTask", {"taskID": GONE}, "spec.taskID: Required value"),
    ("FineTuningTask", {"taskID": "job-4jr5xb2wq8nt"}, "for an id that begins with job- use a FineTuningJob."),
    ("FineTuningJob", {"jobID": "task-5rvc7sk3m9qd"}, "for an id that begins with task- use a FineTuningTask."),
    ("FineTuningJob", {"jobName": "微调"}, "Set exactly one of jobID and jobName: it names the fine-tuning job."),
    ("FineTuningJob", {"jobID": GONE}, "Set exactly one of jobID and jobName: it names the fine-tuning job."),
    ("ProviderConfig", {"provider": "SageMaker"}, 'supported values: "ModelArts", "Qianfan"'),
    ("ProviderConfig", {"modelArts": GONE}, BLOCK),
    ("ProviderConfig", {"qianfan": {}}, BLOCK),
    ("ProviderConfig", {"provider": "Qianfan"}, BLOCK),
    ("ClusterProviderConfig", {"qianfan": GONE}, BLOCK),
    (
        "ProviderConfig",
        modelarts(projectID="p"),
        "Set region (the endpoint of Huawei Cloud follows from it) or endpoint",
    ),
    ("ProviderConfig", modelarts(region="cn-north-4"), "Set projectID or projectName."),
    *(
        (
            "ProviderConfig",
            modelarts(region=region, projectID="p"),
            "A region is lower-case letters, digits and hyphens",
        )
        for region in ("x@internal.svc:8443/any?q=", "cn-north-4.evil.example", "cn north", "CN-NORTH-4", "cn", "-a-b")
    ),
    ("ProviderConfig", modelarts(region="cn-north-4", projectID="../x"), "The id of a project is letters, digits and"),
    (
        "ProviderConfig",
        modelarts(endpoint="https://modelarts.example.com", projectName="p"),
        "Looking up projectName needs IAM: set region or iamEndpoint, or set projectID.",
    ),
    ("ProviderConfig", endpoint("modelarts.example.com"), ENDPOINT),
    ("ProviderConfig", endpoint("ftp://modelarts.example.com"), ENDPOINT),
    ("ProviderConfig", endpoint("https://modelarts.example.com/v1"), ENDPOINT),
    ("ProviderConfig", endpoint("https://me:secret@modelarts.example.com"), ENDPOINT),
    ("ProviderConfig", endpoint("https://modelarts.example.com?x=1"), ENDPOINT),
    ("ProviderConfig", endpoint("https://modelarts.example.com#x"), ENDPOINT),
    ("ProviderConfig", endpoint("https://modelarts.example.com:port"), ENDPOINT),
    ("ClusterProviderConfig", {"qianfan": {"endpoint": "https://"}}, ENDPOINT),
    ("ProviderConfig", {"credentials": GONE}, "spec.credentials: Required value"),
    ("ProviderConfig", {"credentials": {"secretRef": {}}}, "spec.credentials.secretRef.name: Required value"),
    (
        "ProviderConfig",
        {"credentials": {"secretRef": {"name": "account", "namespace": "other"}}},
        'unknown field "spec.credentials.secretRef.namespace"',
    ),
    ("ProviderConfig", {"credentials": {"secretRef": {"name": "../../other/secrets/account"}}}, NAME),
    ("ProviderConfig", {"credentials": {"secretRef": {"name": ".."}}}, NAME),
    ("ProviderConfig", {"credentials": {"secretRef": {"name": "account?watch=true"}}}, NAME),
    (
        "ClusterProviderConfig",
        {"credentials": {"secretRef": {"name": "account", "namespace": "team-a/secrets"}}},
        "The name of a namespace is lower-case letters, digits and hyphens.",
    ),
    (
        "ClusterProviderConfig",
        {"allowedNamespaces": {"names": ["team-a", "Team B"]}},
        "The name of a namespace is lower-case letters, digits and hyphens.",
    ),
    ("TrainingJob", {"providerConfigRef": {"name": "../other"}}, NAME),
    ("TrainingJobVersion", {"jobID": GONE, "jobRef": {"name": "a/b"}}, NAME),
    (
        "ClusterProviderConfig",
        {"credentials": {"secretRef": {"name": "account"}}},
        "spec.credentials.secretRef.namespace: Required value",
    ),
    ("ProviderConfig", {"allowedNamespaces": {}}, 'unknown field "spec.allowedNamespaces"'),
    ("ProviderConfig", {"mode": "Dry"}, 'supported values: "Enforce", "Plan"'),
    ("ProviderConfig", {"polling": {"activeSeconds": 0}}, "greater than or equal to 1"),
    ("ProviderConfig", {"rateLimit": {"readsPerSecond": 0}}, "A rate is at least 0.01, one call in 100 s."),
    ("ProviderConfig", {"rateLimit": {"writesPerSecond": 0.001}}, "A rate is at least 0.01, one call in 100 s."),
    ("ProviderConfig", {"deletionGuard": {"maxDeletions": -1}}, "greater than or equal to 0"),
    ("ProviderConfig", {"errorClasses": [{"status": 404}]}, "spec.errorClasses[0].class: Required value"),
    ("ProviderConfig", {"errorClasses": [{"class": "NotFound"}]}, "Set status, code or both: they say which answers"),
    ("ProviderConfig", {"errorClasses": [{"code": "x", "class": "Gone"}]}, "supported values"),
    (
        "ClusterProviderConfig",
        {"allowedNamespaces": {"selector": {"matchExpressions": [{"key": "team", "operator": "NotIn"}]}}},
        "Give values with the operators In and NotIn, and none with Exists and DoesNotExist.",
    ),
    (
        "ClusterProviderConfig",
        {
            "allowedNamespaces": {
                "selector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}
            }
        },
        "Give values with the operators In and NotIn, and none with Exists and DoesNotExist.",
    ),
]


@pytest.mark.parametrize(("kind", "change"), ACCEPTED)
def test_good_input_is_accepted(kind, change, api, valid):
    answer = api.create(kind, changed(valid[kind], change), dry_run=True)
    assert answer.status_code == 201, answer.json()["message"]


@pytest.mark.parametrize(("kind", "change", "sentence"), REFUSED)
def test_bad_input_is_refused_with_a_sentence(kind, change, sentence, api, valid):
    answer = api.create(kind, changed(valid[kind], change), dry_run=True)
    assert answer.status_code in (400, 422), "it was accepted"
    assert sentence in answer.json()["message"]


def test_a_resource_without_a_spec_is_refused(api):
    answer = api.create("TrainingJob", None, dry_run=True)
    assert "spec: Required value" in answer.json()["message"]


IMMUTABLE = "cannot be set, changed or removed after creation."
VERSION_BY_NAME = {"jobID": GONE, "jobName": "resnet", "versionID": GONE, "versionName": "V0001"}
VERSION_BY_REF = {"jobID": GONE, "jobRef": {"name": "resnet"}}
OTC = modelarts(endpoint="https://modelarts.example.com", projectID="p")
EDITS = [
    # kind, how it is created, how it is edited, the sentence
    ("TrainingJob", {}, {"jobID": "155501"}, IMMUTABLE),
    ("TrainingJob", {}, {"jobID": None, "jobName": "resnet"}, IMMUTABLE),
    ("TrainingJob", {"jobID": GONE, "jobName": "resnet"}, {"jobName": "bert"}, IMMUTABLE),
    ("TrainingJobVersion", {}, {"versionID": "3"}, IMMUTABLE),
    ("TrainingJobVersion", {}, {"versionID": None, "versionName": "V0003"}, IMMUTABLE),
    ("TrainingJobVersion", VERSION_BY_NAME, {"jobName": "bert"}, IMMUTABLE),
    ("TrainingJobVersion", VERSION_BY_NAME, {"versionName": "V0002"}, IMMUTABLE),
    ("TrainingJobVersion", VERSION_BY_REF, {"jobRef": {"name": "bert"}}, IMMUTABLE),
    ("TrainingJobVersion", VERSION_BY_REF, {"jobRef": None, "jobID": "155500"}, IMMUTABLE),
    ("TrainingJobConfig", {}, {"configName": "bert"}, IMMUTABLE),
    ("FineTuningTask", {}, {"taskID": "task-other"}, IMMUTABLE),
    ("FineTuningJob", {}, {"jobID": "job-other"}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"region": "cn-east-3"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"projectID": "other"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"projectName": "added"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"endpoint": "https://added.example.com"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"workspaceID": "added"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"domainName": "added"}}, IMMUTABLE),
    ("ProviderConfig", OTC, {"modelArts": {"endpoint": "https://other.example.com"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"modelArts": {"iamEndpoint": "https://iam.example.com"}}, IMMUTABLE),
    ("ProviderConfig", OTC, {"modelArts": {"endpoint": None, "region": "cn-north-4"}}, IMMUTABLE),
    ("ProviderConfig", {}, {"provider": "Qianfan", "modelArts": None, "qianfan": {}}, "provider cannot change."),
    ("ClusterProviderConfig", {}, {"qianfan": {"endpoint": "https://other.example.com"}}, IMMUTABLE),
    ("ClusterProviderConfig", {}, {"qianfan": None}, BLOCK),
] + [
    (kind, {}, {"providerConfigRef": change}, "providerConfigRef cannot change: it would move this resource")
    for kind in REMOTE_KINDS
    for change in ({"name": "other"}, {"kind": "ClusterProviderConfig"})
]


@pytest.fixture
def edit(api, valid):
    """Store an object, try an edit on it, and return the answer."""
    created = []

    def edit(kind, before, change):
        name = f"edited-{secrets.token_hex(4)}"
        answer = api.create(kind, changed(valid[kind], before), name=name)
        assert answer.status_code == 201, answer.json()["message"]
        created.append((kind, name))
        return api.patch(kind, name, {"spec": change}, dry_run=True)

    yield edit
    for kind, name in created:
        api.delete(kind, name)


@pytest.mark.parametrize(("kind", "before", "change", "sentence"), EDITS)
def test_a_resource_cannot_be_pointed_at_another_thing(kind, before, change, sentence, edit):
    answer = edit(kind, before, change)
    assert answer.status_code == 422, "the edit was accepted"
    assert sentence in answer.json()["message"]


def test_the_refusal_of_another_id_says_what_to_do_instead(edit):
    answer = edit("TrainingJob", {}, {"jobID": "155501"})
    assert "create another resource for another one" in answer.json()["message"]
    assert "set deletionPolicy: Orphan before deleting this one" in answer.json()["message"]


@pytest.mark.parametrize(
    ("kind", "change"),
    [(kind, {"desiredState": "Absent", "deletionPolicy": "Orphan"}) for kind in REMOTE_KINDS]
    + [
        ("FineTuningJob", {"cascade": True}),
        ("ProviderConfig", {"mode": "Plan", "polling": {"activeSeconds": 5}}),
        ("ProviderConfig", {"credentials": {"secretRef": {"name": "rotated"}}}),
        ("ClusterProviderConfig", {"allowedNamespaces": {"names": ["prod"]}}),
    ],
)
def test_everything_else_can_be_edited(kind, change, edit):
    answer = edit(kind, {}, change)
    assert answer.status_code == 200, answer.json()["message"]
