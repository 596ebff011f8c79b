#!/usr/bin/env bash
# determinism.sh BUILD_DIR: made-up days with incidents, replayed: verdicts and reasons are the generator's, and the same
# input gives the same bytes: twice, in any batches, with fewer verdict lines, from memory and from Redis, and with the
# detect half saved and restored on the way.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: determinism.sh BUILD_DIR}" && pwd)
bench=$build/wrongnumber-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/determinism.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
files=(verdicts alerts quarantine-commands quarantine-state control-state dead-letter)

clean_up() {
    end_redis
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# same_files LEFT RIGHT FILE...
same_files() {
    local left=$1 right=$2 file rc=0
    shift 2
    for file; do
        cmp "$left/$file" "$right/$file" || rc=1
    done
    return "$rc"
}

# generate SEED OUT
generate() {
    "$bench" generate --seed "$1" --messages 12000 --tenants 3 --campaigns 20 \
        --incident wrong_list:at=20%,size=300 --incident closed_loans:at=40%,size=300 \
        --incident recycled_numbers:at=50%,size=300 --incident number_walking:at=60%,size=200 \
        --incident shifted_column:at=80%,size=200 --incident broad_rule:at=30%,size=300 \
        --incident feed_lag:at=70%,size=200 --out "$2"
}

# replay DAY OUT OPTION...
replay() {
    local day=$1 out=$2
    shift 2
    "$bench" replay -c "$work/config.yaml" --events "$day/events.ndjson" --out "$out" "$@"
}

# Verdicts and reasons of a run beside the labels of the day.
compare_labels() {
    python3 -B "$here/compare_labels.py" "$1/labels.ndjson" "$2"
}

# replays_without_lines DAY FIRST OUT: with fewer verdict lines everything else is the same; those that are left are of
# FIRST, whose misdirected ones are all that is flagged by the default policy.
replays_without_lines() {
    local day=$1 first=$2 out=$3 which rc=0 others=("${files[@]:1}")
    for which in flagged none; do
        replay "$day" "$out-$which" --relationships "$day/relationships.ndjson" --verdicts "$which" &&
            same_files "$first" "$out-$which" "${others[@]/%/.ndjson}" || rc=1
    done
    grep '"verdict":"misdirected"' "$first/verdicts.ndjson" | cmp - "$out-flagged/verdicts.ndjson" || rc=1
    [[ -e $out-none/verdicts.ndjson && ! -s $out-none/verdicts.ndjson ]] || rc=1
    diff <(counts_of "$first") <(counts_of "$out-none") || rc=1
    return "$rc"
}

# What a run has counted, without its times.
counts_of() {
    python3 -B -c 'import json, sys
told = json.load(open(sys.argv[1]))
print({key: told[key] for key in ("messages", "verdicts", "reasons", "frames", "incidents", "alerts")})' "$1/summary.json"
}

one_seed() {
    local seed=$1 day=$work/day-$1 out=$work/out-$1 batch frames
    local memory=(--relationships "$day/relationships.ndjson")
    mkdir "$out"
    printf 'redis:\n  address: unix:%s\n  prefix: day%s\n' "$work/redis.sock" "$seed" >"$work/config.yaml"
    check "flow.determinism.$seed.generate" generate "$seed" "$day"
    generate "$seed" "$work/again-$seed"
    check "flow.determinism.$seed.generate_twice" same_files "$day" "$work/again-$seed" \
        events.ndjson relationships.ndjson labels.ndjson scenario.json
    check "flow.determinism.$seed.replay" replay "$day" "$out/first" "${memory[@]}"
    check "flow.determinism.$seed.labels" compare_labels "$day" "$out/first"
    check "flow.determinism.$seed.incidents" test -s "$out/first/alerts.ndjson"
    replay "$day" "$out/twice" "${memory[@]}"
    check "flow.determinism.$seed.twice" same_files "$out/first" "$out/twice" "${files[@]/%/.ndjson}"
    check "flow.determinism.$seed.verdict_lines" replays_without_lines "$day" "$out/first" "$out/lines"
    for batch in 1 100 5000; do
        replay "$day" "$out/batch-$batch" "${memory[@]}" --batch "$batch"
        check "flow.determinism.$seed.batch_$batch" same_files "$out/first" "$out/batch-$batch" "${files[@]/%/.ndjson}"
    done
    for frames in 7 1000; do
        replay "$day" "$out/restart-$frames" "${memory[@]}" --restart "$frames"
        check "flow.determinism.$seed.restart_$frames" same_files "$out/first" "$out/restart-$frames" \
            "${files[@]/%/.ndjson}"
    done
    check "flow.determinism.$seed.load" \
        "$build/wrongnumber" load -c "$work/config.yaml" "$day/relationships.ndjson"
    for batch in 100 5000; do
        replay "$day" "$out/redis-$batch" --redis "unix:$work/redis.sock" --batch "$batch"
        check "flow.determinism.$seed.redis_$batch" same_files "$out/first" "$out/redis-$batch" \
            "${files[@]/%/.ndjson}"
    done
}

start_redis

for seed in 1 2 3; do
    one_seed "$seed"
done
((failures == 0))
