{{- /*
A role and its binding to an account. Takes a dict:
  root       the root context
  name       of both objects
  namespace  of both objects; without it they are a ClusterRole and a ClusterRoleBinding
  account    the ServiceAccount, in the release's namespace
  rules      YAML text
  hook       true for objects that exist during the drain only
*/ -}}
{{- define "trainsweep.grant" -}}
{{- $cluster := .namespace | empty | ternary "Cluster" "" -}}
{{- $labels := include "trainsweep.labels" (dict "root" .root "component" (ternary "drain" "operator" (.hook | default false))) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $cluster }}Role
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
  {{- if .hook }}
  annotations:
    {{- include "trainsweep.drain.hook" -2 | nindent 4 }}
  {{- end }}
rules:
{{ .rules | indent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $cluster }}RoleBinding
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- $labels | nindent 4 }}
  {{- if .hook }}
  annotations:
    {{- include "trainsweep.drain.hook" -1 | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $cluster }}Role
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .account | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end -}}


{{- /*
The same wherever the operator looks: in each of the scopedNamespaces, or once for the whole cluster. Takes beside root,
name, account and hook:
  rules         YAML text, what is needed in a namespace
  clusterRules  YAML text, what is needed beside it to serve the whole cluster
*/ -}}
{{- define "trainsweep.grants" -}}
{{- $watched := .root.Values.scopedNamespaces -}}
{{- range .root.Values.rbac.clusterWide | ternary list $watched }}
---
{{ include "trainsweep.grant" (merge (dict "namespace" .) $) }}
{{- else }}
---
{{ include "trainsweep.grant" (merge (dict "rules" (empty $watched | ternary (printf "%s\n%s" .rules .clusterRules) .rules)) .) }}
{{- end }}
{{- end -}}
