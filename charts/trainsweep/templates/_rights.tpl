{{- /*
The rights of the operator, as rules of a role. What each one is for:

  watch and sweep            list, watch   our kinds
  conflicts, last check      get           our kinds
  finalizers                 patch         our kinds; with rbac.protectSecrets the Secrets in use
  status                     patch         the status of our kinds
  credentials                get           Secrets, by name
  policy, allowed namespaces get           Namespaces
  events                     create, patch Events

"trainsweep.rules.namespaced" is everything that fits into one namespace, "trainsweep.rules.cluster" what is needed
beside it to serve the whole cluster, "trainsweep.rules.own" what is needed in the operator's own namespace.
*/ -}}

{{- define "trainsweep.remoteKinds" -}}
[finetuningjobs, finetuningtasks, trainingjobconfigs, trainingjobs, trainingjobversions]
{{- end -}}

{{- define "trainsweep.statuses" -}}
[finetuningjobs/status, finetuningtasks/status, trainingjobconfigs/status, trainingjobs/status, trainingjobversions/status, providerconfigs/status]
{{- end -}}

{{- define "trainsweep.secretRule" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: {{ ternary "[get, patch]" "[get]" .Values.rbac.protectSecrets }}
  {{- with .Values.rbac.secretNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
{{- end -}}

{{- define "trainsweep.rules.namespaced" -}}
- apiGroups: [trainsweep.dev]
  resources: {{ include "trainsweep.remoteKinds" . }}
  verbs: [get, list, watch, patch]
- apiGroups: [trainsweep.dev]
  resources: [providerconfigs]
  verbs: [get, list, watch, patch]
- apiGroups: [trainsweep.dev]
  resources: {{ include "trainsweep.statuses" . }}
  verbs: [patch]
{{ include "trainsweep.secretRule" . }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "trainsweep.rules.cluster" -}}
- apiGroups: [trainsweep.dev]
  resources: [clusterproviderconfigs]
  verbs: [get, list, watch, patch]
- apiGroups: [trainsweep.dev]
  resources: [clusterproviderconfigs/status]
  verbs: [patch]
# Definitions that come and go are followed; one that is going means that its resources are let go, not cleaned up.
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [list, watch]
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [get]
  resourceNames:
    {{- range include "trainsweep.remoteKinds" . | fromYamlArray }}
    - {{ . }}.trainsweep.dev
    {{- end }}
{{- end -}}

{{- define "trainsweep.rules.own" -}}
# A name cannot be limited before the object exists.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, update]
  resourceNames: [{{ include "trainsweep.fullname" . | quote }}]
{{- end -}}

{{- /* With metrics.authentication: who may read the metrics is asked of the API server. */ -}}
{{- define "trainsweep.rules.reviews" -}}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end -}}

{{- /* What the drain Job may do to our kinds; Retain and Delete need different things. */ -}}
{{- define "trainsweep.rules.drain" -}}
{{- if eq .Values.drainPolicy "Retain" -}}
- apiGroups: [trainsweep.dev]
  resources: {{ append (include "trainsweep.remoteKinds" . | fromYamlArray) "providerconfigs" | toJson }}
  verbs: [list, patch]
{{ include "trainsweep.secretRule" . }}
{{- else -}}
- apiGroups: [trainsweep.dev]
  resources: {{ include "trainsweep.remoteKinds" . }}
  verbs: [list, delete]
- apiGroups: [trainsweep.dev]
  resources: [providerconfigs]
  verbs: [list]
{{- end }}
{{- end -}}

{{- define "trainsweep.rules.drain.cluster" -}}
- apiGroups: [trainsweep.dev]
  resources: [clusterproviderconfigs]
  verbs: {{ eq .Values.drainPolicy "Retain" | ternary "[list, patch]" "[list]" }}
{{- end -}}

{{- define "trainsweep.rules.drain.own" -}}
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [patch]
  resourceNames: [{{ include "trainsweep.fullname" . | quote }}]
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end -}}
