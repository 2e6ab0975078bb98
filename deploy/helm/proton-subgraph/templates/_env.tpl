{{- define "proton-subgraph.env" -}}
{{- $embedded := eq (include "proton-subgraph.mode" .) "embedded" -}}
- name: NODE_ENV
  value: production
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: "4001"
- name: ADMIN_PORT
  value: "4003"
{{- if $embedded }}
- name: DATABASE_URL
  value: sqlite:/data/proton.db
- name: PROTON_ENDPOINT_PORT
  value: {{ eq (include "proton-subgraph.servesAwsClients" .) "true" | ternary "4002" "off" | quote }}
{{- else }}
# Overrides the image's value, because there is no store.
- name: DATABASE_URL
  value: ""
{{- end }}
{{- if .Values.jwtPublicKey.configMap }}
- name: AUTH_JWT_PUBLIC_KEY_FILE
  value: /etc/proton-subgraph/public.pem
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ include "proton-subgraph.value" $value | quote }}
{{- end }}
{{- if .Values.secret.name }}
{{- range $name, $key := .Values.secret.keys }}
{{- if and $key (or (ne $name "ACCESS_KEY_ENCRYPTION_KEY") $embedded) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.secret.name }}
      key: {{ $key }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
