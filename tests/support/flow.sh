# shellcheck shell=bash
# flow.sh: what the scripts of tests/flow share; sourced by them. They have a scratch folder $work.

failures=0
server= # a Redis of the script's own

# check NAME COMMAND...: one `ok`/`not ok` line; what the command prints is shown when it fails
check() {
    local name=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "ok $name"
    else
        sed 's/^/  /' "$work/said"
        echo "not ok $name"
        failures=$((failures + 1))
    fi
}

# expect NAME GOT EXPECTED: one such line for two texts that must be the same
expect() {
    if [[ $2 == "$3" ]]; then
        echo "ok $1"
    else
        printf '  got:      %s\n  expected: %s\nnot ok %s\n' "$2" "$3" "$1"
        failures=$((failures + 1))
    fi
}

# Starts $server on the socket $work/redis.sock and waits until it answers.
start_redis() {
    local i
    redis-server --port 0 --unixsocket "$work/redis.sock" --save "" --appendonly no --dir "$work" \
        >"$work/redis.log" 2>&1 &
    server=$!
    for ((i = 0; i < 2000; i++)); do
        if redis-cli -s "$work/redis.sock" PING 2>/dev/null | grep -q PONG; then
            break
        fi
        sleep 0.01
    done
}

end_redis() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
}
