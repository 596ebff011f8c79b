#!/usr/bin/env bash
# key_rotation.sh BUILD_DIR: the pseudonym key and the audit key are replaced while messages come in. The data in Redis are
# found under the key that they were loaded with, before and after they are loaded anew under the new one; outputs are under the
# current key; no verdict is another one than without a rotation.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: key_rotation.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/rotation.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP
wrongnumber=$build/wrongnumber

check "flow.key_rotation.stage" stage_set 6000 || exit 1
for i in 1 2; do
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$work/key$i"
done
more() {
    printf 'pseudonym:\n  key_id: k%s\n  key_file: "%s/key%s"\n' "$1" "$work" "$1"
    printf 'audit:\n  directory: "%s/log"\n  key_id: a%s\n  key_file: "%s/key%s"\n' "$work" "$1" "$work" "$1"
}
with_previous() { # the other key stands beside the current one
    sed "s|^\(  key_file: .*\)\$|\1|; /^  key_id: \([ka]\)2\$/a\\  previous_key_file: \"$work/key1\"" |
        sed 's/^  key_id: \([ka]\)2$/&\n  previous_key_id: \11/'
}
before=$(write_config rotated rotated.in "$(more 1)")
cp "$before" "$work/before.yaml"
make_topics "$before"
mv "$work/rotated.yaml" "$work/first.yaml"
after=$(write_config rotated rotated.in "$(more 2 | with_previous)")
alone=$work/alone.yaml
sed '/previous_key/d' "$after" >"$alone"
check "flow.key_rotation.configs" "$wrongnumber" check -c "$after"
check "flow.key_rotation.loaded_under_k1" "$wrongnumber" load -c "$work/first.yaml" "$work/data/relationships.ndjson"

"$wrongnumber" run -c "$work/first.yaml" >>"$work/rotated.out" 2>>"$work/rotated.log" </dev/null &
processor_pid=$!
pids+=("$processor_pid")
head -n 3000 "$work/data/events.ndjson" | produce rotated.in &
producer=$!
check "flow.key_rotation.begins" wait_until 30 has_settled rotated 500
end_process "$processor_pid" # in the midst of it
wait "$producer"
start_processor "$after"
sed -n 3001,3600p "$work/data/events.ndjson" | produce rotated.in # the data are still under k1
check "flow.key_rotation.goes_on" wait_until 60 has_settled rotated 3600
sed -n 3601,4500p "$work/data/events.ndjson" | produce rotated.in &
check "flow.key_rotation.loaded_under_k2" "$wrongnumber" load -c "$after" "$work/data/relationships.ndjson"
wait $!
tail -n +4501 "$work/data/events.ndjson" | produce rotated.in
check "flow.key_rotation.all_is_judged" wait_until 60 has_settled rotated 6000
end_process "$processor_pid"

fetch rotated.verdicts >"$work/verdicts.ndjson"
verdicts_are_right() {
    python3 - "$work" <<'END'
import collections, json, sys
with open(f"{sys.argv[1]}/data/labels.ndjson", encoding="utf-8") as lines:
    expected = {label["message_id"]: label["expected"] for label in map(json.loads, lines)}
got, keys, wrong = {}, collections.Counter(), []
with open(f"{sys.argv[1]}/verdicts.ndjson", encoding="utf-8") as lines:
    for line in lines:
        verdict = json.loads(json.loads(line)["payload"])
        keys[verdict["recipient_pseudonym"].split(":")[0]] += 1
        got[verdict["message_id"]] = verdict["verdict"]
        if verdict["verdict"] != expected[verdict["message_id"]]:
            wrong.append((verdict["message_id"], verdict["verdict"], verdict["reasons"]))
print(keys, wrong[:5])
sys.exit(bool(wrong) or len(got) < len(expected) or min(keys["k1"], keys["k2"]) < 500 or len(keys) != 2)
END
}
check "flow.key_rotation.no_match_is_lost" verdicts_are_right
check "flow.key_rotation.audit_of_both_keys" "$wrongnumber" audit verify -c "$after"
check "flow.key_rotation.files_name_their_key" test "$(cat "$work"/log/audit-*.ndjson | grep -o '"key_id":"a[12]"' | sort -u | tr -d '\n')" = \
    '"key_id":"a1""key_id":"a2"'
check "flow.key_rotation.audit_wants_the_old_key" test "$("$wrongnumber" audit verify -c "$alone" >/dev/null 2>&1; echo $?)" = 65

# Who has only the new key believes nothing of what is under the old one.
check "flow.key_rotation.loaded_under_k1_again" "$wrongnumber" load -c "$work/first.yaml" "$work/data/relationships.ndjson"
unknown_without_key() {
    head -n 1 "$work/data/events.ndjson" | "$wrongnumber" explain -c "$alone" | tee "$work/explained" | grep -q '"verdict":"unknown"'
}
check "flow.key_rotation.unknown_without_the_key" unknown_without_key
((failures == 0))
