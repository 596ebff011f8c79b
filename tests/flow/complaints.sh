#!/usr/bin/env bash
# complaints.sh BUILD_DIR: a replay with complaints: those that cannot be read are dead letters, the others are merged
# among the events by their times, and the same input gives the same bytes in any batches.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: complaints.sh BUILD_DIR}" && pwd)
bench=$build/wrongnumber-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/complaints.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

# 3,000 messages of two campaigns to their own borrowers, ten a second. From the fifth minute on 40 of those of campaign
# "rude" complain, one of them five times, and one of the other campaign.
make_input() {
    awk 'BEGIN {
        for (i = 0; i < 3000; i++) {
            printf "{\"message_id\":\"m%d\",\"recipient\":\"+86138%08d\",\"occurred_at\":%.0f,", i, i, 1795309200000 + i * 100
            printf "\"tenant_id\":\"acme\",\"campaign_id\":\"%s\",\"vendor_id\":\"v\"}\n", i % 2 ? "rude" : "polite"
        }
    }' >"$work/events.ndjson"
    awk 'BEGIN {
        for (i = 0; i < 3000; i++) {
            printf "{\"recipient\":\"+86138%08d\",\"parties\":[{\"tenant_id\":\"acme\",\"loan_id\":\"L%d\"}]}\n", i, i
        }
    }' >"$work/relationships.ndjson"
    awk 'function complain(id, at, number, campaign) {
        printf "{\"complaint_id\":\"c%d\",\"occurred_at\":%.0f,\"recipient\":\"+86138%08d\",", id, at, number
        printf "\"tenant_id\":\"acme\",\"campaign_id\":\"%s\",\"kind\":\"harassment\"}\n", campaign
    }
    BEGIN {
        for (i = 0; i < 40; i++) { complain(i, 1795309320000 + i * 1000, 2 * i + 1, "rude") }
        for (i = 40; i < 44; i++) { complain(i, 1795309365000, 1, "rude") }
        complain(44, 1795309366000, 0, "polite")
        print "{\"complaint_id\":\"c45\",\"kind\":\"stop\"}"
        print "not a complaint"
    }' >"$work/complaints.ndjson"
}

# replay OUT OPTION...
replay() {
    local out=$1
    shift
    "$bench" replay --events "$work/events.ndjson" --relationships "$work/relationships.ndjson" --out "$work/$out" "$@"
}

# summary_is OUT MEMBER NUMBER
summary_is() {
    grep -qE "\"$2\":$3(,|})" "$work/$1/summary.json" || { cat "$work/$1/summary.json"; return 1; }
}

same_files() {
    local rc=0 file
    for file in verdicts alerts quarantine-commands quarantine-state dead-letter; do
        cmp "$work/$1/$file.ndjson" "$work/$2/$file.ndjson" || rc=1
    done
    return "$rc"
}

dead_letters_are() {
    [[ $(grep -c 'missing_field' "$work/$1/dead-letter.ndjson") == 1 ]] &&
        [[ $(grep -c 'not_json' "$work/$1/dead-letter.ndjson") == 1 ]] &&
        [[ $(wc -l <"$work/$1/dead-letter.ndjson") == 2 ]]
}

# Complaints change no verdict and hold nothing.
nothing_is_held() { [[ ! -s $work/$1/quarantine-commands.ndjson ]]; }

make_input
check "a replay with complaints" replay with --complaints "$work/complaints.ndjson"
check "every message is judged" summary_is with messages 3000
check "every complaint is told" summary_is with complaints 45
check "two are dead letters" summary_is with complaint_dead_letters 2
check "and lie there with their reasons" dead_letters_are with
check "nothing is held" nothing_is_held with
for batch in 1 7 333; do
    check "in batches of $batch" replay "batch$batch" --complaints "$work/complaints.ndjson" --batch "$batch"
    check "the same bytes in batches of $batch" same_files with "batch$batch"
done
check "a replay without" replay without
check "the verdicts are the same" cmp "$work/with/verdicts.ndjson" "$work/without/verdicts.ndjson"
check "no complaints is no member" bash -c "! grep -q complaint '$work/without/summary.json'"
check "recorded frames take no complaints" bash -c \
    "! '$bench' replay --tallies /dev/null --complaints '$work/complaints.ndjson' --out '$work/no' 2>/dev/null"

((failures == 0))
