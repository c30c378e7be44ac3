"""Values that together switch everything in the chart on and off."""

from __future__ import annotations

from typing import Any

MATRIX: dict[str, dict[str, Any]] = {
    "defaults": {},
    "high availability": {
        "replicaCount": 3,
        "priorityClassName": "system-cluster-critical",
        "podDisruptionBudget": {"maxUnavailable": "50%"},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "Exists"}]}]
                }
            }
        },
    },
    "watched by Prometheus": {
        "metrics": {
            "serviceMonitor": {"enabled": True, "interval": "1m", "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
            "dashboard": {"enabled": True, "annotations": {"grafana_folder": "Operators"}},
        }
    },
    "guarded metrics": {
        "metrics": {
            "tls": {"secretName": "metrics-tls"},
            "authentication": True,
            "serviceMonitor": {
                "enabled": True,
                "endpoint": {
                    "tlsConfig": {"insecureSkipVerify": True},
                    "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
                },
            },
        }
    },
    "network policy": {"networkPolicy": {"enabled": True}},
    "narrow network policy": {
        "networkPolicy": {
            "enabled": True,
            "metricsFrom": [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}},
            ],
            "egressPorts": [],
            "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [{"port": 3128}]}],
        }
    },
    "network policy of another distribution": {
        "networkPolicy": {
            "enabled": True,
            "dnsPorts": [5353],
            "dnsTo": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}],
            "apiServerPorts": [16443],
            "apiServerTo": [{"ipBlock": {"cidr": "10.0.0.1/32"}}],
        }
    },
    "a mesh": {
        "podAnnotations": {"proxy.example.com/inject": "true"},
        "podLabels": {"proxy.example.com/revision": "stable"},
        "drainPodAnnotations": {"sidecar.istio.io/inject": "false"},
        "drainPodLabels": {"sidecar.istio.io/inject": "false"},
        "extraVolumes": [
            {"name": "trust", "configMap": {"name": "trust"}},
            {"name": "audit", "persistentVolumeClaim": {"claimName": "audit"}},
        ],
        "extraVolumeMounts": [{"name": "trust", "mountPath": "/trust"}, {"name": "audit", "mountPath": "/audit"}],
    },
    "Secrets are not protected": {"rbac": {"protectSecrets": False}},
    "Secrets are not guarded by a policy": {"rbac": {"secretPolicy": False}},
    "names that look like something else": {
        "nameOverride": "1",
        "fullnameOverride": "off",
        "serviceAccount": {"name": "1e3"},
        "priorityClassName": "42",
        "commonLabels": {"cost": "1000000", "on": "off"},
    },
    "nothing to wait for": {
        "replicaCount": 0,
        "settings": {"drainSeconds": 0},
        "podDisruptionBudget": {"maxUnavailable": 0},
        "topologySpreadConstraints": [],
    },
    "some namespaces": {"scopedNamespaces": ["team-a", "team-b"], "rbac": {"secretNames": ["huawei", "baidu"]}},
    "some namespaces by a ClusterRole": {"scopedNamespaces": ["team-a", "team-b"], "rbac": {"clusterWide": True}},
    "everything deleted at the end": {"drainPolicy": "Delete", "drainTimeoutSeconds": 3600},
    "nothing done at the end": {"drainPolicy": "None", "crds": {"keep": False}},
    "everything else is somebody's": {
        "crds": {"install": False},
        "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "theirs"},
        "podDisruptionBudget": {"enabled": False},
    },
    "all settings and extras": {
        "nameOverride": "sweep",
        "fullnameOverride": "the-sweeper",
        "commonLabels": {"team": "platform"},
        "podLabels": {"sidecar": "no"},
        "podAnnotations": {"note": "1"},
        "image": {
            "repository": "mirror.example.com/trainsweep",
            "digest": f"sha256:{'0' * 64}",
            "pullPolicy": "Always",
        },
        "imagePullSecrets": [{"name": "mirror"}],
        "serviceAccount": {"annotations": {"owner": "platform"}},
        "settings": {
            "deletionPolicy": "Orphan",
            "allowedEndpointHost": ["example.com", "example.cn"],
            "allowHttpEndpoints": True,
            "logFormat": "pretty",
            "logLevel": "debug",
            "auditLog": "/audit/log",
            "drainSeconds": 2.5,
            "leaseSeconds": 30,
        },
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "extraArgs": ["--kubeconfig=/login/config"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://10.0.0.1:3128"}],
        "extraVolumes": [{"name": "audit", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "audit", "mountPath": "/audit"}],
        "extraObjects": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-object"}},
            'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-text"}',
        ],
    },
}
