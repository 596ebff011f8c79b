#!/usr/bin/env bash
# tsan.sh BUILD_DIR [--long]: ThreadSanitizer over the live pipeline: both halves, complaints, snapshots, a cache that goes
# and comes. BUILD_DIR is of the preset tsan; with another, one is built beside it (long). No race in our own code.
set -uo pipefail
export LC_ALL=C

# ThreadSanitizer wants memory where it expects it.
if [[ -z ${WN_NO_ASLR:-} ]]; then
    WN_NO_ASLR=1 exec setarch -R "$0" "$@"
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: tsan.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
if ! grep -q '^WN_SANITIZE:.*=thread' "$build/CMakeCache.txt"; then
    if [[ -z $long ]]; then
        echo "skip fault.env.tsan (the long form builds with ThreadSanitizer)"
        exit 0
    fi
    build=$build.tsan
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DWN_SANITIZE=thread -DBUILD_TESTING=OFF >/dev/null &&
        nice -n 5 cmake --build "$build" --target wrongnumber wrongnumber-bench >/dev/null || exit 1
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/tsan.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=3000
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$work/c11_threads.so" "$root/tests/fault/env/c11_threads.c" || exit 1

# start_watched CONFIG: a processor whose reports go to $work/report.PID
start_watched() {
    TSAN_OPTIONS="log_path=$work/report suppressions=$root/tests/fault/env/tsan.supp exitcode=0 history_size=4" \
        "$build/wrongnumber" run -c "$1" >>"${1%.yaml}.out" 2>>"${1%.yaml}.log" </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
}

export LD_PRELOAD=$work/c11_threads.so
# Of the stage's own programs nothing is asked.
export TSAN_OPTIONS=report_bugs=0
stage_set "$messages" || {
    fail "fault.env.tsan: the stage is set"
    tail -n 5 "$work"/*.log
    exit 1
}
config=$(write_config watched watched.outbound 'complaints: "on"
snapshot_interval: 200ms
batch:
  messages: 100')
sed -i 's/^  control:/  complaints: "watched.complaints"\n&/' "$config"
make_topics "$config" || exit 1
split -n l/4 -d "$work/data/events.ndjson" "$work/part."
lines=0
for part in "$work"/part.*; do
    start_watched "$config"
    produce watched.outbound <"$part"
    seq -f '%.0f' $((lines + 1)) $((lines + 200)) | awk '{
        printf "{\"complaint_id\": \"c%d\", \"occurred_at\": \"2024-06-11T08:00:00Z\", ", $1
        printf "\"recipient\": \"+86138%08d\", \"tenant_id\": \"t%d\", \"kind\": \"stop\"}\n", $1, $1 % 5
    }' | produce watched.complaints
    kill -STOP "$redis_pid"
    sleep 1
    kill -CONT "$redis_pid"
    lines=$((lines + $(wc -l <"$part")))
    check "fault.env.tsan.settles" await_settled watched "$lines" 120
    [[ -z $long ]] || sleep 60
    check "fault.env.tsan.ends" end_process "$processor_pid"
done
reports=$(cat "$work"/report.* 2>/dev/null | grep -c '^SUMMARY')
cat "$work"/report.* 2>/dev/null | grep -A60 -m3 '^WARNING'
check "fault.env.tsan.races ($reports reports)" test "$reports" -eq 0
((failures == 0))
