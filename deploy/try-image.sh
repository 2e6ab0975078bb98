#!/usr/bin/env bash
# Tests an image of proton-subgraph with the recommended options: try-image.sh IMAGE. Needs docker and curl.
set -euo pipefail
image=${1:?the image to test}
name=proton-subgraph-try-$$
secret=$(head -c 24 /dev/urandom | base64)
volume=$(docker volume create)
trap 'docker rm --force "$name" >/dev/null 2>&1 || true; docker volume rm "$volume" >/dev/null 2>&1 || true' EXIT

start() {
  docker run --detach --name "$name" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    --volume "$volume:/data" --publish 127.0.0.1::4001 \
    --env ROUTER_SECRET="$secret" --env PROTON_ENDPOINT_PORT=off "$image" >/dev/null
  for _ in $(seq 60); do
    case $(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$name") in
      'running healthy') return ;;
      exited*) break ;;
    esac
    sleep 1
  done
  docker logs "$name"
  echo 'The container did not become healthy.' >&2
  exit 1
}

post() {
  curl --fail --silent --show-error "http://$(docker port "$name" 4001/tcp)/graphql" \
    --header 'content-type: application/json' --header "router-authorization: $secret" --data "$1"
}

stop() {
  docker stop --time 30 "$name" >/dev/null
  code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
  docker rm "$name" >/dev/null
  if [ "$code" != 0 ]; then
    echo "The container exited with $code." >&2
    exit 1
  fi
}

start
[ "$(docker exec "$name" id -u)" = 10001 ]
if docker exec "$name" touch /app/anything 2>/dev/null; then
  echo 'The file system of the container is writable.' >&2
  exit 1
fi
post '{"query":"mutation { createEnvironmentAccountConnection(input: { managementAccountId: \"111111111111\", environmentName: \"try\", roleArn: \"arn:aws:iam::222222222222:role/try\" }) { success } }"}' |
  grep '"success":true'
stop
start
post '{"query":"{ environmentAccountConnections { totalCount } }"}' | grep '"totalCount":1'
stop
echo "$image works."
