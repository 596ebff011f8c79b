#!/usr/bin/env bash
# reload.sh BUILD_DIR: SIGHUP while messages are judged. Each verdict is by one policy, and what follows from it is by the same:
# misdirected messages are held by the policy that enforces and by no other; no message is lost. A file that is
# wrong, or that changes what only a restart can, is refused whole and named, and the policy before stays in force. The tally
# log says by which policy it was folded: a processor that is killed behind a reload tells nothing twice, and whoever folds the
# log again, with another file, comes to the same alerts and commands.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: reload.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/reload.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=3000
version_of() { "$build/wrongnumber" check -c "$1" 2>/dev/null | sed -n 's/^policy  *\([0-9a-f]*\),.*/\1/p'; }
says() { grep -qF -- "$1" "$work/reload.log"; }
says_times() { (($(grep -cF -- "$1" "$work/reload.log") >= $2)); }

# put FILE: FILE is the configuration from now on, and the processor is told.
put() {
    cp "$1" "$work/next" && mv "$work/next" "$config" && kill -HUP "$processor_pid"
}

is_one_policy_each() {
    fetch reload.verdicts >"$work/verdicts" && fetch reload.commands >"$work/commands" &&
        python3 - "$work/verdicts" "$work/commands" "$messages" "$monitor" "$enforce" <<'PYTHON'
import collections, json, sys
verdicts = [json.loads(json.loads(line)["payload"]) for line in open(sys.argv[1])]
commands = [json.loads(json.loads(line)["payload"]) for line in open(sys.argv[2])]
count, monitor, enforce = int(sys.argv[3]), sys.argv[4], sys.argv[5]
ids = collections.Counter(v["message_id"] for v in verdicts)
held = collections.Counter(c["target"]["id"] for c in commands if c["target"]["kind"] == "message" and c["action"] == "hold")
wrong = []
# What was not committed when it was killed is judged once more, to the same verdict.
said = {(v["message_id"], v["verdict"], *v["reasons"]) for v in verdicts}
if len(ids) != count or len(said) != count or not set(ids.values()) <= {1, 2}:
    wrong.append(f"{len(ids)} messages have a verdict, {sum(ids.values())} verdicts, {len(said)} of them different")
versions = collections.Counter(v["policy_version"] for v in verdicts)
if set(versions) != {monitor, enforce}:
    wrong.append(f"policies: {dict(versions)}")
expected = {v["message_id"] for v in verdicts if v["verdict"] == "misdirected" and v["policy_version"] == enforce}
spared = {v["message_id"] for v in verdicts if v["verdict"] == "misdirected" and v["policy_version"] == monitor}
if set(held) != expected or not expected or not spared:
    wrong.append(f"{len(held)} held, {len(expected)} to be held, {len(spared)} only watched; "
                 f"{len(set(held) - expected)} too many, {len(expected - set(held))} too few")
sys.exit("\n".join(wrong) or 0)
PYTHON
}

# The log as it was written, folded offline by a file that nothing but the frames before the first policy could go by.
folds_to_the_same() {
    broker -C -t reload.tallies -o beginning -e -q -u -f '%p %o %S\n%s' >"$work/frames"
    python3 "$here/compare.py" tallies "$work/frames" reload.tallies >"$work/tallies.ndjson"
    "$build/wrongnumber-bench" replay --tallies "$work/tallies.ndjson" -c "$work/stranger.yaml" --out "$work/refold" \
        2>"$work/refold.log" || return 1
    fetch reload.alerts >"$work/alerts" && fetch reload.commands >"$work/commands" || return 1
    grep -v '"mode":"monitor"' "$work/refold/quarantine-commands.ndjson" >"$work/refold/sent.ndjson" # never sent
    python3 "$here/compare.py" same "$work/refold/alerts.ndjson" "$work/alerts" &&
        python3 "$here/compare.py" same "$work/refold/sent.ndjson" "$work/commands"
}
# The processor has said in each tally partition by what it goes.
all_logs_begin() {
    (($(broker -C -t reload.tallies -o beginning -e -q -u -f '%p\n' | sort -u | wc -l) == partitions))
}
# What is commanded of scopes, each once: the same id has one sequence.
one_sequence_each() {
    python3 - "$work/commands" <<'PYTHON'
import json, sys
seen = {}
for line in open(sys.argv[1]):
    c = json.loads(json.loads(line)["payload"])
    if c["target"]["kind"] != "message":
        seen.setdefault((c["target"]["id"], c["action"], c["sequence"]), set()).add(c["command_id"])
holds = [key for key in seen if key[1] == "hold"]
sys.exit(None if holds and len({k[0] for k in holds}) == len(holds) and all(len(ids) == 1 for ids in seen.values()) else str(seen))
PYTHON
}
# From the first to the last, each in the place of the other.
lists_the_policies() {
    python3 - "$work/refold/summary.json" "$monitor" "$enforce" <<'PYTHON'
import collections, json, sys
rows = json.load(open(sys.argv[1]))["policies"]
of = collections.defaultdict(list)
for row in rows:
    of[row["partition"]].append(row["policy_version"])
monitor, enforce = sys.argv[2:]
def is_good(found):
    return found[0] == monitor and found[-1] == enforce and all(a != b for a, b in zip(found, found[1:]))
sys.exit(0 if of and set(sum(of.values(), [])) == {monitor, enforce} and all(map(is_good, of.values())) else str(dict(of)))
PYTHON
}

check "flow.reload.stage" stage_set "$messages" || exit 1
config=$(write_config reload reload.outbound "batch:
  messages: 20")
# Thresholds of a channel change with the mode, so that the same messages come to other tiers.
sed 's/mode: enforce/mode: monitor\n  rules: [{match: {channel: sms}, budget: 1e9, hold_people: 5, floor_rate: 2%, streams: [walking]}]/' \
    "$config" >"$work/monitor.yaml"
cp "$config" "$work/enforce.yaml"
sed 's/mode: enforce/mode: perhaps/' "$config" >"$work/bad.yaml"
sed 's/^  group: .*/  group: "another"/' "$config" >"$work/other.yaml"
sed 's/^  mode: enforce/  mode: monitor\n  flap_limit: 9/' "$config" >"$work/stranger.yaml"
monitor=$(version_of "$work/monitor.yaml")
enforce=$(version_of "$work/enforce.yaml")
cp "$work/monitor.yaml" "$config"
make_topics "$config" || exit 1
partitions=$(broker -L -t reload.tallies | grep -c '^ *partition ')
split -n l/8 -d "$work/data/events.ndjson" "$work/part."
start_processor "$config"
# What is judged before goes by a file that the log does not tell.
check "flow.reload.says_its_policy" wait_until 60 all_logs_begin

lines=0 at=0
for part in "$work"/part.*; do
    lines=$((lines + $(wc -l <"$part")))
    produce reload.outbound <"$part" &
    feeder=$!
    case $at in
    0) check "flow.reload.settles" await_settled reload "$lines" 60 ;;
    1)
        put "$work/bad.yaml"
        check "flow.reload.refuses" wait_until 20 says "SIGHUP: refused"
        check "flow.reload.names_the_place" says "reload.yaml:11:9: policy.mode: expected monitor or enforce, got 'perhaps'"
        check "flow.reload.keeps_the_old" says "policy $monitor stays in force"
        ;;
    2)
        put "$work/other.yaml"
        check "flow.reload.needs_a_restart" wait_until 20 says "kafka.group: needs a restart to change"
        ;;
    3 | 5 | 7) # while messages come
        put "$work/enforce.yaml"
        check "flow.reload.enforces_$at" wait_until 20 says_times "policy $enforce is in force" $((at / 2))
        ;;
    *)
        put "$work/monitor.yaml"
        check "flow.reload.monitors_$at" wait_until 20 says_times "policy $monitor is in force" $((at / 2 - 1))
        ;;
    esac
    wait "$feeder"
    if ((at == 5)); then
        end_process "$processor_pid" KILL
        folding=$(grep -cF "folding from offset" "$work/reload.log")
        start_processor "$config"
        check "flow.reload.is_back" wait_until 60 says_times "folding from offset" $((folding + 1))
        check "flow.reload.settles_again" await_settled reload "$lines" 60
    fi
    at=$((at + 1))
done
check "flow.reload.settles_all" await_settled reload "$lines" 60
# The last policy is in every log, and what the logs hold is folded: who is told to end does not wait for either.
is_folded() { { folds_to_the_same && lists_the_policies; } >"$work/unfolded" 2>&1; }
check "flow.reload.is_folded" wait_until 60 is_folded
check "flow.reload.ends" end_process "$processor_pid"
check "flow.reload.one_policy_each" is_one_policy_each
check "flow.reload.folds_to_the_same" folds_to_the_same
check "flow.reload.one_sequence_each" one_sequence_each
check "flow.reload.lists_the_policies" lists_the_policies

((failures == 0))
