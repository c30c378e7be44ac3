{{- /* Names and labels. Every template takes the root context, unless it says otherwise. */ -}}

{{- define "trainsweep.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "trainsweep.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "trainsweep.fullname" .) -}}
{{- end -}}

{{- define "trainsweep.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The pods of this release, those of the drain too. */ -}}
{{- define "trainsweep.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "trainsweep.selectorLabels" -}}
{{ include "trainsweep.releaseLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /*
The labels of an object, each key once: ours, over them commonLabels, over them those that are given. The schema lets
nobody give one that a selector or Helm needs. Takes a dict:
  root       the root context
  component  operator or drain, if the object is of one of these
  labels     a list of dicts; later ones win
*/ -}}
{{- define "trainsweep.labels" -}}
{{- $labels := include "trainsweep.releaseLabels" .root | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "trainsweep" -}}
{{- with .component -}}
{{- $_ := set $labels "app.kubernetes.io/component" . -}}
{{- end -}}
{{- range prepend (.labels | default list) .root.Values.commonLabels -}}
{{- $labels = mergeOverwrite $labels (deepCopy .) -}}
{{- end -}}
{{- toYaml $labels -}}
{{- end -}}
