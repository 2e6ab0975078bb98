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
        - name: admin
          containerPort: 4003
      # Five minutes to open the store and bring it up to date; after that, the others take over.
      startupProbe:
        httpGet:
          path: /health/live
          port: admin
        periodSeconds: 2
        failureThreshold: 150
      # Without readiness in it: a restart mends neither a full disk nor an issuer that is away.
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
        # For what SQLite sorts that is too much to hold, and for what an import stages.
        - name: tmp
          mountPath: /tmp
        {{- if eq (include "proton-subgraph.mode" .) "embedded" }}
        - name: store
          mountPath: /data
        {{- end }}
        {{- if .Values.jwtPublicKey.configMap }}
        - name: jwt-public-key
          mountPath: /etc/proton-subgraph
          readOnly: true
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    {{- if and (eq (include "proton-subgraph.mode" .) "embedded") .Values.store.existingClaim }}
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
  {{- end }}
{{- end }}
