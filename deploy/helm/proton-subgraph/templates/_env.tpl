{{- define "proton-subgraph.env" -}}
{{- $mode := include "proton-subgraph.mode" . -}}
- name: NODE_ENV
  value: production
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: "4001"
- name: ADMIN_PORT
  value: "4003"
{{- if ne $mode "sdk" }}
- name: PROTON_ENDPOINT_PORT
  value: {{ eq (include "proton-subgraph.servesAwsClients" .) "true" | ternary "4002" "off" | quote }}
{{- end }}
{{- if ne $mode "postgres" }}
- name: DATABASE_URL
  # Empty, it overrides the image's value.
  value: {{ eq $mode "sqlite" | ternary "sqlite:/data/proton.db" "" | quote }}
{{- end }}
{{- if .Values.console.enabled }}
- name: CONSOLE_PORT
  value: "4004"
{{- end }}
{{- if .Values.databaseCertificates.configMap }}
- name: DATABASE_TLS_CA_FILE
  value: /etc/proton-subgraph-database/ca.pem
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
{{- if and $key (or (ne $name "ACCESS_KEY_ENCRYPTION_KEY") (ne $mode "sdk")) }}
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
