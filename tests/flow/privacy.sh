#!/usr/bin/env bash
# privacy.sh BUILD_DIR: a live processor at debug level, with numbers in several spellings: none of them, and no loan's id, is in
# anything that leaves a process but the dead letters: topics, logs, metrics, status page, audit log, reports, what the verbs
# print, command lines. And no process of ours may be dumped. (no_numbers.sh does the same offline, and looks into Redis.)
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: privacy.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/privacy.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP
wrongnumber=$build/wrongnumber
finder=$root/tests/flow/numbers_in.py

check "flow.privacy.stage" stage_set 3000 || exit 1
printf '%02x' {0..31} >"$work/key"
mkdir "$work/seen"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
config=$(write_config private private.in "  relationships: private.relationships
log: {level: debug}
snapshot_interval: 500ms
pseudonym: {key_file: \"$work/key\"}
audit: {directory: \"$work/log\", key_file: \"$work/key\"}
ops: {listen: \"127.0.0.1:$port\"}")
make_topics "$config"
check "flow.privacy.topics" wait_until 10 topic_exists private.relationships
seen() { # seen NAME COMMAND...: what a verb says
    "${@:2}" >"$work/seen/$1.out" 2>"$work/seen/$1.err"
}
check "flow.privacy.load" seen load "$wrongnumber" load -c "$config" "$work/data/relationships.ndjson"
seen load_bad "$wrongnumber" load -c "$config" <(sed 's/"parties"/"partis"/' "$work/data/relationships.ndjson" | head -n 5)
python3 -B "$finder" spell "$work/data/events.ndjson" >"$work/spelled.ndjson"
start_processor "$config"
sed -n 1,300p "$work/data/relationships.ndjson" | python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["recipient"] + "\t" + line, end="")' | produce private.relationships -K '\t'
"$wrongnumber" sync -c "$config" >"$work/seen/sync.out" 2>"$work/seen/sync.err" </dev/null &
sync_pid=$!
pids+=("$sync_pid")
produce private.in <"$work/spelled.ndjson"
{ # what cannot be read, each in its way, with a number in it
    sed -n 1p "$work/spelled.ndjson" | cut -c 1-150
    sed -n 2p "$work/spelled.ndjson" | sed 's/"occurred_at": *"[^"]*"/"occurred_at": "never"/'
    sed -n 3p "$work/spelled.ndjson" | sed 's/"recipient": *"\([^"]*\)"/"recipient": ["\1"]/'
} | produce private.in
check "flow.privacy.all_is_judged" wait_until 60 has_settled private 3000
for page in metrics healthz readyz version ""; do
    curl -s -m 5 "http://127.0.0.1:$port/$page" >"$work/seen/page-${page:-root}"
done
check "flow.privacy.metrics" test -s "$work/seen/page-metrics"
seen watch "$wrongnumber" watch -c "$config" --from beginning --seconds 3 &
watch_pid=$!
seen watch_json "$wrongnumber" watch -c "$config" --from beginning --seconds 2 --json
wait "$watch_pid"
head -n 1 "$work/spelled.ndjson" | seen explain "$wrongnumber" explain -c "$config"
seen check "$wrongnumber" check -c "$config"
if "$wrongnumber" status --help >"$work/help" 2>&1; then
    seen status "$wrongnumber" status -c "$config"
fi
for pid in "$processor_pid" "$sync_pid"; do
    tr '\0' ' ' <"/proc/$pid/cmdline" >"$work/seen/cmdline-$pid"
    check "flow.privacy.no_core_file_of_$([[ $pid == "$sync_pid" ]] && echo sync || echo run)" \
        grep -Eq '^Max core file size +0 +0 ' "/proc/$pid/limits"
done
# The kernel gives what belongs to a process that may not be dumped to root.
dumpable() { [[ $(stat -c %u "/proc/$processor_pid/mem") == 0 && ! -r /proc/$processor_pid/mem ]] || [[ $(id -u) == 0 ]]; }
check "flow.privacy.not_dumpable" dumpable
end_process "$sync_pid"
end_process "$processor_pid"
for topic in verdicts alerts commands state tallies detector-state; do
    fetch "private.$topic" >"$work/seen/topic-$topic"
done
check "flow.privacy.there_are_verdicts" test "$(wc -l <"$work/seen/topic-verdicts")" -gt 2900
incident=$(grep -o '"incident_id\\":\\"[0-9a-f]*' "$work/seen/topic-alerts" | head -n 1 | grep -o '[0-9a-f]*$')
python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["payload"])' <"$work/seen/topic-verdicts" >"$work/seen/verdicts.ndjson"
seen export "$wrongnumber" audit export -c "$config" --incident "$incident" --verdicts "$work/seen/verdicts.ndjson" --out "$work/seen"
check "flow.privacy.report" test -s "$work/seen/incident-$incident.html"
seen verify "$wrongnumber" audit verify -c "$config"
cp "$work"/log/* "$work/private.log" "$work/private.out" "$work/seen/"

mapfile -t everything < <(find "$work/seen" -type f)
check "flow.privacy.no_number_leaves" python3 -B "$finder" find "$work/data" "${everything[@]}"
can_be_found() { # the dead letters are the messages themselves
    fetch private.dead-letter >"$work/dead"
    ! python3 -B "$finder" find "$work/data" "$work/dead" >"$work/found" &&
        ! python3 -B "$finder" find "$work/data" "$work/spelled.ndjson" >"$work/found" && (($(wc -l <"$work/found") > 1500))
}
check "flow.privacy.they_would_be_found" can_be_found
((failures == 0))
