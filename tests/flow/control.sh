#!/usr/bin/env bash
# control.sh BUILD_DIR: people's commands end to end, on the built-in broker: a verb's hold becomes a command and is listed by
# status, a wrongly signed one does not, wide scopes want two people, a release lifts it, and a kill in between changes nothing:
# of what stands neither, modes, and single messages and recipients; nor does the loss of the tally log. The release of a
# recipient lets the example sender send what it has kept of his.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: control.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/control.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
# shellcheck source=tests/support/redis_ports.sh
source "$root/tests/support/redis_ports.sh"
redis_answers() { [[ $(redis ping 2>/dev/null) == PONG ]]; }
trap stage_end EXIT
trap 'exit 143' TERM INT HUP
export WN_OPERATOR=li.wei

start_redis || exit 1
"$build/wrongnumber-bench" sandbox --bootstrap-file "$work/bootstrap" --partitions 2 --tally-partitions 2 \
    >"$work/sandbox.log" 2>&1 </dev/null &
pids+=("$!")
wait_until 20 test -s "$work/bootstrap" || exit 1
bootstrap=$(cat "$work/bootstrap")
head -c 32 /dev/urandom >"$work/control.key"
head -c 32 /dev/urandom >"$work/other.key"
# config NAME KEY
config() {
    cat >"$work/$1.yaml" <<END
kafka:
  bootstrap: "$bootstrap"
  properties:
    session.timeout.ms: "6000"
    heartbeat.interval.ms: "500"
redis:
  address: "unix:$work/redis.sock"
control:
  key_file: "$work/$2.key"
policy:
  mode: enforce
END
}
config processor control
config stranger other
port=$(free_ports 1)
printf 'ops:\n  listen: "127.0.0.1:%s"\n' "$port" >>"$work/processor.yaml"
echo '{"recipient":"+8613800000001","parties":[{"tenant_id":"acme","loan_id":"L1"}]}' >"$work/loans.ndjson"
"$build/wrongnumber" load -c "$work/processor.yaml" "$work/loans.ndjson" >"$work/load.log" 2>&1 || exit 1
start_processor() {
    "$build/wrongnumber" run -c "$work/processor.yaml" >>"$work/processor.log" 2>&1 </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
}
# verb STATUS NAME VERB ARGUMENT...: the exit status is that; what it prints is in $work/NAME.out
verb() {
    local wanted=$1 name=$2 rc=0
    shift 2
    "$build/wrongnumber" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null || rc=$?
    ((rc == wanted)) || { echo "exit status $rc: $(cat "$work/$name.out" "$work/$name.err")"; return 1; }
}
ours() { verb "$1" "$2" "$3" -c "$work/processor.yaml" "${@:4}"; }
# commands_are TEXT: action and target of each command that there is, in order; a recipient's without his pseudonym
commands_are() {
    local found
    found=$(broker -C -t collections.quarantine-commands.v1 -o beginning -e -q |
        sed -E -e 's/.*"action":"([a-z]+)","target":\{"kind":"([a-z]+)","id":"([^"]*)".*/\1 \2 \3/' -e 's/(recipient) .*/\1/' | sort | tr '\n' ',')
    [[ $found == "$1" ]] || { echo "$found"; return 1; }
}
id_of() { sed -nE '1s/^\{"control_id":"([^"]+)".*/\1/p' "$work/$1.out"; }
status_says() {
    if ! ours 0 status status || ! grep -qE "$1" "$work/status.out"; then
        cat "$work/status.out"
        return 1
    fi
}

# shellcheck disable=SC2119 # what it may be given are options of its own
start_processor
autumn=(--scope campaign --id autumn --tenant acme --reason "the list is another lender's")
check "flow.control.hold" ours 0 hold hold "${autumn[@]}" --for 4h --wait=30s
check "flow.control.outcome" grep -q '^{"control_id":"ctl-[0-9a-f]*","action":"hold","operator":"li.wei".*"state":"applied"' "$work/hold.out"
check "flow.control.command" commands_are "hold campaign autumn,"
check "flow.control.status" status_says 'quarantine +campaign autumn \(tenant acme\).* by li.wei'
check "flow.control.same_id_again" ours 69 again hold "${autumn[@]}" --control-id "$(id_of hold)" --wait=1s
check "flow.control.wrong_key" verb 69 forged hold -c "$work/stranger.yaml" --scope campaign --id winter --tenant acme --reason forged --wait=1s
has_dead_letter() { broker -C -t collections.dead-letter.v1 -o beginning -e -q -f '%h\n' | grep -q 'wn.reason=bad_signature'; }
check "flow.control.wrong_key_is_dead" wait_until 10 has_dead_letter
check "flow.control.wrong_key_holds_nobody" commands_are "hold campaign autumn,"
vendor=(--scope vendor --id north --tenant acme --reason "all of it")
check "flow.control.wide_is_pending" ours 75 wide hold "${vendor[@]}" --wait=30s
lists_pending() {
    ours 0 list confirm && ours 0 status status && grep -q "^waiting for a second person: 1\$" "$work/list.out" &&
        grep -qE '^  hold +vendor north \(tenant acme\) \| by li.wei \| until .*, in [0-9]+ min$' "$work/list.out" &&
        grep -q "wrongnumber confirm .* $(id_of wide)\$" "$work/list.out" && grep -qF -f "$work/list.out" "$work/status.out"
}
check "flow.control.pending_is_listed" lists_pending
check "flow.control.not_oneself" ours 65 self confirm "$(id_of wide)" --operator " Li.Wei" --reason "me again" --wait=30s
check "flow.control.not_oneself_is_said" grep -q "li.wei has commanded $(id_of wide): a second person has to confirm it" "$work/self.err"
check "flow.control.not_oneself_sends_nothing" test ! -s "$work/self.out"
check "flow.control.second_person" ours 0 second confirm "$(id_of wide)" --operator zhang.min --reason "seen it too" --wait=30s
check "flow.control.wide_is_held" commands_are "hold campaign autumn,hold vendor north,"
check "flow.control.nothing_is_pending" status_says '^waiting for a second person: 0$'
# The people on call are not stopped by what only a processor needs.
goes_on_without() {
    sed -e 's|mode: enforce|lists_file: /nowhere/lists|' -e 's|^redis:|redis:\n  adress: x|' "$work/processor.yaml" >"$work/broken.yaml"
    verb 78 broken check -c "$work/broken.yaml" && verb 0 broken status -c "$work/broken.yaml" &&
        grep -q 'warning: policy.lists_file: ' "$work/broken.err" && grep -q 'warning: redis.adress: ' "$work/broken.err" &&
        grep -q '^held: 2$' "$work/broken.out" && verb 0 broken hold -c "$work/broken.yaml" "${autumn[@]}" --for 5h --wait=30s
}
check "flow.control.wrong_elsewhere" goes_on_without
check "flow.control.nobody_knows" ours 65 nobody release --incident 0123456789abcdef0123456789abcdef --reason "which" --wait=30s

# What stands: the judge has heard of it when it counts it.
stands() { curl -s --max-time 10 "http://127.0.0.1:$port/metrics" | grep -qx "wrongnumber_control_states $1"; }
quiet=(monitor --scope tenant --tenant quiet --for 4h --reason "its list is checked by hand")
check "flow.control.mode_is_pending" ours 75 quiet mode "${quiet[@]}" --wait=30s
check "flow.control.mode_is_set" ours 0 quieter confirm "$(id_of quiet)" --operator zhang.min --reason "so it is" --wait=30s
check "flow.control.mode_wrong_key" verb 69 forged2 mode -c "$work/stranger.yaml" monitor --scope campaign --id winter --tenant acme \
    --reason forged --wait=1s
check "flow.control.message" ours 0 appeal release --message m-appeal --tenant acme --reason "an appeal" --wait=30s
# A message of his is held already: the sender keeps it until he is released.
message() {
    printf '{"message_id":"%s","tenant_id":"%s","recipient":"%s","campaign_id":"%s","occurred_at":"2026-11-22T08:00:00Z"}\n' "$@"
}
message m-kept acme 13900000002 any | broker -P -t collections.outbound.v1 -p 0
# sent_are TEXT: what the example sender has sent, by all of the commands so far, which it reads again each time
sent_are() {
    {
        broker -C -t collections.quarantine-commands.v1 -o beginning -e -q -J
        message m-kept acme 13900000002 any |
            python3 -c 'import json, sys; print(json.dumps({"topic": "my.queue", "payload": sys.stdin.read()}))'
    } >"$work/lines"
    python3 -B "$root/schemas/clients/sender.py" --store "$work/sender.db" --gateway "$work/sent" <"$work/lines" >/dev/null || return 1
    [[ $(sed -E 's/.*"message_id": "([^"]+)".*/\1/' "$work/sent") == "$1" ]] || { cat "$work/sent"; return 1; }
}
holds_kept() {
    commands_are "hold campaign autumn,hold campaign autumn,hold message m-kept,hold vendor north,release message m-appeal,"
}
check "flow.control.message_is_held" wait_until 30 holds_kept
check "flow.control.sender_keeps" sent_are ""
check "flow.control.recipient" ours 0 friend release --recipient 13900000002 --tenant acme --reason "asked for it" --wait=30s
check "flow.control.recipient_held" ours 0 stop hold --recipient 13800000001 --tenant acme --reason "a complaint" --wait=30s
# As the hold names him, so does the release, which is audited and counted as any command; nothing says his number.
check "flow.control.sender_sends" sent_are m-kept
check "flow.control.sender_sends_once" sent_are m-kept
check "flow.control.judge_knows" wait_until 20 stands 4
check "flow.control.in_force_is_listed" status_says 'monitor.*tenant quiet'
check "flow.control.message_is_released" commands_are \
    "hold campaign autumn,hold campaign autumn,hold message m-kept,hold recipient,hold vendor north,release message m-appeal,release recipient,"

end_process "$processor_pid" KILL
# shellcheck disable=SC2119 # what it may be given are options of its own
start_processor
check "flow.control.release_after_kill" ours 0 release release "${autumn[@]}" --at-once --wait=60s
check "flow.control.released" commands_are \
    "hold campaign autumn,hold campaign autumn,hold message m-kept,hold recipient,hold vendor north,release campaign autumn,release message m-appeal,release recipient,"
{
    message m-quiet quiet 13900000001 any
    message m-friend acme 13900000002 any
    message m-appeal acme 13900000003 any
    message m-stop acme 13800000001 any
    message m-winter acme 13900000004 winter
} | broker -P -t collections.outbound.v1 -p 0
check "flow.control.stands_after_kill" wait_until 30 commands_are \
    "hold campaign autumn,hold campaign autumn,hold message m-kept,hold message m-stop,hold message m-winter,hold recipient,hold vendor north,release campaign autumn,release message m-appeal,release recipient,"
why_is() {
    local found
    found=$(broker -C -t collections.verdicts.v1 -o beginning -e -q |
        sed -E 's/.*"message_id":"([^"]+)".*"reasons":\[([^]]*)\].*/\1 \2/' | tr -d '"' | sort | tr '\n' ';')
    [[ $found == "$1" ]] || { echo "$found"; return 1; }
}
check "flow.control.reasons" why_is "m-appeal no_record,released;m-friend no_record,released;m-kept no_record;m-quiet no_record;m-stop held_by_operator;m-winter no_record;"
check "flow.control.status_after" status_says '^held: 1$'
# The log names what was commanded, refused and held, and where a record lies that nobody may be obeyed by.
logs() { grep -qE "$1" "$work/processor.log" || { cat "$work/processor.log"; return 1; }; }
check "flow.control.log_of_hold" logs 'warn +detect: held: campaign autumn of tenant acme until [-0-9T:.]+Z, by li.wei \(ctl-'
check "flow.control.log_of_pending" logs 'info +control: command pending: hold vendor north of tenant acme, by li.wei \(ctl-[0-9a-f]+\): needs_second_person'
check "flow.control.log_of_second_person" logs 'info +control: command applied: hold vendor north of tenant acme, by li.wei \(ctl-[0-9a-f]+\), confirmed by zhang.min: held'
check "flow.control.log_of_signature" logs 'warn +control: collections.control.v1/[0-9]+/[0-9]+: refused, signature is not that of the record'
check "flow.control.log_of_release" logs 'info +detect: released: campaign autumn of tenant acme, by li.wei \(ctl-'
check "flow.control.log_keeps_reasons" bash -c "! grep -q \"another lender's\" '$work/processor.log'"
# The tally log and its snapshots are lost: what is commanded from then on takes the place of what stands.
stranger=(--recipient 13900000009 --tenant quiet)
stands_for_stranger() {
    for _ in 1 2 3 4; do
        ours 0 stranger release "${stranger[@]}" --reason "asked for it" --wait=30s || return 1
    done
}
check "flow.control.stranger_released" stands_for_stranger
check "flow.control.ends_well" end_process "$processor_pid"
printf 'topics:\n  tallies: "collections.tallies.v2"\n  detector_state: "collections.detector-state.v2"\n' \
    >>"$work/processor.yaml"
# shellcheck disable=SC2119 # what it may be given are options of its own
start_processor
check "flow.control.stranger_held" ours 0 stranger hold "${stranger[@]}" --reason "a complaint" --wait=60s
check "flow.control.one_more" ours 0 more release --message m-more --tenant quiet --reason "an appeal" --wait=30s
check "flow.control.judge_knows_all" wait_until 20 stands 6
message m-stranger quiet 13900000009 any | broker -P -t collections.outbound.v1 -p 0
check "flow.control.new_log_stands" wait_until 30 why_is \
    "m-appeal no_record,released;m-friend no_record,released;m-kept no_record;m-quiet no_record;m-stop held_by_operator;m-stranger no_record,held_by_operator;m-winter no_record;"
check "flow.control.ends_well_again" end_process "$processor_pid"
((failures == 0))
