#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# drill.sh BUILD_DIR: a drill in a live processor in monitor mode, beside the traffic of two lenders: it is detected, its hold is
# seen on the commands topic, all of it is marked, and what would be held of the lenders is what would be without it.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: drill.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/drill.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=3000

drill() { "$build/wrongnumber" drill -c "$1" --operator li.wei --reason "is the way open?" "${@:2}" 2>"$work/drill.err"; }

is_detected() {
    drill "$config" --rate 200 >"$work/drill.json" || { cat "$work/drill.json" "$work/drill.err"; return 1; }
    python3 - "$work/drill.json" <<'END'
import json, sys
told = json.load(open(sys.argv[1]))
result = told["drill_result"]
assert result["result"] == "detected" and result["operator"] == "li.wei", told
assert told["sent"] == 60 and 5 <= result["messages_until_hold"] <= 60, told
assert 0 < told["hold_seen_ms"] < 60000 and result["time_to_hold_ms"] >= result["time_to_detect_ms"], told
END
}

# What carries the mark is of the drill, nothing else is; the lenders have what they have in a replay without it.
is_marked_and_apart() {
    local topic
    await_settled drill $((messages + 60)) 60 || return 1
    for topic in verdicts alerts commands; do
        fetch "drill.$topic" >"$work/$topic.ndjson"
    done
    python3 - "$work" "$work/replay" <<'END'
import json, pathlib, sys
work, replay = map(pathlib.Path, sys.argv[1:])
places = {"verdicts": None, "alerts": "scope", "commands": "target"}
drills, told = {}, []
for name, place in places.items():
    for line in (work / f"{name}.ndjson").read_text("utf-8").splitlines():
        envelope = json.loads(line)
        record = json.loads(envelope["payload"])
        headers = dict(zip(envelope["headers"][::2], envelope["headers"][1::2]))
        is_drill = (record[place] if place else record)["tenant_id"] == "wn-drill"
        assert record.get("drill", False) is is_drill, record
        assert ("ce_drill" in headers) is is_drill, headers
        drills[name] = drills.get(name, 0) + is_drill
        if name == "alerts" and not is_drill:
            told.append((record["type"], record["scope"]["id"], record["tier"]))
        assert name != "commands" or is_drill, f"monitor mode, and a command: {record}"
assert drills["verdicts"] == 60 and drills["commands"] >= 61 and drills["alerts"] >= 3, drills
alone = [(r["type"], r["scope"]["id"], r["tier"]) for r in map(json.loads, open(replay / "alerts.ndjson", encoding="utf-8"))]
# In which order partitions are read decides who is told first and as what notice, not what would be held.
wrong = lambda rows: {scope for _, scope, tier in rows if tier in ("quarantine", "stop")}
assert wrong(told) == wrong(alone) != set(), (told, alone)
END
}

refuses_what_cannot_be_built() {
    printf 'fields:\n  message_id: /id\n  campaign_id: /id/of\n' >>"$work/odd.yaml"
    drill "$work/odd.yaml"
    [[ $? == 65 ]] && grep -q 'do not let a drill' "$work/drill.err"
}

# Its own shape of events is what it sends.
fits_the_fields() {
    drill "$mapped" --size 20 --rate 200 --wait 1s >"$work/mapped.json"
    fetch drill.in | grep -F '{\"a/b\":{\"c\":' | grep -cF 'wn.drill' | grep -qx 20
}

# Without a processor nothing is sent: whoever runs the drill is told so.
nobody_answers() {
    local rc=0
    sed 's|^  control: .*|  control: "drill.nobody"|' "$config" >"$work/alone.yaml"
    wait_until 10 topic_exists drill.nobody || return 1
    drill "$work/alone.yaml" --answer 1s >"$work/alone.json" || rc=$?
    [[ $rc == 69 && ! -s $work/alone.json ]] && grep -q 'no message was sent: no processor has answered' "$work/drill.err" &&
        [[ $(fetch drill.in | wc -l) == 0 ]]
}

# Three messages are an alert and no hold: missed, by the clock of whoever runs it.
is_missed() {
    local rc=0
    drill "$config" --size 3 --rate 200 --wait 1s >"$work/missed.json" || rc=$?
    if [[ $rc != 1 ]] || ! grep -qx '{"drill_result":null,"sent":3,"hold_seen_ms":null}' "$work/missed.json" ||
        ! grep -q '^missed: 3 messages were sent' "$work/drill.err"; then
        echo "exit status $rc"
        cat "$work/missed.json" "$work/drill.err"
        return 1
    fi
}

# Its hold and its mark, for people.
is_shown() {
    "$build/wrongnumber" status -c "$config" >"$work/status.txt" || return 1
    grep -qE '^  quarantine campaign drill-[0-9a-f]+ \(tenant wn-drill\) \| by the detector .*\| DRILL, nobody is concerned' "$work/status.txt" ||
        { cat "$work/status.txt"; return 1; }
    "$build/wrongnumber" watch -c "$config" --from beginning --seconds 2 >"$work/watch.txt" || return 1
    if ! grep -qE ' drill.completed +[a-z]+ +campaign drill-[0-9a-f]+ \(tenant wn-drill\) \| DRILL \| detected after [0-9]+ ms \| held after [0-9]+ ms and [0-9]+ messages$' "$work/watch.txt" ||
        grep -q ' message ' "$work/watch.txt"; then
        cat "$work/watch.txt"
        return 1
    fi
}

stage_set "$messages" || { echo "not ok drill: the stage"; exit 1; }
config=$(write_config drill drill.in)
sed -i 's/mode: enforce/mode: monitor/' "$config"
cp "$config" "$work/odd.yaml"
mapped=$work/mapped.yaml
{
    cat "$config"
    printf 'fields:\n  message_id: /a~1b/c/id\n  recipient: /a~1b/c/to\n  tenant_id: /a~1b/lender\n'
} >"$mapped"
if ! wait_until 10 topic_exists drill.in || ! make_topics "$config"; then
    echo "not ok drill: the topics"
    exit 1
fi
"$build/wrongnumber-bench" replay --events "$work/data/events.ndjson" --relationships "$work/data/relationships.ndjson" \
    -c "$config" --out "$work/replay" >/dev/null || exit 1
check "drill: without a processor nothing is sent" nobody_answers
start_processor "$config"
produce drill.in <"$work/data/events.ndjson"
check "drill: it is detected, and its hold is seen" is_detected
check "drill: all of it is marked, and the lenders have what they have without it" is_marked_and_apart
check "drill: status and watch mark it" is_shown
check "drill: one that is not held in time is missed" is_missed
check "drill: fields that cannot hold its message are refused" refuses_what_cannot_be_built
check "drill: its messages look as the configuration's fields say" fits_the_fields
if end_process "$processor_pid"; then
    pass "drill: the processor ends clean"
else
    fail "drill: the processor ends clean"
fi
exit "$((failures > 0))"
