#!/usr/bin/env bash
# clock.sh BUILD_DIR: the time of day of a live processor jumps an hour ahead, back, and an hour behind, and it is restarted
# in between. Verdicts and holds are replay's, alerts and commands are the offline fold of the tally log, log time never goes
# back in what is told, and whatever waits does so by a clock that only goes on: it ends in time.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: clock.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/clock.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

hour=3600000
compare() { python3 "$root/tests/real/compare.py" "$@"; }
shift_clock() { printf '%d\n' "$1" >"$work/now" && mv "$work/now" "$work/offset"; }

# start_shifted CONFIG: a processor whose time of day is what $work/offset says beside the machine's
start_shifted() {
    CLOCK_FILE=$work/offset LD_PRELOAD=$work/clock.so "$build/wrongnumber" run -c "$1" >>"${1%.yaml}.out" \
        2>>"${1%.yaml}.log" </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
}

# Ends the processor while its clock jumps; prints what took longer than it may.
end_while() {
    local begin=$SECONDS rc=0 jump
    { sleep 0.1 && shift_clock "$1"; } &
    jump=$!
    end_process "$processor_pid" || rc=$?
    wait "$jump"
    ((SECONDS - begin <= 20)) || echo "it took $((SECONDS - begin)) s to end"
    return "$rc"
}

read_topics() {
    for topic in verdicts alerts commands; do
        fetch "shifted.$topic" >"$work/shifted.$topic.ndjson"
    done
    broker -C -t shifted.tallies -o beginning -e -q -u -f '%p %o %S\n%s' >"$work/shifted.frames"
    compare tallies "$work/shifted.frames" shifted.tallies >"$work/tallies.ndjson"
}
fold_again() { "$build/wrongnumber-bench" replay --tallies "$work/tallies.ndjson" -c "$config" --out "$work/refold"; }
is_told() { read_topics && fold_again && compare same "$work/refold/alerts.ndjson" "$work/shifted.alerts.ndjson"; }

# The times in what was told, in the order of each partition, never go back.
times_go_on() {
    python3 - "$@" <<'PYTHON'
import json, sys
wrong = 0
for path in sys.argv[1:]:
    last = {}
    for line in open(path):
        record = json.loads(line)
        value = json.loads(record["payload"]) if record.get("payload") else {}
        at = value.get("issued_at")
        if at is None or value.get("target", {}).get("kind") == "message":
            continue
        # All of a tenant's scopes live in one tally partition, which tells in log order.
        key = value["target"]["tenant_id"]
        wrong += at < last.get(key, "")
        last[key] = at
sys.exit(wrong > 0)
PYTHON
}

shift_clock 0
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$work/clock.so" "$root/tests/fault/env/clock.c" || exit 1
stage_set 3000 || {
    fail "fault.env.clock: the stage is set"
    exit 1
}
config=$(write_config shifted shifted.outbound "batch:
  messages: 50
snapshot_interval: 200ms")
make_topics "$config" || exit 1
"$build/wrongnumber-bench" replay --events "$work/data/events.ndjson" \
    --relationships "$work/data/relationships.ndjson" -c "$config" --out "$work/replay" || exit 1
split -n l/6 -d "$work/data/events.ndjson" "$work/part."
lines=0 at=0
steps=(0 "$hour" 0 "$((-hour + 60000))" 0 90000)
start_shifted "$config"
for part in "$work"/part.*; do
    shift_clock "${steps[at]}"
    produce shifted.outbound <"$part"
    lines=$((lines + $(wc -l <"$part")))
    check "fault.env.clock.settles_at_${steps[at]}_ms" await_settled shifted "$lines" 60
    at=$((at + 1))
    if ((at == 2 || at == 4)); then
        check "fault.env.clock.ends_while_it_jumps" end_while "$((at == 2 ? -hour : hour))"
        start_shifted "$config"
    fi
done
# The judge half is done. The detect half has everything told that comes of its log, or fails below.
wait_until 60 is_told >/dev/null 2>&1 || true
check "fault.env.clock.ends" end_process "$processor_pid"
read_topics
check "fault.env.clock.verdicts" compare verdicts "$work/replay/verdicts.ndjson" "$work/shifted.verdicts.ndjson"
check "fault.env.clock.holds" compare holds "$work/replay/quarantine-commands.ndjson" "$work/shifted.commands.ndjson"
check "fault.env.clock.folds" fold_again
check "fault.env.clock.alerts" compare same "$work/refold/alerts.ndjson" "$work/shifted.alerts.ndjson"
check "fault.env.clock.commands" compare same "$work/refold/quarantine-commands.ndjson" "$work/shifted.commands.ndjson"
check "fault.env.clock.log_time_goes_on" times_go_on "$work/shifted.commands.ndjson"
check "fault.env.clock.incident" compare incident "$work/data/scenario.json" "$work/shifted.alerts.ndjson" "$work/shifted.commands.ndjson"
((failures == 0))
