#!/usr/bin/env bash
# cycles.sh BUILD_DIR [--long]: a processor under load that is started and told to end at random moments, every other time
# without Redis. Each ends with 0, by no signal; in a build with ASan nothing leaks. At last every message has its verdict.
# The seed is printed; SEED=N plays it again. Short: 8 cycles; long: 100, CYCLES=N: so many.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: cycles.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/cycles.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

RANDOM=${SEED:=$$}
echo "# seed $SEED"
cycles=${CYCLES:-${long:+100}}
cycles=${cycles:-8}
messages=4000

stage_set "$messages" || {
    fail "fault.env.cycles: the stage is set"
    exit 1
}
redis save >/dev/null
config=$(write_config cycles cycles.outbound 'complaints: "on"
snapshot_interval: 100ms
batch:
  messages: 50')
sed -i 's/^  control:/  complaints: "cycles.complaints"\n&/' "$config"
make_topics "$config" || exit 1
split -n "l/$cycles" -a 3 -d "$work/data/events.ndjson" "$work/part."

# One cycle: prints what is wrong with it.
cycle() {
    local part=$1 away=$2 rc=0
    : >"${config%.yaml}.log"
    if [[ -n $away ]]; then
        end_process "$redis_pid" KILL 2>/dev/null
    fi
    ASAN_OPTIONS="log_path=$work/asan:${ASAN_OPTIONS:-}" start_processor "$config"
    produce cycles.outbound <"$part"
    # Before that a signal is death by it.
    wait_until 20 grep -q 'run: wrongnumber' "${config%.yaml}.log" || echo "it does not begin"
    sleep "$((RANDOM % 3)).$((RANDOM % 10))"
    end_process "$processor_pid" || rc=$?
    if [[ -n $away ]]; then
        start_redis || echo "Redis does not start again"
    fi
    if ((rc != 0)) || compgen -G "$work/asan.*" >/dev/null; then
        printf 'it ended with %d\n' "$rc"
        tail -n 12 "${config%.yaml}.log"
        head -n 40 "$work"/asan.* 2>/dev/null
        rm -f "$work"/asan.*
        return 1
    fi
}

wrong=0 n=0
for part in "$work"/part.*; do
    away=
    ((n % 2 == 0)) || away=1
    if ! cycle "$part" "$away" >"$work/said"; then
        sed "s/^/  cycle $n: /" "$work/said"
        wrong=$((wrong + 1))
    fi
    n=$((n + 1))
done
check "fault.env.cycles.end ($wrong of $n ended wrongly)" test "$wrong" -eq 0
start_processor "$config"
check "fault.env.cycles.settle" await_settled cycles "$messages" 120
check "fault.env.cycles.ends" end_process "$processor_pid"
((failures == 0))
