#!/usr/bin/env bash
# audit.sh BUILD_DIR: a live processor with an audit log: whatever is commanded stands there, through kill -9 and through a
# disk that is full for a while; and `audit verify` names what is changed afterwards.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: audit.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/audit.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP
oracle=$root/tests/flow/audit_oracle.py
wrongnumber=$build/wrongnumber

check "flow.audit.stage" stage_set 4000 || exit 1
printf '%02x' {0..31} >"$work/key"
config=$(write_config audited audited.in "audit:
  directory: \"$work/log\"
  key_file: \"$work/key\"
  file_size: 100KiB")
check "flow.audit.topics" make_topics "$config"
head -n 3200 "$work/data/events.ndjson" | produce audited.in
# The log may grow to 60 KiB and no further.
(
    ulimit -S -f 60
    exec "$wrongnumber" run -c "$config" >"$work/audited.out" 2>"$work/audited.log" </dev/null
) &
processor_pid=$!
pids+=("$processor_pid")

stands_still() { grep -q 'nothing is commanded until it can be written' "$work/audited.log"; }
check "flow.audit.full_disk_is_told" wait_until 30 stands_still
check "flow.audit.full_disk_ends_nothing" is_running "$processor_pid"
# What went out until now is in the log.
fetch audited.commands >"$work/commands.ndjson"
fetch audited.alerts >"$work/alerts.ndjson"
audited_count() { python3 -B "$oracle" match "$work/key" "$work/log" "$work/commands.ndjson" "$work/alerts.ndjson"; }
check "flow.audit.nothing_goes_unaudited" audited_count
prlimit --pid "$processor_pid" --fsize=unlimited
check "flow.audit.goes_on_with_room" wait_until 60 has_settled audited 3200

end_process "$processor_pid" KILL
printf '{"seq":9999,"at":"2026' >>"$(find "$work/log" -name 'audit-*' | sort | tail -n 1)" # as a crash may leave it
check "flow.audit.torn_end_is_named" grep -q 'it is cut off' <("$wrongnumber" audit verify -c "$config" 2>/dev/null)
tail -n +3201 "$work/data/events.ndjson" | produce audited.in
start_processor "$config"
check "flow.audit.after_kill" wait_until 60 has_settled audited 4000
check "flow.audit.torn_end_is_told" grep -q 'cut 22 bytes' "$work/audited.log"
two_writers() {
    local rc=0
    "$wrongnumber" run -c "$config" >"$work/second.out" 2>"$work/second.log" </dev/null || rc=$?
    [[ $rc == 75 ]] && grep -q 'another process writes here' "$work/second.log"
}
check "flow.audit.one_process_a_folder" two_writers
check "flow.audit.while_it_runs" "$wrongnumber" audit verify -c "$config"
end_process "$processor_pid"

fetch audited.commands >"$work/commands.ndjson"
fetch audited.alerts >"$work/alerts.ndjson"
check "flow.audit.other_code_agrees" audited_count
check "flow.audit.it_is_much" test "$(audited_count)" -gt 400
head=$(grep -o 'head [0-9a-f]*:[0-9]*:[0-9a-f]*' "$work/audited.log" | tail -n 1 | cut -c 6-)
check "flow.audit.verify" "$wrongnumber" audit verify -c "$config" --head "$head"
check "flow.audit.verify_needs_the_key" test "$("$wrongnumber" audit verify "$work/log" 2>/dev/null | tail -n 1 | cut -c -6)" = "NOT ok"

# named OFFSET FILE: one bit of that byte is changed and back again
named() {
    local line
    line=$(python3 -B "$oracle" flip "$2" "$1")
    "$wrongnumber" audit verify -c "$config" >"$work/verify.out" 2>/dev/null
    local rc=$?
    python3 -B "$oracle" flip "$2" "$1" >/dev/null
    ((rc == 65)) && head -n 1 "$work/verify.out" | grep -q "^$(basename "$2"):$line: record "
}
for offset in 1 700 5000 20001; do
    check "flow.audit.flipped_byte_$offset" named "$offset" "$work/log/audit-00000002.ndjson"
done
last=$(find "$work/log" -name 'audit-*' | sort | tail -n 1)
cp "$last" "$work/kept"
head -n 1 "$work/kept" >"$last"
check "flow.audit.cut_end" grep -q 'cut off' <("$wrongnumber" audit verify -c "$config" --head "$head" 2>/dev/null)
cp "$work/kept" "$last"
mv "$work/log/audit-00000002.ndjson" "$work/away"
check "flow.audit.missing_file" grep -q '^audit-00000002.ndjson: the file is missing' <("$wrongnumber" audit verify -c "$config" 2>/dev/null)
((failures == 0))
