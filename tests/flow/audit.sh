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
# The first sync fails, and what was written before it is gone. Later on the log may grow to 60 KiB and no further.
(
    ulimit -S -f 60
    WN_LOST_SYNC=1 exec "$wrongnumber-failpoints" run -c "$config" >"$work/audited.out" 2>"$work/audited.log" </dev/null
) &
processor_pid=$!
pids+=("$processor_pid")

stands_still() { grep -q 'nothing is commanded until it can be written' "$work/audited.log"; }
check "flow.audit.full_disk_is_told" wait_until 30 stands_still
check "flow.audit.full_disk_ends_nothing" is_running "$processor_pid"
check "flow.audit.lost_pages_are_told" wait_until 10 grep -q 'the file was written once more; nothing of it is lost' "$work/audited.log"
# What went out until now is in the log.
fetch audited.commands >"$work/commands.ndjson"
fetch audited.alerts >"$work/alerts.ndjson"
audited_count() { python3 -B "$oracle" match "$work/key" "$work/log" "$work/commands.ndjson" "$work/alerts.ndjson"; }
check "flow.audit.nothing_goes_unaudited" audited_count
prlimit --pid "$processor_pid" --fsize=unlimited
check "flow.audit.goes_on_with_room" wait_until 60 has_settled audited 3200
# The detect half comes after the judge half; the next start begins a new file, and what is purged are the files before the last.
check "flow.audit.incident" wait_until 60 grep -qs '"type":"incident.opened".*"tier":"quarantine"' "$work"/log/audit-*.ndjson

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
sed -i 's/^  mode: enforce$/&\n  hold_cap: 19/' "$config"
kill -HUP "$processor_pid"
check "flow.audit.new_policy" wait_until 10 grep -q 'SIGHUP: policy .* is in force' "$work/audited.log"
end_process "$processor_pid"
check "flow.audit.new_policy_is_named" test "$(cat "$work"/log/audit-*.ndjson | grep -o '"policy_version":"[0-9a-f]*","sha256"' | sort -u | wc -l)" = 2

fetch audited.commands >"$work/commands.ndjson"
fetch audited.alerts >"$work/alerts.ndjson"
check "flow.audit.other_code_agrees" audited_count
check "flow.audit.it_is_much" test "$(audited_count)" -gt 400
head=$(grep -o 'head [0-9a-f]*:[0-9]*:[0-9a-f]*' "$work/audited.log" | tail -n 1 | cut -c 6-)
check "flow.audit.verify" "$wrongnumber" audit verify -c "$config" --head "$head"
check "flow.audit.verify_needs_the_key" test "$("$wrongnumber" audit verify "$work/log" 2>/dev/null | tail -n 1 | cut -c -6)" = "NOT ok"

# --- an incident's report ----------------------------------------------------------------------

incident=$(python3 -c 'import json,sys; print(next(a["incident_id"] for a in (json.loads(json.loads(l)["payload"]) for l in open(sys.argv[1]))
    if a["type"] == "incident.opened" and a["tier"] == "quarantine"))' "$work/alerts.ndjson")
fetch audited.verdicts | python3 -c 'import json,sys
for line in sys.stdin: print(json.loads(line)["payload"])' >"$work/verdicts.ndjson"
check "flow.audit.export" "$wrongnumber" audit export -c "$config" --incident "$incident" --verdicts "$work/verdicts.ndjson" \
    --zone +08:00 --out "$work/report"
check "flow.audit.report" python3 -B "$root/tests/flow/audit_report.py" "$work/report/incident-$incident.json" \
    "$work/report/incident-$incident.html" "$work/data" "$work/commands.ndjson"
# One incident, one number each: what `status` says of it is what the report says.
agrees() {
    "$wrongnumber" status -c "$config" --incident "$incident" --json >"$work/status.json" &&
        "$wrongnumber" status -c "$config" --incident "$incident" >"$work/status.txt" || return 1
    python3 - "$work/report/incident-$incident" "$work/status" <<'END'
import json, pathlib, sys
report, page = json.load(open(sys.argv[1] + ".json")), pathlib.Path(sys.argv[1] + ".html").read_text("utf-8")
status, text = json.load(open(sys.argv[2] + ".json")), pathlib.Path(sys.argv[2] + ".txt").read_text("utf-8")
impact = status["incidents"][0]["last_alert"]["impact"]
escaped, held, people = impact["escaped"], impact["held"], impact["distinct_recipients"]
assert report["messages"] == {"escaped": escaped, "held": held}, (report["messages"], impact)
assert report["people"]["distinct_recipients"] == people <= escaped + held, (report["people"], impact)
least = "at least " if impact.get("distinct_is_lower_bound") else ""
assert f"escaped {escaped} | held {held} | people {least}about {people} |" in text, text[:2000]
assert f"<th>Escaped</th><td>{escaped} " in page and f"<th>Held</th><td>{held} " in page, page[:4000]
assert f"<th>People, {least}about</th><td>{people} " in page
for name, is_reached in (("reached", True), ("spared", False)):
    count = sum(m["reached"] is is_reached for m in status["messages"])
    assert count == report[name]["messages"], (name, count, report[name]["messages"])
    assert f"{name}: {count} misdirected messages to {report[name]['people']} people" in text
END
}
check "flow.audit.status_agrees" agrees
check "flow.audit.export_from_topics" "$wrongnumber" audit export -c "$config" --incident "$incident" --from-topics --out "$work/topics"
check "flow.audit.topics_tell_the_same" python3 -B "$root/tests/flow/audit_report.py" "$work/topics/incident-$incident.json" \
    "$work/topics/incident-$incident.html" "$work/data" "$work/commands.ndjson" "$work/report/incident-$incident.json"
check "flow.audit.no_such_incident" test "$("$wrongnumber" audit export -c "$config" --incident "${incident//[0-9]/0}" 2>/dev/null; echo $?)" = 66

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
mv "$work/away" "$work/log/audit-00000002.ndjson"

# --- how long records are kept -----------------------------------------------------------------

check "flow.audit.runbook_says_how_long" python3 -B "$root/tests/flow/retention.py" "$root/deploy/RUNBOOK.md" \
    < <("$wrongnumber" topics --json -c "$config" 2>/dev/null)

by=(--operator ann --reason "PIPL Art. 19")
check "flow.audit.hold" "$wrongnumber" audit hold add -c "$config" --incident "$incident" "${by[@]}"
check "flow.audit.hold_is_listed" grep -q "\"incident_id\":\"$incident\".*\"by\":\"ann\"" <("$wrongnumber" audit hold list -c "$config")
dry_run() { [[ $("$wrongnumber" audit purge -c "$config" --keep 0d "${by[@]}" --dry-run) == "would take out "[1-9]* ]]; }
check "flow.audit.purge_dry_run" dry_run
# count KIND: records of that kind that still have their content, in all files but the last one
count() {
    local files
    mapfile -t files < <(find "$work/log" -name 'audit-*' | sort | head -n -1)
    cat "${files[@]}" | grep -c "\"kind\":\"$1\".*\"record\":{"
}
message_commands=$(count message_command)
check "flow.audit.purge" "$wrongnumber" audit purge -c "$config" --keep 0d "${by[@]}"
check "flow.audit.others_message_commands_are_gone" test "$(count message_command)" -lt "$message_commands"
check "flow.audit.held_message_commands_stay" test "$(count message_command)" -gt 0
check "flow.audit.held_alerts_stay" test "$(count alert)" -gt 0
check "flow.audit.purged_and_verified" "$wrongnumber" audit verify -c "$config" --head "$head"
check "flow.audit.held_incident_is_whole" python3 -B "$root/tests/flow/audit_report.py" \
    <("$wrongnumber" audit export -c "$config" --incident "$incident" --verdicts "$work/verdicts.ndjson" --out "$work/again" >/dev/null
        cat "$work/again/incident-$incident.json") "$work/again/incident-$incident.html" "$work/data" "$work/commands.ndjson"
check "flow.audit.other_code_agrees_still" python3 -B "$oracle" check "$work/key" "$work/log"
cp "$work/log/custody.ndjson" "$work/kept"
check "flow.audit.custody_flipped" test "$(python3 -B "$oracle" flip "$work/log/custody.ndjson" 300)" = 1
check "flow.audit.custody_is_named" grep -q '^custody.ndjson:1: record 1: ' <("$wrongnumber" audit verify -c "$config" 2>/dev/null)
cp "$work/kept" "$work/log/custody.ndjson"
check "flow.audit.hold_is_lifted" "$wrongnumber" audit hold remove -c "$config" --incident "$incident" "${by[@]}"
check "flow.audit.purge_all" "$wrongnumber" audit purge -c "$config" --before 2099-01-01 "${by[@]}"
check "flow.audit.nothing_is_left" test "$(($(count alert) + $(count message_command)))" = 0
check "flow.audit.and_verified" "$wrongnumber" audit verify -c "$config" --head "$head"
rm "$work/log/custody.ndjson"
check "flow.audit.removal_without_account" grep -q 'no account tells of it' <("$wrongnumber" audit verify -c "$config" 2>/dev/null)
((failures == 0))
