{{- /* A setting as the server reads it. Go writes a million as 1e+06 where Helm reads numbers as float64, as most versions do. */ -}}
{{- define "proton-subgraph.value" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}

{{- /* "embedded" where the control plane and its file are in the pod, "sdk" where they are elsewhere. */ -}}
{{- define "proton-subgraph.mode" -}}
{{- if .Values.settings.PROTON_UPSTREAM }}sdk{{ else }}embedded{{ end -}}
{{- end }}

{{- /* "true" where AWS clients are served, else empty. */ -}}
{{- define "proton-subgraph.servesAwsClients" -}}
{{- if and .Values.endpoint.enabled (eq (include "proton-subgraph.mode" .) "embedded") }}true{{ end -}}
{{- end }}

{{- define "proton-subgraph.replicas" -}}
{{ include "proton-subgraph.value" .Values.replicas | int64 }}
{{- end }}

{{- /* Seconds that a pod has to end: the delay, the grace, and 5 more to close the store. */ -}}
{{- define "proton-subgraph.terminationSeconds" -}}
{{- $delay := include "proton-subgraph.value" (.Values.settings.SHUTDOWN_DELAY_MS | default 0) | int64 -}}
{{- $grace := include "proton-subgraph.value" (dig "SHUTDOWN_GRACE_MS" 10000 .Values.settings) | int64 -}}
{{ add (div (add $delay $grace 999) 1000) 5 }}
{{- end }}

{{- /* What the schema of the values refuses as well, for those who pass it over; and what it can't say. */ -}}
{{- define "proton-subgraph.check" -}}
{{- $mode := include "proton-subgraph.mode" . -}}
{{- $settings := .Values.settings -}}
{{- if and (eq $mode "embedded") (gt (include "proton-subgraph.replicas" . | int64) 1) -}}
{{- fail "replicas must be 1: the SQLite file belongs to one pod. More are possible with settings.PROTON_UPSTREAM." -}}
{{- end -}}
{{- $secret := and .Values.secret.name .Values.secret.keys.ROUTER_SECRET -}}
{{- if and $secret $settings.ROUTER_ACCESS_KEY_IDS -}}
{{- fail "The router proves itself by ROUTER_SECRET or by signatures: set secret.keys.ROUTER_SECRET to '', or leave settings.ROUTER_ACCESS_KEY_IDS out." -}}
{{- end -}}
{{- $person := or $settings.AUTH_JWKS_URL .Values.jwtPublicKey.configMap -}}
{{- $open := eq (toString $settings.ALLOW_UNAUTHENTICATED) "true" -}}
{{- if not (or $secret $settings.ROUTER_ACCESS_KEY_IDS $person $open) -}}
{{- fail "Nobody would have to prove who they are: set secret.name to a Secret with ROUTER_SECRET, or settings.ROUTER_ACCESS_KEY_IDS, or AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE and AUTH_JWKS_URL in settings." -}}
{{- end -}}
{{- $sealed := and .Values.secret.name .Values.secret.keys.ACCESS_KEY_ENCRYPTION_KEY -}}
{{- if and (or (include "proton-subgraph.servesAwsClients" .) $settings.ROUTER_ACCESS_KEY_IDS) (not $sealed) -}}
{{- fail "Access keys are sealed under ACCESS_KEY_ENCRYPTION_KEY: put it into the Secret that secret.name names. Without AWS clients, endpoint.enabled is false." -}}
{{- end -}}
{{- range $name, $_ := $settings -}}
{{- if hasSuffix "_HEADERS" $name -}}
{{- fail (printf "settings.%s may hold credentials, and manifests are read by many: take it from a Secret, in extraEnv." $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (empty .Values.networkPolicy.router) -}}
{{- fail "networkPolicy.router must say who may ask GraphQL: nobody named means everybody." -}}
{{- end -}}
{{- end }}
