{{- /*
The settings as environment variables: a list is joined by spaces, and what is empty stays unset. Zero and false are
values like others. Every template takes the root context.
*/ -}}

{{- /* A dict of the variables that the chart sets: to the value that decides it, "" for what cannot be chosen. */ -}}
{{- define "trainsweep.variables" -}}
TRAINSWEEP_HTTP_ADDRESS: ""
TRAINSWEEP_LEADER_ELECTION: ""
TRAINSWEEP_METRICS_ADDRESS: ""
TRAINSWEEP_METRICS_AUTHENTICATION: metrics.authentication
TRAINSWEEP_METRICS_TLS_CERT: metrics.tls.secretName
TRAINSWEEP_METRICS_TLS_KEY: metrics.tls.secretName
TRAINSWEEP_LEASE_NAME: fullnameOverride
TRAINSWEEP_LEASE_NAMESPACE: ""
TRAINSWEEP_NAMESPACE: scopedNamespaces
{{- range $name, $_ := .Values.settings }}
TRAINSWEEP_{{ $name | snakecase | upper }}: settings.{{ $name }}
{{- end }}
{{- end -}}

{{- /* Refuses what would be said twice, in extraEnv or in extraArgs: one of the two would silently not count. */ -}}
{{- define "trainsweep.refuseDoubles" -}}
{{- $ours := include "trainsweep.variables" . | fromYaml -}}
{{- $seen := dict -}}
{{- range .Values.extraEnv -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv holds %s twice. Leave one of them out." .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- if hasKey $ours .name -}}
{{- fail (printf "extraEnv holds %s, which the chart sets%s. Leave it out." .name (get $ours .name | empty | ternary "" (printf " from %s" (get $ours .name)))) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraArgs -}}
{{- $flag := regexFind "^--[a-z-]+" . -}}
{{- $name := $flag | trimPrefix "--" | trimPrefix "no-" | replace "-" "_" | upper | printf "TRAINSWEEP_%s" -}}
{{- if and $flag (hasKey $ours $name) -}}
{{- fail (printf "extraArgs holds %s, which the chart sets%s. Leave it out." $flag (get $ours $name | empty | ternary "" (printf " from %s" (get $ours $name)))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "trainsweep.environment" -}}
{{- include "trainsweep.refuseDoubles" . -}}
- name: TRAINSWEEP_HTTP_ADDRESS
  value: ":8080"
- name: TRAINSWEEP_METRICS_ADDRESS
  value: ":8081"
{{- if .Values.metrics.tls.secretName }}
- name: TRAINSWEEP_METRICS_TLS_CERT
  value: /etc/trainsweep/metrics-tls/tls.crt
- name: TRAINSWEEP_METRICS_TLS_KEY
  value: /etc/trainsweep/metrics-tls/tls.key
{{- end }}
{{- if .Values.metrics.authentication }}
- name: TRAINSWEEP_METRICS_AUTHENTICATION
  value: "true"
{{- end }}
- name: TRAINSWEEP_LEADER_ELECTION
  value: "true"
- name: TRAINSWEEP_LEASE_NAME
  value: {{ include "trainsweep.fullname" . | quote }}
- name: TRAINSWEEP_LEASE_NAMESPACE
  value: {{ .Release.Namespace | quote }}
{{- with .Values.scopedNamespaces }}
- name: TRAINSWEEP_NAMESPACE
  value: {{ join " " . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- $text := kindIs "slice" $value | ternary (join " " $value) (toString $value) }}
{{- if ne $text "" }}
- name: TRAINSWEEP_{{ $name | snakecase | upper }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
