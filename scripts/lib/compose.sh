# shellcheck shell=bash disable=SC2154
# Sourced by scripts/compose/*, with $root set: the cluster of compose.yaml, and requests to it.

. "$root/scripts/lib/say.sh"
cd "$root" || exit

# shellcheck disable=SC2034  # the scripts that source this file use them
image=gossipd
# shellcheck disable=SC2034
nodes=(node1 node2 node3)

# The name that compose gives this project: that of the folder, if no other is set. docker-compose 1.29 does not tell
# compose.yaml of it by itself.
if [ -z "${COMPOSE_PROJECT_NAME-}" ]; then
    COMPOSE_PROJECT_NAME=$(basename "$root" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9_-' | sed 's/^[_-]*//')
    export COMPOSE_PROJECT_NAME
fi

fail() {
    say_error "$@"
    exit 1
}

# engine: fails unless a container engine answers.
engine() {
    command -v docker >/dev/null ||
        fail "docker is not installed; on Debian, scripts/container-engine installs it"
    docker version >/dev/null 2>&1 ||
        fail "no container engine answers (docker version); is it running, and may you use it?"
}

# compose ARGUMENT...: runs the plugin of docker, or else the program docker-compose.
compose() {
    if [ -n "${COMPOSE-}" ]; then
        "$COMPOSE" "$@"
    elif docker compose version >/dev/null 2>&1; then
        docker compose "$@"
    elif command -v docker-compose >/dev/null; then
        docker-compose "$@"
    else
        fail "neither 'docker compose' nor docker-compose is installed"
    fi
}

# remove_fourth: removes the container of test-discovery, if one is left.
remove_fourth() {
    local left
    left=$(docker ps --all --quiet --filter label=gossipd-fourth)
    [ -z "$left" ] || docker rm --force --volumes "$left" >/dev/null
}

# Asking a node

# base_of NODE: prints the URL at which it answers on this machine.
base_of() {
    echo "http://127.0.0.1:$((9087 + ${1#node}))"
}

# get NODE PATH, post NODE PATH [BODY]: prints the answer; fails unless it is 200.
get() {
    curl -sS -f --max-time 5 "$(base_of "$1")$2"
}

post() {
    curl -sS -f --max-time 5 -X POST ${3+-d "$3"} "$(base_of "$1")$2"
}

id_of() {
    get "$1" /health | sed -n 's/.*"node_id":"\([^"]*\)".*/\1/p'
}

# count_in: prints the number in an answer of /count or /increment, read from stdin.
count_in() {
    sed -n 's/.*"count":\([0-9]*\).*/\1/p'
}

count_of() {
    get "$1" /count | count_in
}

# show NODE ANSWER: prints one line.
show() {
    printf '%-6s %s\n' "$1" "$2"
}

# Conditions

# lists NODE PEER_ID: succeeds if the node lists this peer; lacks succeeds if it does not.
lists() {
    get "$1" /peers 2>/dev/null | grep -qF "\"$2\""
}

lacks() {
    local peers
    peers=$(get "$1" /peers 2>/dev/null) && ! grep -qF "\"$2\"" <<<"$peers"
}

ready() {
    get "$1" /readyz >/dev/null 2>&1
}

# know_each_other NODE...: succeeds if each lists all the others.
know_each_other() {
    local node other id
    for node in "$@"; do
        id=$(id_of "$node" 2>/dev/null) && [ -n "$id" ] || return 1
        for other in "$@"; do
            [ "$other" = "$node" ] || lists "$other" "$id" || return 1
        done
    done
}

# reached COUNT NODE...: succeeds if each shows at least this count.
reached() {
    local node count wanted=$1
    shift
    for node in "$@"; do
        count=$(count_of "$node" 2>/dev/null) && [ "${count:--1}" -ge "$wanted" ] || return 1
    done
}

# agree NODE...: succeeds if all show the same count.
agree() {
    local node count first=
    for node in "$@"; do
        count=$(count_of "$node" 2>/dev/null) && [ -n "$count" ] || return 1
        [ "$count" = "${first:=$count}" ] || return 1
    done
}

# tenths: prints a clock in tenths of a second; bash before 5 has only whole seconds.
tenths() {
    local now=${EPOCHREALTIME-$SECONDS.000000}
    echo $((${now//[.,]/} / 100000))
}

# wait_until SECONDS WHAT COMMAND...: waits until the command succeeds, or fails after so long.
wait_until() {
    local limit=$1 what=$2 start passed=0
    start=$(tenths)
    shift 2
    until "$@"; do
        [ "$passed" -lt $((limit * 10)) ] || fail "waited $limit s in vain until $what"
        sleep 0.1
        passed=$(($(tenths) - start))
    done
    passed=$(($(tenths) - start))
    echo "       waited $((passed / 10)).$((passed % 10)) s until $what"
}

# running: fails unless the three nodes are ready.
running() {
    local node
    for node in "${nodes[@]}"; do
        ready "$node" ||
            fail "$node does not answer at $(base_of "$node"), or is not ready: 'make' starts the cluster"
    done
}

# settle: waits until the three nodes are ready and know each other.
settle() {
    local node
    for node in "${nodes[@]}"; do
        wait_until 30 "$node is ready" ready "$node"
    done
    wait_until 30 "all three know each other" know_each_other "${nodes[@]}"
}
