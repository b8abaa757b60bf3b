#!/bin/sh
# Starts and stops the containers of docker-compose.yaml: up, down, logs [SERVICE]; all else is passed
# to Compose (config/stack.sh ps). It finds out which Compose there is, and tells it the path and group
# of the engine's socket, and the commit.
set -eu
cd "$(dirname "$0")/.."

if docker compose version > /dev/null 2>&1; then
    compose='docker compose'
elif command -v docker-compose > /dev/null; then
    compose=docker-compose
else
    echo "error: Compose is missing: install docker-compose-plugin (or docker-compose 1.29)" >&2
    exit 2
fi
if ! version=$(docker version --format '{{.Server.Version}}' 2>&1); then
    echo "error: no Docker engine answers: $(echo "$version" | tail -n 1); start it, or set DOCKER_HOST" >&2
    exit 2
fi

if [ -z "${DOCKER_SOCKET:-}" ]; then
    DOCKER_SOCKET=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}
    DOCKER_SOCKET=${DOCKER_SOCKET#unix://}
    # Docker Desktop and its like run the engine in a virtual machine, where the socket is as usual.
    [ "$(uname)" = Linux ] && [ -S "$DOCKER_SOCKET" ] || DOCKER_SOCKET=/var/run/docker.sock
    case $DOCKER_SOCKET in */.docker/*) DOCKER_SOCKET=/var/run/docker.sock ;; esac
fi
DOCKER_GID=${DOCKER_GID:-$(stat -L -c %g "$DOCKER_SOCKET" 2> /dev/null || echo 0)}
NEWS_GROWTH_COMMIT=${NEWS_GROWTH_COMMIT:-$(git describe --always --abbrev=12 --exclude='*' --dirty 2> /dev/null || echo unknown)}
export DOCKER_SOCKET DOCKER_GID NEWS_GROWTH_COMMIT

wait_until_healthy() {
    container=$($compose --profile prefect ps -q "$1")
    for _ in $(seq 60); do
        state=$(docker inspect --format '{{.State.Health.Status}}' "$container")
        [ "$state" != healthy ] || return 0
        sleep 1
    done
    echo "error: $1 is $state after a minute; its last lines:" >&2
    docker logs --tail 20 "$container" >&2
    exit 1
}

case ${1:-} in
    up)
        # Each service waits until those that it needs are healthy or done; the worker comes last.
        if ! $compose --profile prefect up --build --detach; then
            echo "error: the stack did not start; the last lines of what runs once:" >&2
            $compose --profile prefect logs --tail 20 init prefect-deploy >&2
            echo 'make logs shows all' >&2
            exit 1
        fi
        wait_until_healthy prefect-worker
        cat << END
Running, both flows deployed:
  Prefect     http://127.0.0.1:${PREFECT_PORT:-4200}
  warehouse   postgresql://news@127.0.0.1:${WAREHOUSE_PORT:-5433}/news, passwords in secrets/pgpass
A first run:
  config/stack.sh exec prefect-worker prefect deployment run elt/monthly -p source=sample --watch
END
        ;;
    down)
        # The volumes stay. Running flows' containers are stopped here: Compose does not know of them.
        $compose --profile prefect stop prefect-worker
        docker ps --quiet --filter label=io.prefect.flow-run-id --filter "network=${NEWS_GROWTH_NETWORK:-news-growth}" \
            | xargs -r docker stop > /dev/null
        $compose --profile prefect --profile admin down --remove-orphans
        ;;
    logs)
        shift
        $compose --profile prefect --profile admin logs --tail 200 "$@"
        ;;
    *)
        exec $compose --profile prefect "$@"
        ;;
esac
