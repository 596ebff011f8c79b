#!/usr/bin/env bash
# tsan.sh BUILD_DIR [--long]: ThreadSanitizer over the live pipeline: both halves, complaints, people's commands, snapshots, the
# audit log, policies that are read anew, a cache that goes and comes, and somebody who looks all the time. BUILD_DIR is of the preset tsan; with another, one is built beside it (long). No race in our own code.
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
# shellcheck source=tests/support/redis_ports.sh
source "$root/tests/support/redis_ports.sh"
redis_answers() { [[ $(redis ping 2>/dev/null) == PONG ]]; }
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
port=$(free_ports 1)
config=$(write_config watched watched.outbound "complaints: \"on\"
snapshot_interval: 200ms
audit:
  directory: \"$work/audit\"
ops:
  listen: 127.0.0.1:$port
batch:
  messages: 100")
sed -i 's/^  control:/  complaints: "watched.complaints"\n&/' "$config"
cp "$config" "$work/good.yaml"
sed 's/mode: enforce/mode: perhaps/' "$config" >"$work/bad.yaml"
# Everything that is answered, over and over, by two at a time.
look() {
    local path
    while :; do
        for path in metrics "" readyz healthz version; do
            curl -s --max-time 20 "http://127.0.0.1:$port/$path" >"$work/seen.$1"
        done
        sleep 0.1
    done
}
look 1 &
pids+=("$!")
look 2 &
pids+=("$!")
told() { curl -s --max-time 20 "http://127.0.0.1:$port/metrics" | grep -q "$1"; }
refused_is_told() { told '^wrongnumber_config_reloads_total{outcome="refused"} [1-9]' && told '^wrongnumber_config_last_reload_successful 1$'; }
commands_are_taken() { told '^wrongnumber_aside_records_total{half="control"} 2$'; }
# people N: what they command while messages are judged; a policy is refused and one is taken.
people() {
    wait_until 60 told '^wrongnumber_half_running{half="judge"} 1$' || return
    TSAN_OPTIONS=report_bugs=0 "$build/wrongnumber" hold -c "$config" --scope campaign --id "mine$1" --tenant t1 --for 1h \
        --operator ann --reason tsan
    cp "$work/bad.yaml" "$config" && kill -HUP "$processor_pid"
    wait_until 60 told '^wrongnumber_config_last_reload_successful 0$'
    cp "$work/good.yaml" "$config" && kill -HUP "$processor_pid"
    TSAN_OPTIONS=report_bugs=0 "$build/wrongnumber" release -c "$config" --scope campaign --id "mine$1" --tenant t1 --at-once \
        --operator ann --reason tsan
} >>"$work/people.log" 2>&1
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
    people "$lines" &
    people_pid=$!
    kill -STOP "$redis_pid"
    sleep 1
    kill -CONT "$redis_pid"
    lines=$((lines + $(wc -l <"$part")))
    check "fault.env.tsan.settles" await_settled watched "$lines" 120
    wait "$people_pid"
    check "fault.env.tsan.refused" wait_until 60 refused_is_told
    check "fault.env.tsan.commands" wait_until 60 commands_are_taken
    [[ -z $long ]] || sleep 60
    check "fault.env.tsan.ends" end_process "$processor_pid"
done
reports=$(cat "$work"/report.* 2>/dev/null | grep -c '^SUMMARY')
cat "$work"/report.* 2>/dev/null | grep -A60 -m3 '^WARNING'
check "fault.env.tsan.races ($reports reports)" test "$reports" -eq 0
((failures == 0))
