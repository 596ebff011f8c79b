#!/usr/bin/env bash
# alloc.sh BUILD_DIR [--long]: allocation failure at every n. Each verb that works on files or Redis runs again and again,
# the n-th allocation of our own code failing in the n-th run (starved.c): it ends with a status of sysexits.h and a text,
# or has written the same bytes as with all memory. --long: also each n with all that follow failing. ONLY=NAME: one verb.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: alloc.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/alloc.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../../support/flow.sh"

clean_up() {
    end_redis
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

processor=$build/tests/starved-processor
bench=$build/tests/starved-bench

step=${STEP:-${long:+1}}
step=${step:-3}

# sweep NAME FILES COMMAND...: FILES must be the same as with all memory. The short form takes every third n.
sweep() {
    local name=$1 files=$2 on
    shift 2
    [[ -z ${ONLY:-} || $ONLY == "$name" ]] || return 0
    for on in 0 ${long:+1}; do
        mkdir "$work/$name.$on" && cd "$work/$name.$on" || exit 1
        if STARVE_SWEEP=1:0:$step STARVE_ON=$on STARVE_SAME=$files STARVE_THEN=${then:-true} \
            STARVE_ELSE=${or:-false} STARVE_STDIN=${input:-/dev/null} \
            nice -n 5 "$@" >"$work/said" 2>&1; then
            echo "ok fault.alloc.$name.$([[ $on == 1 ]] && echo all_behind || echo one) ($(tail -n 1 "$work/said"))"
        else
            sed 's/^/  /' "$work/said"
            echo "not ok fault.alloc.$name.$on"
            failures=$((failures + 1))
        fi
    done
    cd "$work" || exit 1
}

out='out/verdicts.ndjson out/alerts.ndjson out/quarantine-commands.ndjson out/dead-letter.ndjson out/quarantine-state.ndjson out/control-state.ndjson'
data=$work/data
"$build/wrongnumber-bench" generate --seed 7 --messages 400 --tenants 2 --campaigns 3 \
    --incident wrong_list:at=40%,size=80 --out "$data" >/dev/null || exit 1
printf '%s\n' '{"message_id": 7}' 'no json' '{"payload":"x","topic":"t","partition":0,"offset":1,"ts":1}' >>"$data/events.ndjson"
seq 1 12 | awk '{
    printf "{\"complaint_id\": \"c%d\", \"occurred_at\": \"2026-03-02T08:00:00Z\", \"tenant_id\": \"tenant-1\", ", $1
    printf "\"recipient\": \"+86138%08d\", \"kind\": \"stop\"}\n", $1
}' >"$data/complaints.ndjson"
start_redis
cat >"$work/config.yaml" <<CONFIG
complaints: "on"
redis:
  address: unix:$work/redis.sock
  deadline: 2s
CONFIG
"$build/wrongnumber" load -c "$work/config.yaml" "$data/relationships.ndjson" >/dev/null 2>&1 || exit 1

# A lookup that had no room is one that did not happen: what it would have told is unknown, and nothing else is different.
# shellcheck disable=SC2016 # for the shell that starved.c calls
unknown='test $(wc -l <again/out/verdicts.ndjson) -eq $(wc -l <whole/out/verdicts.ndjson) &&
    ! diff whole/out/verdicts.ndjson again/out/verdicts.ndjson | grep "^>" |
    grep -qv "\"verdict\":\"unknown\",\"reasons\":\[\"cache_unreachable\"\].*}$"'

sweep check stdout "$processor" check -c "$work/config.yaml" --print
sweep check_all stdout "$processor" check -c "$work/config.yaml"
sweep describe stdout "$processor" check --describe
head -n 1 "$data/events.ndjson" >"$work/event"
or='grep -q "\"verdict\":\"unknown\",\"reasons\":\[\"cache_unreachable\"\].*}$" again/stdout' input=$work/event \
    sweep explain stdout "$processor" explain -c "$work/config.yaml"
sweep generate 'out/events.ndjson out/relationships.ndjson out/labels.ndjson out/scenario.json' \
    "$bench" generate --seed 7 --messages 60 --tenants 2 --campaigns 3 --incident wrong_list:at=40%,size=20 --out out
or=$unknown sweep replay "$out" "$bench" replay --events "$data/events.ndjson" --relationships "$data/relationships.ndjson" \
    --complaints "$data/complaints.ndjson" -c "$work/config.yaml" --out out --restart 50 --frame 4
or=$unknown sweep replay_redis "$out" "$bench" replay --events "$data/events.ndjson" --redis "unix:$work/redis.sock" \
    -c "$work/config.yaml" --out out

# Whatever became of a load: the data that are in force are whole. What a run that failed has locked runs out by itself.
cat >"$work/whole" <<WHOLE
redis-cli -s "$work/redis.sock" --scan --pattern '*lock*' | xargs -r redis-cli -s "$work/redis.sock" DEL >/dev/null
"$build/wrongnumber-bench" replay --events "$data/events.ndjson" --redis "unix:$work/redis.sock" -c "$work/config.yaml" \
    --out "$work/now" >/dev/null 2>&1 && cmp -s "$work/now/verdicts.ndjson" "$work/then/verdicts.ndjson"
WHOLE
"$build/wrongnumber-bench" replay --events "$data/events.ndjson" --redis "unix:$work/redis.sock" -c "$work/config.yaml" \
    --out "$work/then" >/dev/null 2>&1 || exit 1
then="sh $work/whole" sweep load "" "$processor" load -c "$work/config.yaml" "$data/relationships.ndjson"
# Nor does --skip-bad leave out whoever there was no memory for.
then="sh $work/whole" sweep load_skip_bad "" "$processor" load --skip-bad -c "$work/config.yaml" "$data/relationships.ndjson"
((failures == 0))
