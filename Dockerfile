# The image of proton-subgraph; how to build and run it is in docs/guides/deploying.md.
#
# The tag moves with Node's patches. Where builds must repeat to the byte, give the digest as well, which
# `docker buildx imagetools inspect node:24-bookworm-slim` prints: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim

# The compiler is for where no SQLite comes prebuilt for this Node and this processor. It stays behind, in this stage.
FROM ${NODE_IMAGE} AS tools
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY build-tools/package.json build-tools/

FROM tools AS build
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY scripts/install-packages.mjs scripts/build-bundle.mjs scripts/build-web.mjs scripts/
COPY web/.npmrc web/package.json web/package-lock.json web/
RUN --mount=type=cache,target=/root/.npm node scripts/install-packages.mjs web
COPY web/index.html web/tsconfig.json web/vite.config.ts web/
COPY web/build web/build
COPY web/public web/public
COPY web/explorer web/explorer
COPY web/src web/src
COPY schema/operations schema/operations
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM tools AS dependencies
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --workspaces=false --no-audit --no-fund

FROM ${NODE_IMAGE} AS runtime
LABEL org.opencontainers.image.title="proton-subgraph" \
  org.opencontainers.image.description="A GraphQL federation subgraph for AWS Proton's environment account connections"

# Nothing is installed or compiled here any more. The one place that is written to is /data.
RUN rm -rf /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/corepack /opt/yarn-v* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && install --directory --owner=10001 --group=10001 --mode=0700 /data

WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY deploy/health-check.js deploy/health-check.js
COPY schema/operations schema/operations

# Secrets are none of these: they come with the container, and never with the image.
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  DATABASE_URL=sqlite:/data/proton.db
VOLUME ["/data"]
# GraphQL, the endpoint for AWS clients, health and metrics.
EXPOSE 4001 4002 4003

# A number, so that an orchestrator can see that it isn't root's.
USER 10001:10001
# Whether it is alive, not whether it is ready: what restarts unhealthy containers must not do so while an issuer is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "deploy/health-check.js"]
STOPSIGNAL SIGTERM
# Without a shell in between, so that the signal reaches the server. It starts no processes of its own, so there are none to reap.
ENTRYPOINT ["node", "dist/main.js"]
