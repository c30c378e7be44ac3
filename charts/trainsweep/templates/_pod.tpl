{{- /* What the operator's pod and the drain's have in common. */ -}}

{{- define "trainsweep.pod" -}}
automountServiceAccountToken: true
# Variables of Services named like ours would be taken for settings.
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "trainsweep.container" -}}
image: {{ include "trainsweep.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}

{{- /* The settings as environment variables: a list is joined by spaces, and what is empty stays unset. */ -}}
{{- define "trainsweep.environment" -}}
- name: TRAINSWEEP_HTTP_ADDRESS
  value: ":8080"
- name: TRAINSWEEP_LEADER_ELECTION
  value: "true"
- name: TRAINSWEEP_LEASE_NAME
  value: {{ include "trainsweep.fullname" . }}
- name: TRAINSWEEP_LEASE_NAMESPACE
  value: {{ .Release.Namespace }}
{{- with .Values.scopedNamespaces }}
- name: TRAINSWEEP_NAMESPACE
  value: {{ join " " . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if or $value (kindIs "bool" $value) }}
- name: TRAINSWEEP_{{ $name | snakecase | upper }}
  value: {{ kindIs "slice" $value | ternary (join " " $value) $value | toString | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
