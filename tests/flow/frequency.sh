#!/usr/bin/env bash
# frequency.sh BUILD_DIR: two processes count one number's attempts together, whichever vendor they are of and whoever judges
# them. More than the limit have the reason too_often and are held where that is enforced, each attempt counts once through
# duplicates, offline replay says the same, and without the rights of deploy/acl/redis-frequency.acl nothing is counted, told or held.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: frequency.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/frequency.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP


at=$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%S.000Z)
until=$(date -u -d "$at +7 days" +%Y-%m-%dT%H:%M:%S.000Z)
# attempts FROM TO: calls to one number at one time, of two vendors by turns
attempts() {
    local i
    for ((i = $1; i <= $2; i++)); do
        printf '{"message_id": "call-%02d", "recipient": "+8613800000001", "occurred_at": "%s", "channel": "voice",' "$i" "$at"
        printf ' "tenant_id": "acme", "vendor_id": "v-%d", "loan_id": "L1"}\n' $((i % 2))
    done
}
# counts_as FILE-OF-VERDICTS FILE-OF-COMMANDS MESSAGES OVER: so many messages have verdicts, each one and the same whenever it was
# given; so many are over the limit, and those are held until it would be allowed
counts_as() {
    python3 - "$1" "$2" "$3" "$4" "$until" <<'PYTHON'
import collections, json, sys
def read(path):
    lines = (json.loads(line) for line in open(path))
    return [json.loads(line["payload"]) if "payload" in line else line for line in lines]
verdicts, commands = read(sys.argv[1]), read(sys.argv[2])
count, too_many, until = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
reasons = collections.defaultdict(set)
for v in verdicts:
    reasons[v["message_id"]].add((v["verdict"], *v["reasons"]))
over = {m for m, said in reasons.items() if said == {("clear", "too_often")}}
within = {m for m, said in reasons.items() if said == {("clear",)}}
held = {c["target"]["id"]: c["expires_at"] for c in commands if c["action"] == "hold"}
wrong = []
if len(reasons) != count or len(over) != too_many or len(within) != count - too_many:
    wrong.append(f"{len(reasons)} judged, {len(within)} within, {len(over)} over: {dict(reasons)}")
if set(held) != over or set(held.values()) - {until}:
    wrong.append(f"over {sorted(over)}, held {held}")
sys.exit("\n".join(wrong) or 0)
PYTHON
}
live_counts_as() {
    fetch frequency.verdicts >"$work/verdicts" && fetch frequency.commands >"$work/commands" &&
        counts_as "$work/verdicts" "$work/commands" "$@"
}
# A hold may come behind the verdict that it is of.
soon_counts_as() { wait_until 20 live_counts_as "$@" 2>"$work/wrong" || { tail -n 2 "$work/wrong"; return 1; }; }
verdicts_are() { (($(fetch frequency.verdicts | wc -l) >= $1)); }
has_partitions() { grep -qs 'partition [0-9]*: from offset' "$work/$1.log"; }
says() { grep -qsF -- "$1" "$work/frequency.log" "$work/second.log"; }

start_redis || exit 1
"$build/wrongnumber-bench" sandbox --bootstrap-file "$work/bootstrap" >"$work/sandbox.log" 2>&1 </dev/null &
pids+=("$!")
check "flow.frequency.stage" wait_until 20 test -s "$work/bootstrap" || exit 1
bootstrap=$(cat "$work/bootstrap")
config=$(write_config frequency frequency.outbound)
sed -i 's/^  mode: enforce/&\n  frequency: [{match: {channel: voice}, limit: 6, window: 7d, mode: enforce}]/' "$config"
cp "$config" "$work/second.yaml"
printf '{"recipient": "+8613800000001", "parties": [{"tenant_id": "acme", "loan_id": "L1"}]}\n' >"$work/people"
"$build/wrongnumber" load -c "$config" "$work/people" >"$work/load.log" 2>&1 || exit 1
make_topics "$config" || exit 1

start_processor "$config"
start_processor "$work/second.yaml"
both_have_partitions() { has_partitions frequency && has_partitions second; }
check "flow.frequency.both_judge" wait_until 30 both_have_partitions
attempts 1 9 | produce frequency.outbound
check "flow.frequency.judged" wait_until 30 verdicts_are 9
check "flow.frequency.one_count" soon_counts_as 9 3
attempts 1 12 | produce frequency.outbound
check "flow.frequency.judged_again" wait_until 30 verdicts_are 21
check "flow.frequency.each_once" soon_counts_as 12 6
keys=$(redis --scan --pattern 'wn:{*}:attempts:*')
check "flow.frequency.one_key" test "$(wc -l <<<"$keys")" -eq 1
check "flow.frequency.keys_run_out" test "$(redis ttl "$keys")" -gt 600000
no_number() { ! redis --no-raw zrange "$keys" 0 -1 withscores | cat - <(echo "$keys") | grep -F 13800000001; }
check "flow.frequency.no_number_in_redis" no_number

attempts 1 12 >"$work/events.ndjson"
replays() {
    "$build/wrongnumber-bench" replay --events "$work/events.ndjson" --relationships "$work/people" -c "$config" \
        --out "$work/replay" >"$work/replay.log" 2>&1 &&
        counts_as "$work/replay/verdicts.ndjson" "$work/replay/quarantine-commands.ndjson" 12 6
}
check "flow.frequency.replay" replays

redis acl setuser default -evalsha >/dev/null
attempts 13 14 | produce frequency.outbound
check "flow.frequency.judged_without_rights" wait_until 30 verdicts_are 23
check "flow.frequency.unknown_holds_nobody" soon_counts_as 14 6
check "flow.frequency.is_told" wait_until 10 says "attempts are not counted: the server refuses to count: NOPERM"
redis acl setuser default +evalsha >/dev/null
attempts 13 15 | produce frequency.outbound
check "flow.frequency.judged_with_rights" wait_until 30 verdicts_are 26
# Partitions are drawn: who was refused may have got none of them.
counts_again() { says "attempts are counted again" || { attempts 13 15 | produce frequency.outbound && return 1; }; }
check "flow.frequency.counts_again" wait_until 30 counts_again
((failures == 0))
