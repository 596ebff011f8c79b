#!/usr/bin/env bash
# alloc_live.sh BUILD_DIR [--long]: the n-th allocation of a live processor's own code fails: it ends with a status of
# sysexits.h, by no signal, or goes on; begun anew, it has every verdict and hold that replay has, and its alerts and commands
# are the fold of the tally log. Short: 12 n's drawn from the first 2,000 by SEED; long: 200 from 5,000; N="17 42": those.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: alloc_live.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/alloc_live.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

RANDOM=${SEED:=$$}
echo "# seed $SEED"
compare() { python3 "$root/tests/real/compare.py" "$@"; }

messages=2400
stage_set "$messages" || {
    fail "fault.env.alloc_live: the stage is set"
    exit 1
}
config=$(write_config starved starved.outbound "complaints: \"on\"
snapshot_interval: 100ms
batch:
  messages: 20")
sed -i 's/^  control:/  complaints: "starved.complaints"\n&/' "$config"
make_topics "$config" || exit 1
"$build/wrongnumber-bench" replay --events "$work/data/events.ndjson" \
    --relationships "$work/data/relationships.ndjson" -c "$config" --out "$work/replay" || exit 1

if [[ -z ${N:-} ]]; then
    for ((i = 0; i < ${long:+188} + 12; i++)); do
        # As many of the first few hundred, where it begins, as of all.
        N+=" $((1 + RANDOM % (i % 2 == 0 ? 400 : ${long:+3000} + 2000)))"
    done
fi
# shellcheck disable=SC2086 # words are wanted
set -- $N
split -n "l/$#" -a 3 -d "$work/data/events.ndjson" "$work/part."

lines=0 wrong=0 died=0
for part in "$work"/part.*; do
    : >"${config%.yaml}.log"
    STARVE_AT=$1 "$build/tests/starved-processor" run -c "$config" >/dev/null 2>"${config%.yaml}.log" </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
    produce starved.outbound <"$part"
    lines=$((lines + $(wc -l <"$part")))
    wait_until "$((2 + RANDOM % 3))" has_ended "$processor_pid" && died=$((died + 1))
    rc=0
    end_process "$processor_pid" || rc=$?
    if ((rc != 0 && (rc < 64 || rc > 78))); then
        echo "  n=$1: it ended with $rc"
        tail -n 6 "${config%.yaml}.log" | sed 's/^/    /'
        wrong=$((wrong + 1))
    fi
    shift
done
check "fault.env.alloc_live.end ($died ended by themselves, $wrong wrongly)" test "$wrong" -eq 0
start_processor "$config"
check "fault.env.alloc_live.settle" await_settled starved "$messages" 60

told() {
    for topic in verdicts alerts commands; do
        fetch "starved.$topic" >"$work/starved.$topic.ndjson"
    done
    broker -C -t starved.tallies -o beginning -e -q -u -f '%p %o %S\n%s' >"$work/starved.frames"
    compare tallies "$work/starved.frames" starved.tallies >"$work/tallies.ndjson"
    "$build/wrongnumber-bench" replay --tallies "$work/tallies.ndjson" -c "$config" --out "$work/refold" 2>/dev/null &&
        compare same "$work/refold/alerts.ndjson" "$work/starved.alerts.ndjson"
}
wait_until 20 told >/dev/null
check "fault.env.alloc_live.ends" end_process "$processor_pid"
check "fault.env.alloc_live.alerts" told
check "fault.env.alloc_live.verdicts" compare verdicts "$work/replay/verdicts.ndjson" "$work/starved.verdicts.ndjson"
check "fault.env.alloc_live.holds" \
    compare holds "$work/replay/quarantine-commands.ndjson" "$work/starved.commands.ndjson"
check "fault.env.alloc_live.commands" compare same "$work/refold/quarantine-commands.ndjson" "$work/starved.commands.ndjson"
((failures == 0))
