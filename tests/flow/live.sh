#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# live.sh BUILD_DIR: `wrongnumber-bench live` on a running processor: it sends the whole day, finds every hold that the labels
# name and no other, and says what it could not measure. No time is looked at.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: live.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/live.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=1500

live() { "$build/wrongnumber-bench" live -c "$config" --day "$work/data" "$@" 2>>"$work/live.err"; }
reads() { grep -q 'judge: partition [0-9]*: from' "$work/live.log" && grep -q 'detect: tally partition [0-9]*: folding' "$work/live.log"; }

measures() {
    live --rate 3000 --warmup 0 --floor-seconds 1 --pid "$processor_pid" --redis-pid "$redis_pid" --out "$work/live.json" --html "$work/live.html" ||
        { cat "$work/live.err"; return 1; }
    python3 - "$work" "$messages" <<'END'
import json, pathlib, sys
work, messages = pathlib.Path(sys.argv[1]), int(sys.argv[2])
told = json.loads((work / "live.json").read_text("utf-8"))
lines = lambda name: [json.loads(line) for line in (work / "data" / name).read_text("utf-8").splitlines()]
labels = lines("labels.ndjson")
wrong = [label for label in labels if label["expected"] == "misdirected"]
planted = json.loads((work / "data" / "scenario.json").read_text("utf-8"))["incidents"]
assert told["format"] == 1 and told["complete"] is True and told["why"] is None, told
assert told["workload"]["rate"] == 3000 and told["workload"]["partitions"] > 0, told
assert told["sending"]["messages"] == messages and told["sending"]["failed"] == 0, told
assert told["sending"]["late_ms"]["count"] == messages, told
assert told["holds"] == {"expected": len(wrong), "matched": len(wrong), "repeated": 0, "unexpected": 0, "foreign": 0,
                         "scopes": told["holds"]["scopes"]} and told["holds"]["scopes"] >= 1, told["holds"]
hold = told["hold_latency_ms"]
assert hold["count"] == len(wrong) and 0 < hold["p50"] <= hold["p90"] <= hold["p99"] <= hold["p99_9"] <= hold["max"], hold
assert len(told["incidents"]) == len(planted) == 1, told["incidents"]
incident = told["incidents"][0]
of_it = [label for label in wrong if label["incident"] == planted[0]["id"]]
assert incident["id"] == planted[0]["id"] and incident["scope"]["id"] == planted[0]["scope"]["id"], incident
assert incident["misdirected"] == len(of_it) and incident["latency_ms"] > 0 and incident["is_measured"], incident
# One message is due every third of a millisecond, of which some are others': so many at most were due before the hold.
assert 1 <= incident["escaped"] <= min(len(of_it), incident["latency_ms"] * 3 + 2), incident
assert told["throughput"]["messages"] > 0 and told["cpu_ns_per_message"]["processor"] is not None, told
assert told["cpu_ns_per_message"]["redis"] is not None and told["cpu_ns_per_message"]["broker"] is None, told
assert told["memory_bytes"]["processor"]["resident_at_most"] >= told["memory_bytes"]["processor"]["resident"] > 0, told
assert told["redis"]["commands_per_message"] > 0, told["redis"]
floors = told["floors"]
assert all(floors[name]["why"] is None for name in ("consumer", "round_trip", "redis")), floors
assert floors["consumer"]["messages"] == messages, floors
assert floors["round_trip"]["lost"] == 0 and floors["round_trip"]["latency_ms"]["count"] == 3000, floors
assert floors["redis"]["lookups"] > 0 and floors["redis"]["found"] == 1, floors["redis"]
assert [goal["name"] for goal in told["goals"]] == ["processor_cpu_ns_per_message", "throughput_to_redis_alone",
                                                    "hold_p99_to_round_trip_p99", "first_bad_to_scope_command_ms"], told
assert [goal["met"] in (True, False) for goal in told["goals"]] == [True, False, True, True], told["goals"]
assert told["series"][-1][1:] == [messages, messages], told["series"][-1]
page = (work / "live.html").read_text("utf-8")
assert page.count("<svg") == 4 and "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", ""), "page"
END
}

# Whoever commits in a group can be measured; nothing is asked of a half behind it.
measures_another_program() {
    live --rate 3000 --warmup 0 --floors off --group live --pid "$processor_pid" --out "$work/group.json" ||
        { cat "$work/live.err"; return 1; }
    python3 - "$work/group.json" "$messages" <<'END'
import json, sys
told = json.load(open(sys.argv[1], encoding="utf-8"))
assert told["complete"] is True and told["throughput"]["messages"] == int(sys.argv[2]), told
assert told["cpu_ns_per_message"]["processor"] is not None and told["memory_bytes"]["processor"]["resident"] > 0, told
END
}

# A processor that does not come on: the output says how far it came.
tells_what_is_not_settled() {
    local rc=0
    live --rate 3000 --seconds 1 --warmup 0 --wait 1 --floors off --out "$work/late.json" || rc=$?
    ((rc == 69)) && python3 - "$work/late.json" <<'END'
import json, sys
told = json.load(open(sys.argv[1], encoding="utf-8"))
assert told["complete"] is False and "not settled" in told["why"] and told["floors"] is None, told
assert told["throughput"]["per_second"] is None and told["holds"]["matched"] == 0, told
END
}

refuses() {
    local want=$1 rc=0
    shift
    "$build/wrongnumber-bench" live "$@" >"$work/refused" 2>&1 || rc=$?
    if ((rc != want)) || [[ ! -s $work/refused ]]; then
        echo "exit $rc, not $want: $*"
        cat "$work/refused"
        return 1
    fi
}
refuses_what_is_wrong() {
    refuses 64 --day "$work/data" && refuses 64 --rate 1 && refuses 64 --day "$work/data" --rate fast &&
        refuses 64 --day "$work/data" --rate 1 --floors perhaps && refuses 64 --day "$work/data" --rate 1 --seconds 2 --warmup 2 &&
        refuses 64 --day "$work/data" --rate 1 --group other &&
        refuses 66 -c "$config" --day "$work/nowhere" --rate 1 && refuses 64 --day "$work/data" --rate 1 --pid 0
}

stage_set "$messages" || { echo "not ok live: the stage"; exit 1; }
config=$(write_config live live.in)
make_topics "$config" || exit 1
wait_until 10 topic_exists live.live-floor || exit 1
start_processor "$config"
if ! wait_until 60 reads; then
    echo "not ok live: the processor does not begin"
    tail -n 5 "$work/live.log"
    exit 1
fi
check flow.live.measures measures
check flow.live.measures_another_program measures_another_program
end_process "$processor_pid" KILL >/dev/null || true
check flow.live.tells_what_is_not_settled tells_what_is_not_settled
check flow.live.refuses_what_is_wrong refuses_what_is_wrong
((failures == 0))
