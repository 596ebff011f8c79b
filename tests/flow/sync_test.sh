#!/usr/bin/env bash
# sync_test.sh BUILD_DIR: `wrongnumber sync` between a sandbox broker and a private Redis: records and tombstones change
# what a lookup finds; kill -9, a Redis that comes back with older data, and a broker that is away lose no record; who is
# not kept fresh is unknown, never misdirected.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: sync_test.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/sync.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
topic=collections.relationships.v1
sandbox='' sync=''

clean_up() {
    exec 7>&-
    [[ -z $sync ]] || kill -KILL "$sync" 2>/dev/null
    [[ -z $sandbox ]] || kill "$sandbox" 2>/dev/null
    end_redis
    wait 2>/dev/null
    [[ -n ${KEEP:-} ]] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

redis() { redis-cli -s "$work/redis.sock" "$@"; }

# until_true SECONDS COMMAND...: waits for the command to succeed
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# put NUMBER [LOAN]: a record; without a loan a tombstone
put() {
    if (($# > 1)); then
        printf '%s\t{"recipient":"%s","parties":[{"tenant_id":"acme","loan_id":"%s"}]}\n' "$1" "$1" "$2"
    else
        printf '%s\t\n' "$1"
    fi
}
produce() { kcat -P -b "$brokers" -t "$topic" -K '\t' -Z -X partitioner=murmur2_random 2>/dev/null; }

# verdict NUMBER [LOAN]: of a message to that number
verdict() {
    printf '{"message_id":"m1","recipient":"%s","occurred_at":"2026-11-20T08:00:00Z","tenant_id":"acme","loan_id":"%s"}\n' \
        "$1" "${2:-L1}" | "$build/wrongnumber" explain -c "$work/c.yaml" 2>"$work/explain.err" |
        python3 -c 'import json,sys; e=json.load(sys.stdin); print(e["verdict"])' 2>>"$work/explain.err"
}
is() { [[ $(verdict "$1" "${3:-L1}") == "$2" ]]; }
says() { grep -q "$1" "$work/sync.err"; }

start_sync() {
    "$build/wrongnumber" sync -c "$work/c.yaml" "$@" >"$work/sync.out" 2>>"$work/sync.err" &
    sync=$!
}
end_sync() { # SIGNAL
    kill "-$1" "$sync"
    wait "$sync" 2>/dev/null
    status=$?
    sync=''
}

: >"$work/sync.err"
start_redis
mkfifo "$work/orders"
key=$(printf '%02x' {0..31})
printf '%s\n' "$key" >"$work/key"
printf 'redis:\n  address: unix:%s\n  deadline: 2s\nsync:\n  heartbeat: 2s\npseudonym:\n  key_file: %s\n' \
    "$work/redis.sock" "$work/key" >"$work/c.yaml"
"$build/wrongnumber-bench" sandbox -c "$work/c.yaml" --bootstrap-file "$work/brokers" \
    <"$work/orders" >"$work/sandbox.log" 2>&1 &
sandbox=$!
exec 7>"$work/orders"
until_true 10 test -s "$work/brokers" || exit 1
brokers=$(cat "$work/brokers")
cat >>"$work/c.yaml" <<YAML
kafka:
  bootstrap: $brokers
  properties:
    reconnect.backoff.max.ms: "500"
YAML

# --- beginning ---------------------------------------------------------------------------------------------------------

start_sync
check "without data in force it waits for a load" until_true 5 says "a full load must come first"
end_sync TERM
check "told to end while it waits, it ends with 0" test "$status" -eq 0

{ put +8613800000001 L1; put +8613800000002 L1; put +8613800000003 L1; put +8613800000003; } | produce
start_sync --from beginning
check "--from beginning builds a generation of the topic" until_true 5 is +8613800000001 clear
check "whom a tombstone deleted is a believed miss" until_true 5 is +8613800000003 misdirected
check "a stranger is a believed miss" until_true 5 is +8613800000009 misdirected

# --- changes -----------------------------------------------------------------------------------------------------------

{ put +8613800000004 L1; put +8613800000002; put +8613800000001 L2; } | produce
check "a new record is found" until_true 3 is +8613800000004 clear
check "a tombstone is obeyed" until_true 3 is +8613800000002 misdirected
check "a changed record replaces the one before" until_true 3 is +8613800000001 clear L2
printf '+8613800000005\tnot json\n+8613800000006\t{"recipient":"+8613800000007"}\n' | produce
put +8613800000007 L1 | produce
check "records behind a bad one are applied" until_true 3 is +8613800000007 clear
check "a bad record is told by its place" says "$topic/[0-9]*/[0-9]*: skipped"
check "so is one whose key names somebody else" says "the key names another recipient"
check "nobody's number is in what it says" bash -c "! grep -q 138000 '$work/sync.err'"

# --- one at a time -----------------------------------------------------------------------------------------------------

# Who changes what is in force is one; a full load may come into force beside it, and nobody in the topic is called
# misdirected for it.
check "a delta beside it is refused" bash -c "echo '{\"recipient\":\"+8613800000001\"}' |
    '$build/wrongnumber' load --delta -c '$work/c.yaml' -; test \$? -eq 75"
printf '{"recipient":"+8613800000020","parties":[{"tenant_id":"acme","loan_id":"L1"}]}\n' >"$work/load.ndjson"
: >"$work/said.before"
while verdict +8613800000007; do sleep 0.02; done >>"$work/said.before" 2>/dev/null &
asker=$!
check "a full load beside it goes into force" "$build/wrongnumber" load -c "$work/c.yaml" "$work/load.ndjson"
asked_often() { (($(wc -l <"$work/said.before") > 10)); }
check "it was asked for meanwhile" until_true 30 asked_often
check "and what it named is found" until_true 8 is +8613800000020 clear
check "and what the topic has is found again" until_true 8 is +8613800000007 clear
kill "$asker"
wait "$asker" 2>/dev/null
check "and was never misdirected" bash -c "! grep -q misdirected '$work/said.before'"

# --- dying -------------------------------------------------------------------------------------------------------------

end_sync KILL
{ put +8613800000008 L1; put +8613800000004; } | produce
check "soon after kill -9 a stranger is unknown" until_true 5 is +8613800000009 unknown
check "and so is who is in the cache" is +8613800000001 unknown L2
: >"$work/sync.err"
redis DEL 'wn:{00}:delta' >"$work/del" # its minute would be over soon
start_sync
check "started again it goes on where it stood: records" until_true 5 is +8613800000008 clear
check "started again it goes on where it stood: tombstones" until_true 5 is +8613800000004 misdirected
check "it did not begin anew" bash -c "! grep -q 'from its beginning' '$work/sync.err'"

# --- a Redis that comes back with older data -----------------------------------------------------------------------------

redis SAVE >"$work/save"
{ put +8613800000010 L1; put +8613800000008; } | produce
check "records behind the dump" until_true 3 is +8613800000010 clear
kill -KILL "$server"
wait "$server" 2>/dev/null
check "while Redis is away it waits" until_true 5 says "waiting: "
start_redis
check "the dump is back" test "$(redis EXISTS 'wn:{00}:epoch')" -eq 1
check "what the dump had lost is applied again: records" until_true 8 is +8613800000010 clear
check "what the dump had lost is applied again: tombstones" until_true 8 is +8613800000008 misdirected
redis FLUSHALL >"$work/flush"
check "an emptied Redis: nobody is misdirected" is +8613800000010 unknown
end_sync TERM
sed -i 's/^sync:/&\n  topic_is_whole: true/' "$work/c.yaml"
start_sync
check "an emptied Redis is built anew from the topic" until_true 8 is +8613800000010 clear

# --- a topic that has lost records ---------------------------------------------------------------------------------------

echo "err 1 1 1" >&7
check "lost offsets are told" until_true 8 says "has lost its records from"
check "after them nobody is misdirected" until_true 5 is +8613800000009 unknown
end_sync TERM
start_sync
check "also when it is started again" until_true 5 says "nothing is believed before"
check "still nobody is misdirected" is +8613800000009 unknown
end_sync TERM
start_sync --from beginning
check "a full load heals it" until_true 8 is +8613800000009 misdirected

# --- a load, then sync ----------------------------------------------------------------------------------------------------

end_sync TERM
printf '{"recipient":"+8613800000020","parties":[{"tenant_id":"acme","loan_id":"L1"}]}\n' >"$work/load.ndjson"
put +8613800000021 L1 | produce
check "a load" "$build/wrongnumber" load -c "$work/c.yaml" "$work/load.ndjson"
start_sync
check "after a load the topic's last hour is applied" until_true 8 is +8613800000021 clear
check "to what was loaded" until_true 5 is +8613800000020 clear

# --- Kafka away ----------------------------------------------------------------------------------------------------------

echo "down 1" >&7
check "while Kafka is away nobody is misdirected" until_true 8 is +8613800000009 unknown
echo "up 1" >&7
check "once it is back a miss is believed again" until_true 8 is +8613800000009 misdirected

# --- the source's own heartbeat ------------------------------------------------------------------------------------------

printf '_heartbeat\t{"at":"2026-11-20T08:00:00Z"}\n' | produce
check "a source that is silent for long is not believed" until_true 8 is +8613800000009 unknown
check "which is said" until_true 8 says "the source has sent no heartbeat"
printf '_heartbeat\t{"at":%s000}\n' "$(date +%s)" | produce
check "its next heartbeat brings belief back" until_true 5 is +8613800000009 misdirected

end_sync TERM
check "told to end, it ends with 0" test "$status" -eq 0
check "and gives the lock back" test "$(redis EXISTS 'wn:{00}:delta')" -eq 0
((failures == 0))
