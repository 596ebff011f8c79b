#!/usr/bin/env bash
# redis_topologies.sh BUILD: load, explain and replay against a Redis Cluster while its slots are moved by redis-cli, and
# against the master that a sentinel names, with private servers on free loopback ports. The same messages give the same
# verdicts as without Redis; what is under way may be unknown, never wrong. Prints `ok NAME` / `not ok NAME`.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: redis_topologies.sh BUILD}" && pwd)
program=$build/wrongnumber
bench=$build/wrongnumber-bench
dir=$(mktemp -d)
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
# shellcheck source=tests/support/redis_ports.sh
source "$here/../support/redis_ports.sh"
servers=()

cleanup() {
    if ((${#servers[@]} > 0)); then
        kill -9 "${servers[@]}" 2>/dev/null
        wait "${servers[@]}" 2>/dev/null
    fi
    rm -rf "$dir"
}
trap cleanup EXIT

# wait_until COMMAND...: 20 s at most
wait_until() {
    for _ in $(seq 2000); do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.01
    done
    echo "  waited in vain for: $*"
    return 1
}

# verdicts_of NAME ARGUMENT...: replays into $dir/NAME
verdicts_of() {
    local name=$1
    shift
    "$bench" replay --events "$dir/world/events.ndjson" "$@" --out "$dir/$name" >/dev/null
}

# compare NAME: how verdicts differ from those without Redis, as "WRONG wrong", and how many are unknown on stderr
compare() {
    python3 -c '
import json, sys
wrong = unknown = 0
with open(sys.argv[1]) as a, open(sys.argv[2]) as b:
    for x, y in zip(a, b, strict=True):
        x, y = json.loads(x), json.loads(y)
        if (x["message_id"], x["verdict"], x["reasons"]) != (y["message_id"], y["verdict"], y["reasons"]):
            if any(r.startswith("cache_") for r in y["reasons"]): unknown += 1
            else: wrong += 1
print(f"  {unknown} unknown", file=sys.stderr)
print(f"{wrong} wrong")' "$dir/alone/verdicts.ndjson" "$dir/$1/verdicts.ndjson"
}

read -ra ports < <(free_ports 5)
"$bench" generate --seed 5 --messages 20000 --out "$dir/world" >/dev/null || exit 1
verdicts_of alone --relationships "$dir/world/relationships.ndjson"

# --- a cluster ------------------------------------------------------------------------------------

for port in "${ports[@]:0:3}"; do
    serve "$dir" "$port" --cluster-enabled yes --cluster-config-file nodes.conf --save "" --appendonly no
done
redis-cli --cluster create "127.0.0.1:${ports[0]}" "127.0.0.1:${ports[1]}" "127.0.0.1:${ports[2]}" --cluster-yes \
    >"$dir/create" 2>&1 || cat "$dir/create"
is_ok() { redis-cli -p "$1" CLUSTER INFO | grep -q cluster_state:ok; }
for port in "${ports[@]:0:3}"; do
    wait_until is_ok "$port"
done

printf '%s\n' 'redis:' '  topology: cluster' "  address: 127.0.0.1:${ports[1]},127.0.0.1:${ports[0]}" \
    '  deadline: 5s' >"$dir/cluster.yaml"
"$program" load -c "$dir/cluster.yaml" "$dir/world/relationships.ndjson" >"$dir/out" 2>"$dir/err"
expect "a cluster is loaded" $? 0
expect "with 64 hash tags" "$(grep -o '"tags":[0-9]*' "$dir/out")" '"tags":64'
"$program" load -c "$dir/cluster.yaml" --tags 1 "$dir/world/relationships.ndjson" >/dev/null 2>&1
expect "and never with one" $? 64
head -1 "$dir/world/events.ndjson" | "$program" explain -c "$dir/cluster.yaml" >"$dir/out" 2>/dev/null
expect "a borrower is found" "$(grep -o '"lookup":"[a-z]*"' "$dir/out")" '"lookup":"found"'
verdicts_of cluster --redis "redis-cluster://127.0.0.1:${ports[2]}"
expect "the verdicts are those without Redis" "$(cmp "$dir/alone/verdicts.ndjson" "$dir/cluster/verdicts.ndjson" && echo same)" same

# Slots go to and fro while messages are judged.
move() { # FROM TO
    redis-cli --cluster reshard "127.0.0.1:${ports[0]}" --cluster-from "$(redis-cli -p "$1" CLUSTER MYID)" \
        --cluster-to "$(redis-cli -p "$2" CLUSTER MYID)" --cluster-slots 1000 --cluster-yes >/dev/null 2>&1
}
{
    move "${ports[0]}" "${ports[1]}"
    move "${ports[1]}" "${ports[2]}"
    touch "$dir/moved"
} &
mover=$!
rounds=0
while [[ ! -e $dir/moved && $rounds -lt 100 ]]; do
    verdicts_of moving --redis "redis-cluster://127.0.0.1:${ports[2]}"
    if [[ $(compare moving) != "0 wrong" ]]; then
        break
    fi
    rounds=$((rounds + 1))
done
wait "$mover"
expect "no verdict is wrong while slots move ($rounds times)" "$(compare moving)" "0 wrong"
verdicts_of cluster --redis "redis-cluster://127.0.0.1:${ports[2]}"
expect "nor one unknown when they have" "$(cmp "$dir/alone/verdicts.ndjson" "$dir/cluster/verdicts.ndjson" && echo same)" same
redis-cli -p "${ports[1]}" FLUSHALL >/dev/null
verdicts_of flushed --redis "redis-cluster://127.0.0.1:${ports[2]}"
expect "no verdict is wrong when a node is emptied" "$(compare flushed)" "0 wrong"

# --- a sentinel -----------------------------------------------------------------------------------

serve "$dir" "${ports[3]}" --save "" --appendonly no
: >"$dir/sentinel.conf"
serve "$dir" "${ports[4]}" "$dir/sentinel.conf" --sentinel
redis-cli -p "${ports[4]}" SENTINEL MONITOR loans 127.0.0.1 "${ports[3]}" 1 >/dev/null
printf '%s\n' 'redis:' '  topology: sentinel' "  address: 127.0.0.1:${ports[4]}" '  master: loans' \
    '  deadline: 5s' >"$dir/sentinel.yaml"
"$program" load -c "$dir/sentinel.yaml" "$dir/world/relationships.ndjson" >/dev/null 2>"$dir/err"
expect "the master that a sentinel names is loaded" $? 0
verdicts_of sentinel --redis "redis-sentinel://127.0.0.1:${ports[4]}/loans"
expect "and judged by" "$(cmp "$dir/alone/verdicts.ndjson" "$dir/sentinel/verdicts.ndjson" && echo same)" same
printf '%s\n' 'redis:' '  topology: sentinel' "  address: 127.0.0.1:${ports[4]}" '  master: nobody' >"$dir/nobody.yaml"
"$program" load -c "$dir/nobody.yaml" "$dir/world/relationships.ndjson" >/dev/null 2>"$dir/err"
expect "a master that no sentinel knows is a mistake in the configuration" "$? $(grep -c 'no master named nobody' "$dir/err")" "78 1"

# --- TLS ------------------------------------------------------------------------------------------

printf '%s\n' 'redis: {tls: {enabled: true}}' >"$dir/tls.yaml"
"$program" check -c "$dir/tls.yaml" >/dev/null 2>"$dir/err"
status=$?
if pkg-config --atleast-version=1.0 hiredis_ssl 2>/dev/null; then
    expect "TLS is there with hiredis 1.0 or later" "$status" 0
else
    expect "without TLS, check says which hiredis this is" \
        "$status $(grep -c 'needs hiredis 1.0 or later.*has hiredis [0-9]' "$dir/err")" "78 1"
fi

((failures == 0))
