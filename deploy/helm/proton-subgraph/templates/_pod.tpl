{{- define "proton-subgraph.pod" -}}
metadata:
  labels:
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- include "proton-subgraph.labels" . | nindent 4 }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "proton-subgraph.serviceAccountName" . }}
  automountServiceAccountToken: false
  # A service named proton-endpoint would otherwise set PROTON_ENDPOINT_PORT.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "proton-subgraph.terminationSeconds" . }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: proton-subgraph
      image: {{ include "proton-subgraph.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      env:
        {{- include "proton-subgraph.env" . | nindent 8 }}
      ports:
        - name: graphql
          containerPort: 4001
        {{- if include "proton-subgraph.servesAwsClients" . }}
        - name: endpoint
          containerPort: 4002
        {{- end }}
        {{- if .Values.console.enabled }}
        - name: console
          containerPort: 4004
        {{- end }}
        - name: admin
          containerPort: 4003
      # Five minutes to open and migrate the store, before the other probes start.
      startupProbe:
        httpGet:
          path: /health/live
          port: admin
        periodSeconds: 2
        failureThreshold: 150
      # Not readiness, because a restart fixes neither a full disk nor an unreachable issuer.
      livenessProbe:
        httpGet:
          path: /health/live
          port: admin
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /health/ready
          port: admin
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 3
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        # For SQLite's temporary files, and for imports.
        - name: tmp
          mountPath: /tmp
        {{- if eq (include "proton-subgraph.mode" .) "sqlite" }}
        - name: store
          mountPath: /data
        {{- end }}
        {{- if .Values.jwtPublicKey.configMap }}
        - name: jwt-public-key
          mountPath: /etc/proton-subgraph
          readOnly: true
        {{- end }}
        {{- if .Values.databaseCertificates.configMap }}
        - name: database-certificates
          mountPath: /etc/proton-subgraph-database
          readOnly: true
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    {{- if and (eq (include "proton-subgraph.mode" .) "sqlite") .Values.store.existingClaim }}
    - name: store
      persistentVolumeClaim:
        claimName: {{ .Values.store.existingClaim }}
    {{- end }}
    {{- if .Values.jwtPublicKey.configMap }}
    - name: jwt-public-key
      configMap:
        name: {{ .Values.jwtPublicKey.configMap }}
        items:
          - key: {{ .Values.jwtPublicKey.key }}
            path: public.pem
    {{- end }}
    {{- if .Values.databaseCertificates.configMap }}
    - name: database-certificates
      configMap:
        name: {{ .Values.databaseCertificates.configMap }}
        items:
          - key: {{ .Values.databaseCertificates.key }}
            path: ca.pem
    {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- else }}
  {{- if gt (include "proton-subgraph.replicas" . | int64) 1 }}
  # The loss of a node or of a zone should not end all pods.
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        {{- range $key, $weight := dict "kubernetes.io/hostname" 100 "topology.kubernetes.io/zone" 50 }}
        - weight: {{ $weight }}
          podAffinityTerm:
            topologyKey: {{ $key }}
            labelSelector:
              matchLabels:
                {{- include "proton-subgraph.selectorLabels" $ | nindent 16 }}
        {{- end }}
  {{- end }}
  {{- end }}
{{- end }}
