{{- /* Prints a setting. Most versions of Helm read numbers as float64, and Go prints a million as 1e+06. */ -}}
{{- define "proton-subgraph.value" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}

{{- /* Where connections are kept: "sqlite" in the pod, "postgres" in a database, "sdk" with a control plane elsewhere. */ -}}
{{- define "proton-subgraph.mode" -}}
{{- if .Values.settings.PROTON_UPSTREAM }}sdk{{ else if and .Values.secret.name .Values.secret.keys.DATABASE_URL }}postgres{{ else }}sqlite{{ end -}}
{{- end }}

{{- /* "true" when AWS clients are served, else empty. */ -}}
{{- define "proton-subgraph.servesAwsClients" -}}
{{- if and .Values.endpoint.enabled (ne (include "proton-subgraph.mode" .) "sdk") }}true{{ end -}}
{{- end }}

{{- define "proton-subgraph.replicas" -}}
{{ include "proton-subgraph.value" .Values.replicas | int64 }}
{{- end }}

{{- /* The termination grace period in seconds: delay, grace period, and 5 to close the store. */ -}}
{{- define "proton-subgraph.terminationSeconds" -}}
{{- $delay := include "proton-subgraph.value" (.Values.settings.SHUTDOWN_DELAY_MS | default 0) | int64 -}}
{{- $grace := include "proton-subgraph.value" (dig "SHUTDOWN_GRACE_MS" 10000 .Values.settings) | int64 -}}
{{ add (div (add $delay $grace 999) 1000) 5 }}
{{- end }}

{{- /* Checks that the values' schema can't express, and some that it has, for users who skip it. */ -}}
{{- define "proton-subgraph.check" -}}
{{- $mode := include "proton-subgraph.mode" . -}}
{{- $settings := .Values.settings -}}
{{- if and (eq $mode "sqlite") (gt (include "proton-subgraph.replicas" . | int64) 1) -}}
{{- fail "replicas must be 1, because one pod owns the SQLite file. More are possible on PostgreSQL (secret.keys.DATABASE_URL), and with settings.PROTON_UPSTREAM." -}}
{{- end -}}
{{- if and .Values.secret.keys.DATABASE_URL (or (not .Values.secret.name) $settings.PROTON_UPSTREAM) -}}
{{- fail "secret.keys.DATABASE_URL names a key of the Secret secret.name, which must be set, and settings.PROTON_UPSTREAM must not: it names another control plane." -}}
{{- end -}}
{{- if and .Values.databaseCertificates.configMap (ne $mode "postgres") -}}
{{- fail "databaseCertificates.configMap verifies a PostgreSQL server, and secret.keys.DATABASE_URL names none." -}}
{{- end -}}
{{- $secret := and .Values.secret.name .Values.secret.keys.ROUTER_SECRET -}}
{{- if and $secret $settings.ROUTER_ACCESS_KEY_IDS -}}
{{- fail "The router authenticates with ROUTER_SECRET or with signatures, not both: set secret.keys.ROUTER_SECRET to '', or leave settings.ROUTER_ACCESS_KEY_IDS out." -}}
{{- end -}}
{{- $tokens := or $settings.AUTH_JWKS_URL .Values.jwtPublicKey.configMap -}}
{{- $open := eq (toString $settings.ALLOW_UNAUTHENTICATED) "true" -}}
{{- if not (or $secret $settings.ROUTER_ACCESS_KEY_IDS $tokens $open) -}}
{{- fail "Requests would not be authenticated: set secret.name to a Secret with ROUTER_SECRET, or settings.ROUTER_ACCESS_KEY_IDS, or AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE and AUTH_JWKS_URL in settings." -}}
{{- end -}}
{{- $encrypted := and .Values.secret.name .Values.secret.keys.ACCESS_KEY_ENCRYPTION_KEY -}}
{{- if and (or (include "proton-subgraph.servesAwsClients" .) $settings.ROUTER_ACCESS_KEY_IDS) (not $encrypted) -}}
{{- fail "Access keys are encrypted with ACCESS_KEY_ENCRYPTION_KEY: add it to the Secret named in secret.name. To serve no AWS clients, set endpoint.enabled to false." -}}
{{- end -}}
{{- range $name, $_ := $settings -}}
{{- if hasSuffix "_HEADERS" $name -}}
{{- fail (printf "settings.%s may contain credentials, which must not be in a manifest: take it from a Secret, in extraEnv." $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.console.enabled (not $settings.CONSOLE_GRAPHQL_URL) -}}
{{- fail "settings.CONSOLE_GRAPHQL_URL must be the gateway's URL, as browsers reach it: the console's port has no /graphql." -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (empty .Values.networkPolicy.router) -}}
{{- fail "networkPolicy.router must name at least one peer, because an empty list allows everyone." -}}
{{- end -}}
{{- end }}
