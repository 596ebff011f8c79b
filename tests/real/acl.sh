#!/usr/bin/env bash
# acl.sh BUILD_DIR: the users of deploy/acl/kafka.acl on a real Apache Kafka that denies everything else. The two halves run as
# two users, beside those who feed them and those who obey them, and a wrong batch is held; what a user must not do is refused;
# a right that is taken away while a half runs is told, costs no busy loop, and loses nothing when it is back. Exit status 77
# where no Kafka can be run.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:?usage: tests/real/acl.sh BUILD_DIR}
dev_kafka=$root/deploy/dev-kafka
"$dev_kafka" available || exit $?
work=$(mktemp -d "${TMPDIR:-/tmp}/acl.XXXXXX")
kind=kafka bootstrap=
# shellcheck source=tests/real/lib.sh
source "$here/lib.sh"
clean_up() {
    end_all
    "$dev_kafka" kill --dir "$work/kafka"
    [[ -n ${KEEP:-} ]] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

bench() { "$build/wrongnumber-bench" "$@"; }
compare() { python3 "$here/compare.py" "$@"; }
# as USER KCAT-OPTION...: the password of each is its name
as() {
    local user=$1
    shift
    timeout 30 kcat -b "$bootstrap" -X security.protocol=SASL_PLAINTEXT -X sasl.mechanisms=PLAIN -X sasl.username="$user" \
        -X sasl.password="$user" -X fetch.wait.max.ms=10 "$@"
}
# fetch_as USER TOPIC: everything in it, as kcat's envelopes
fetch_as() { as "$1" -C -t "$2" -o beginning -e -q -J -u 2>>"$work/kcat.log"; }

# config USER ROLE
config() {
    cat >"$work/$1.yaml" <<END
roles: [$2]
kafka:
  bootstrap: "$bootstrap"
  properties:
    security.protocol: SASL_PLAINTEXT
    sasl.mechanisms: PLAIN
    sasl.username: $1
    sasl.password: $1
    session.timeout.ms: "6000"
    heartbeat.interval.ms: "500"
redis:
  address: "unix:$work/redis.sock"
topics:
  outbound_partitions: 4
verdicts: all
END
}
# start NAME VERB USER [OPTION]...: sets $pid; its log is $work/NAME.log
start() {
    local name=$1 verb=$2 user=$3
    shift 3
    "$build/wrongnumber" "$verb" -c "$work/$user.yaml" "$@" >>"$work/$name.out" 2>>"$work/$name.log" </dev/null &
    pid=$!
    pids+=("$pid")
}
says() { grep -q -e "$2" "$work/$1.log"; }
judge_topic=collections.outbound.v1
verdicts_are() { (($(fetch_as gateway collections.verdicts.v1 | compare count) >= $1)); }

# --- all of them side by side ----------------------------------------------------------------------------------------

mkdir "$work/kafka"
check "the broker takes deploy/acl/kafka.acl" "$dev_kafka" start --dir "$work/kafka" --acl || exit 1
bootstrap=$(cat "$work/kafka/bootstrap")
start_redis || exit 1
bench generate --seed 7 --messages 3000 --tenants 2 --campaigns 10 --incident wrong_list:at=50%,size=300 --out "$work/data"
events=$(wc -l <"$work/data/events.ndjson")
config wrongnumber-judge judge
config wrongnumber-detect detect
config wrongnumber-sync judge
config wrongnumber-watch judge
config wrongnumber-admin judge
check "whoever installs it makes the topics" "$build/wrongnumber" topics --create -c "$work/wrongnumber-admin.yaml"
make_as_judge() {
    sed 's/^  outbound_partitions/  outbound: collections.of-my-own\n&/' "$work/wrongnumber-judge.yaml" >"$work/own.yaml"
    ! "$build/wrongnumber" topics --create -c "$work/own.yaml" >"$work/own.said" 2>&1 &&
        grep -q 'failed .*collections.of-my-own.*[Aa]uthorization failed' "$work/own.said"
}
check "the judge half makes none, and is told why" make_as_judge

python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["recipient"], line.strip(), sep="\t")' <"$work/data/relationships.ndjson" |
    as loans -P -t collections.relationships.v1 -K '\t' -X topic.partitioner=murmur2_random
start sync sync wrongnumber-sync --from beginning
sync=$pid
is_filled() { [[ $(redis exists 'wn:{00}:epoch') == 1 ]]; }
check "sync fills Redis" wait_until 30 is_filled
start detect run wrongnumber-detect
detect=$pid
start judge run wrongnumber-judge
judge=$pid
as pipeline -P -t "$judge_topic" <"$work/data/events.ndjson"
check "every message gets its verdict" wait_until 60 verdicts_are "$events"
is_held() {
    fetch_as wrongnumber-watch collections.alerts.v1 >"$work/alerts.ndjson"
    fetch_as gateway collections.quarantine-commands.v1 >"$work/commands.ndjson"
    compare incident "$work/data/scenario.json" "$work/alerts.ndjson" "$work/commands.ndjson"
}
check "the wrong batch is held, and the gateway hears of it" wait_until 30 is_held
check "so does who watches" bash -c "'$build/wrongnumber' watch -c '$work/wrongnumber-watch.yaml' --from beginning --count 2 \
    --seconds 30 | grep -c ."
has_snapshot() {
    [[ $(as wrongnumber-detect -C -t collections.detector-state.v1 -o beginning -e -q -f '%k\n') == *manifest* ]]
}
check "snapshots are written" wait_until 30 has_snapshot
nobody_lacks() { ! grep -i -e 'authoriz' -e 'lacks' -e 'refused' "$work"/{judge,detect,sync}.log; }
check "no right was lacking" nobody_lacks

# The operator's record comes into the tallies as soon as it is written.
command_is_told() {
    bench decode -c "$work/wrongnumber-detect.yaml" 2>>"$work/decode.log" >"$work/frames.ndjson" &&
        grep -q '"control_id":"acl-1"' "$work/frames.ndjson"
}
echo '{"control_id": "acl-1", "action": "acknowledge", "operator": "acl", "reason": "a try", "issued_at": "2026-11-22T00:00:00Z",' \
    '"scope": {"kind": "campaign", "id": "none", "tenant_id": "none"}}' |
    as wrongnumber-operator -P -t collections.control.v1
check "an operator's command is heard" wait_until 30 command_is_told

# --- what is refused ---------------------------------------------------------------------------------------------------

# refused HOW USER TOPIC...: USER may neither write (or read) any of these
refused() {
    local how=$1 user=$2 topic said rc=0
    shift 2
    for topic; do
        topic=collections.$topic.v1
        if [[ $how == write ]]; then
            said=$(as "$user" -P -t "$topic" -p 0 <<<"forged" 2>&1)
        else
            said=$(as "$user" -C -t "$topic" -p 0 -o beginning -e -q 2>&1)
        fi
        if [[ $said != *uthorization\ failed* && $said != *"Unknown topic"* ]]; then
            echo "$user may $how $topic: $said"
            rc=1
        fi
    done
    return "$rc"
}
group_refused() { [[ $(as "$1" -G "$2" "$3" -e -q 2>&1) == *'Group authorization failed'* ]]; }

check "the judge half reads nothing but messages" \
    refused read wrongnumber-judge tallies detector-state alerts quarantine-commands quarantine-state relationships
check "nor writes an alert, a snapshot, what is held, or a message" \
    refused write wrongnumber-judge alerts detector-state quarantine-state outbound relationships control control-state
check "the detect half reads no message" refused read wrongnumber-detect outbound verdicts dead-letter relationships
check "nor forges a verdict, a message or a command" \
    refused write wrongnumber-detect outbound verdicts dead-letter relationships control
check "sync reads and writes nothing else" refused read wrongnumber-sync outbound tallies
check "sync writes nothing in Kafka" refused write wrongnumber-sync relationships quarantine-commands alerts
check "who watches holds nobody" refused write wrongnumber-watch quarantine-commands alerts quarantine-state control
check "an operator writes commands and nothing that follows from them" \
    refused write wrongnumber-operator quarantine-commands alerts quarantine-state control-state tallies outbound dead-letter
check "nor reads a message or a count" refused read wrongnumber-operator outbound tallies dead-letter relationships control
check "nor reads a message" refused read wrongnumber-watch outbound tallies dead-letter
check "the pipeline commands nothing" \
    refused write pipeline quarantine-commands quarantine-state tallies alerts relationships detector-state control
check "nor reads verdicts" refused read pipeline verdicts tallies
check "the gateway commands nothing" refused write gateway quarantine-commands quarantine-state outbound control control-state
check "who keeps loans writes nothing else" refused write loans outbound tallies quarantine-commands control
check "no half can take the other's partitions" group_refused wrongnumber-detect wrongnumber collections.tallies.v1
check "nor can who watches" group_refused wrongnumber-watch wrongnumber.detect collections.alerts.v1
wrong_password() {
    [[ $(kcat -b "$bootstrap" -L -m 3 -X security.protocol=SASL_PLAINTEXT -X sasl.mechanisms=PLAIN \
        -X sasl.username=wrongnumber-judge -X sasl.password=guess 2>&1) == *'Authentication failed'* ]]
}
check "a guessed password is refused" wrong_password
without_name() {
    local said
    ! said=$(kcat -b "$bootstrap" -L -m 3 2>&1) && [[ $said != *'topic "'* ]]
}
check "who has no name learns of no topic" without_name

# --- a right that is taken away ----------------------------------------------------------------------------------------

# rules LINE...: gives them to the broker
rules() {
    printf '%s\n' "$@" >"$work/rules"
    "$dev_kafka" acl --dir "$work/kafka" "$work/rules"
}
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# is_idle PID...: in 3 s none uses more than half a processor
is_idle() {
    local pid begin=() i=0 rc=0 used
    for pid; do
        begin+=("$(ticks "$pid")")
    done
    sleep 3
    for pid; do
        used=$(($(ticks "$pid") - begin[i]))
        i=$((i + 1))
        if ((used * 2 > 3 * $(getconf CLK_TCK))); then
            echo "process $pid uses $used ticks in 3 s"
            rc=1
        fi
    done
    return "$rc"
}

deny_judge='--deny-principal User:wrongnumber-judge --operation Write --topic collections.tallies.v1'
deny_detect='--deny-principal User:wrongnumber-detect --operation Read --topic collections.tallies.v1'
check "rights are taken away" rules "--add $deny_judge" "--add $deny_detect"
more=$(compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" misdirected 40 again-)
as pipeline -P -t "$judge_topic" -p 0 <<<"$more"
check "the judge half says which topic it may not write" \
    wait_until 30 says judge 'collections.tallies.v1: .*authorization failed.*lacks the right'
check "the detect half says that it lacks a right" wait_until 30 says detect 'consumer of group wrongnumber.detect: .*authorization failed.*lacks a right'
check "both stay, and use next to no time" is_idle "$judge" "$detect"
lines=$(cat "$work/judge.log" "$work/detect.log" | wc -l)
check "nor do they write much ($lines lines)" test "$lines" -lt 200
check "rights are given back" rules "--remove --force $deny_judge" "--remove --force $deny_detect"
check "what came meanwhile gets its verdicts" wait_until 60 verdicts_are "$((events + 40))"
is_counted() {
    as wrongnumber-detect -C -t collections.tallies.v1 -o beginning -e -q -u -f '%p %o %S\n%s' >"$work/frames" 2>>"$work/kcat.log"
    fetch_as gateway collections.verdicts.v1 >"$work/verdicts.ndjson"
    compare frames "$work/frames" "$work/verdicts.ndjson"
}
wait_until 60 is_counted >/dev/null
check "and is counted" is_counted
has_committed() {
    local left
    left=$(as wrongnumber-judge -G wrongnumber -e -q -f '%p:%o\n' -X enable.auto.commit=false -X session.timeout.ms=6000 \
        "$judge_topic" 2>"$work/left.log")
    [[ -z $left ]] || { printf 'left: %s\n' "$(wc -l <<<"$left")" "${left:0:200}"; tail -n 3 "$work/left.log"; return 1; }
}
check "the judge half ends well" end_process "$judge"
check "the detect half ends well" end_process "$detect"
check "so does sync" end_process "$sync"
check "all of it is committed" has_committed
((failures == 0))
