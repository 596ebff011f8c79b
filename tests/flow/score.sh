#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# score.sh BUILD_DIR: `score` on a run that was counted by hand and on generated days; `sweep` against replays one by one.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$1/wrongnumber-bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
        status=1
    fi
}

# one_day SEED INCIDENTS...: makes it, replays it, scores it.
one_day() {
    local day=$work/day-$1 run=$work/run-$1 seed=$1
    shift
    "$bench" generate --seed "$seed" --messages 30000 --tenants 3 --campaigns 12 "${@/#/--incident=}" --out "$day" &&
        "$bench" replay --events "$day/events.ndjson" --relationships "$day/relationships.ndjson" --out "$run" &&
        "$bench" score --labels "$day/labels.ndjson" --run "$run" >"$work/score-$seed.json" &&
        python3 "$here/score_generated.py" "$day" "$run" "$work/score-$seed.json"
}

# A day with lines that are no messages, several messages a frame: frames counted and frames placed by time are the same.
frames_agree() {
    local day=$work/day-1 run=$work/run-frames
    awk '{ print } NR % 97 == 0 { print "no message" } NR % 1000 < 3 { print "" }' "$day/events.ndjson" >"$work/events.ndjson"
    "$bench" replay --events "$work/events.ndjson" --relationships "$day/relationships.ndjson" --frame "$1" --out "$run" &&
        "$bench" score --labels "$day/labels.ndjson" --run "$run" >"$work/numbered.json" &&
        sed -i 's/"frame_messages"/"x"/' "$run/summary.json" &&
        "$bench" score --labels "$day/labels.ndjson" --run "$run" >"$work/timed.json" &&
        python3 -c '
import json, sys
numbered, timed = (json.load(open(path)) for path in sys.argv[1:3])
until = [[one["misdirected_until_quarantine"] for one in score["incidents"]] for score in (numbered, timed)]
held = [score["over_block"]["held"] for score in (numbered, timed)]
sys.exit(until[0] != until[1] or held[0] != held[1] or None in until[0] or numbered["holds"]["unplaced"] != 0)
' "$work/numbered.json" "$work/timed.json"
}

refuses() {
    "$bench" score --labels "$work/none" >/dev/null 2>&1
    [[ $? -eq 64 ]] || return 1
    "$bench" sweep --events "$work/none" --relationships "$work/none" --budgets 3e8 >/dev/null 2>&1
    [[ $? -eq 64 ]] || return 1
    "$bench" sweep --events "$work/none" --relationships "$work/none" >/dev/null 2>&1
    [[ $? -eq 66 ]]
}

# A run whose verdicts.ndjson lacks messages is neither scored nor reported.
refuses_part() {
    local day=$work/day-1 run=$work/run-$1
    "$bench" replay --events "$day/events.ndjson" --relationships "$day/relationships.ndjson" --verdicts "$1" --out "$run" || return 1
    "$bench" score --labels "$day/labels.ndjson" --run "$run" >/dev/null 2>"$work/why"
    [[ $? -eq 65 ]] && grep -q 'verdicts.ndjson' "$work/why" || return 1
    "$bench" report --run "$run" -o "$work/part.html" >/dev/null 2>"$work/why"
    [[ $? -eq 65 ]] && grep -q 'lacks messages' "$work/why"
}

python3 "$here/score.py" "$bench" "$work" || status=1
check "score: a day with wrong lists and closed loans" \
    one_day 1 wrong_list:at=9000,size=600,rate=0.6 closed_loans:at=15000,size=500,rate=0.3 wrong_list:at=70%,size=60,rate=0.9
check "score: a day with numbers gone wrong" \
    one_day 2 number_walking:at=8000,size=300 recycled_numbers:at=50%,size=400,rate=0.4 closed_loans:at=80%,size=300,rate=0.2
check "score: a day with lists from elsewhere" \
    one_day 3 leaked_list:at=10000,size=400,rate=0.8 broad_rule:at=60%,size=500,rate=0.5
check "score: frames of one message, among lines that are none" frames_agree 1
check "score: frames of seven messages" frames_agree 7
check "score, report: a run without all verdicts is refused" refuses_part flagged
check "score, sweep: wrong use is refused" refuses
check "sweep: each row equals a replay of its own" python3 "$here/sweep.py" "$bench" "$work/day-1" "$work/sweep"
exit "$status"
