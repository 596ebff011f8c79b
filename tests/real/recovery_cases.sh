# recovery_cases.sh: the cases of logs that are not whole, of members that come and go, and of brokers that stay away.
# Sourced by suite.sh.
# shellcheck shell=bash disable=SC2154

# again PREFIX: all events once more, as other messages to other people.
again() { sed -E "s/(\"message_id\": ?\")/\\1$1-/" "$work/data/events.ndjson"; }

held_targets() {
    fetch "$1.state" >"$work/$1.state.ndjson"
    compare state-held "$work/$1.state.ndjson"
}
has_held() { [[ -n $(held_targets "$1") ]]; }

# Prints how many hold commands of those targets (a file) there are.
holds_of() {
    fetch "$1.commands" >"$work/$1.commands.ndjson"
    compare scope-holds "$work/$1.commands.ndjson" "$2"
}

# delete_records TOPIC OFFSET: what lies before it in every partition; -1 = everything.
delete_records() {
    local partition list=
    for partition in $(broker -L -t "$1" -J | grep -o '"partition":[0-9]*' | cut -d: -f2 | sort -nu); do
        list+="${list:+,}{\"topic\": \"$1\", \"partition\": $partition, \"offset\": $2}"
    done
    echo "{\"version\": 1, \"partitions\": [$list]}" >"$work/delete.json"
    "$root/deploy/dev-kafka" console org.apache.kafka.tools.DeleteRecordsCommand --bootstrap-server "$bootstrap" \
        --offset-json-file "$work/delete.json" >"$work/delete.log" 2>&1
}

# has_gap CASE TOPIC: there is a gap record of that topic.
has_gap() {
    fetch "$1.dead-letter" >"$work/$1.dead-letter.ndjson"
    compare gap "$work/$1.dead-letter.ndjson" "$2"
}

says() { grep -q "$2" "$work/$1.log" 2>/dev/null; }

# --- the tally log is gone, and so are the snapshots -----------------------------------------------------------------

case_lost_log() {
    local lost bare held before name tallies=lost.tallies
    lost=$(write_config lost lost.outbound)
    make_topics "$lost" || {
        fail "lost log: topics"
        return
    }
    start_processor "$lost"
    produce lost.outbound <"$work/data/events.ndjson"
    check "lost log: something is held" wait_until 60 has_held lost
    check "lost log: all is settled" await_settled lost "$events" 60
    end_process "$processor_pid"
    held=$work/lost.held
    held_targets lost >"$held"
    before=$(holds_of lost "$held")
    # Another topic of snapshots, so that there are none; of the log nothing is left, or it is another one.
    bare=$work/lost2.yaml
    sed 's/lost\.detector-state/lost2.detector-state/' "$lost" >"$bare"
    if [[ $kind == kafka ]]; then
        delete_records "$tallies" -1
    else
        tallies=lost2.tallies
        sed -i "s/lost\\.tallies/$tallies/" "$bare"
    fi
    make_topics "$bare" || fail "lost log: topics of the second"
    # The new log is longer than the old one was when the detect half comes to see it.
    sed 's/^kafka:/roles: [judge]\n&/' "$bare" >"$work/lost3.yaml"
    start_processor "$work/lost3.yaml"
    again second | produce lost.outbound
    check "lost log: messages are settled after it" await_settled lost "$((2 * events))" 90
    end_process "$processor_pid"
    start_processor "$bare"
    check "lost log: it is told in the log" wait_until 60 says lost2 "tally frames .* lost"
    check "lost log: and what stays held" wait_until 30 says lost2 "[1-9][0-9]* scopes stay held"
    check "lost log: and by a gap record" wait_until 20 has_gap lost "$tallies"
    sleep 1
    check "lost log: the processor ends well when told to" end_process "$processor_pid"
    check "lost log: what was held is held still" diff -q "$held" <(held_targets lost)
    check "lost log: and no second time" test "$(holds_of lost "$held")" -eq "$before"
    name=$(basename "$bare" .yaml)
    check "lost log: no error but that" test "$(grep -c ' error ' "$work/$name.log")" -le 4
}

# --- messages are gone before they are read --------------------------------------------------------------------------

case_lost_offsets() {
    local gone name="messages lost before they were read"
    if [[ $kind != kafka ]]; then
        skip "$name" "the built-in broker deletes no records"
        return
    fi
    gone=$(write_config gone gone.outbound "batch:
  messages: 50")
    make_topics "$gone" || {
        fail "$name: topics"
        return
    }
    produce gone.outbound <"$work/part.00"
    start_processor "$gone"
    check "lost offsets: the first are settled" await_settled gone "$(wc -l <"$work/part.00")" 60
    end_process "$processor_pid"
    # While it is down: half of what it has not read.
    again down | head -n 2000 | produce gone.outbound
    delete_records gone.outbound -1
    again up | head -n 1000 | produce gone.outbound
    start_processor "$gone"
    check "lost offsets: what came behind them is settled" await_settled gone "$((1000 + $(wc -l <"$work/part.00")))" 60
    check "lost offsets: it is told in the log" says gone "messages from offset [0-9]* on are lost"
    check "lost offsets: and by gap records" wait_until 20 has_gap gone gone.outbound
    check "lost offsets: for 2000 messages" test "$(compare gap "$work/gone.dead-letter.ndjson" gone.outbound)" -eq 2000
    # While it runs, and stands still.
    kill -STOP "$processor_pid"
    again still | head -n 3000 | produce gone.outbound
    delete_records gone.outbound -1
    again end | head -n 500 | produce gone.outbound
    kill -CONT "$processor_pid"
    check "lost offsets: of those lost while it runs every message is accounted for" wait_until 60 accounts_gone
    cat "$work/gone.accounts"
    check "lost offsets: the processor ends well when told to" end_process "$processor_pid"
}

# Of 6,500 messages beside the first ones, those without a verdict are in gap records.
accounts_gone() {
    local lost judged
    has_gap gone gone.outbound >/dev/null
    lost=$(compare gap "$work/gone.dead-letter.ndjson" gone.outbound)
    judged=$(settled_count gone)
    echo "judged $judged, lost $lost" >"$work/gone.accounts"
    ((lost + judged == 6500 + $(wc -l <"$work/part.00")))
}

# --- members that come and go ----------------------------------------------------------------------------------------

lines_that_say() { grep -c "$2" "$work/$1.log"; }
has_partitions() { says "$1" 'judge: partition [0-9]*: from' && says "$1" 'detect: tally partition [0-9]*: folding'; }

# as_member NAME INSTANCE: the configuration of case `members` for an instance of that name.
as_member() { sed "s/^kafka:/&\n  instance_id: $2/" "$work/members.yaml" >"$work/$1.yaml"; }

case_members() {
    local name="static members" first second third revoked
    if [[ $kind != kafka ]]; then
        skip "$name" "the built-in broker knows none"
        return
    fi
    make_topics "$(write_config members members.outbound)" || {
        fail "$name: topics"
        return
    }
    as_member member-a one && as_member member-b two && as_member member-c one
    start_processor "$work/member-a.yaml" && first=$processor_pid
    check "$name: the first has partitions" wait_until 30 has_partitions member-a
    start_processor "$work/member-b.yaml" && second=$processor_pid
    check "$name: so has the second" wait_until 30 has_partitions member-b
    revoked=$(lines_that_say member-b revoked)
    end_process "$first" KILL
    : >"$work/member-a.log"
    start_processor "$work/member-a.yaml" && first=$processor_pid
    check "$name: the first is back" wait_until 30 has_partitions member-a
    produce members.outbound <"$work/part.00"
    check "$name: and works on" await_settled members "$(wc -l <"$work/part.00")" 60
    check "$name: no partition of the second was moved" test "$(lines_that_say member-b revoked)" -eq "$revoked"

    name="two of one instance_id"
    start_processor "$work/member-c.yaml" && third=$processor_pid
    check "$name: the newer one has partitions" wait_until 30 has_partitions member-c
    check "$name: the older one ends within 5 s" wait_until 5 has_ended "$first"
    check "$name: with a status that says so" ends_with 77 "$first"
    check "$name: and in words" says member-a "another process with this kafka.instance_id"
    again members | head -n 500 | produce members.outbound
    check "$name: the others work on" await_settled members "$((500 + $(wc -l <"$work/part.00")))" 60
    end_process "$second"
    end_process "$third"
}

# ends_with STATUS PID
ends_with() {
    local status=0
    end_process "$2" || status=$?
    ((status == $1))
}

# --- partitions are added --------------------------------------------------------------------------------------------

alter_topic() {
    "$root/deploy/dev-kafka" console TopicCommand --bootstrap-server "$bootstrap" --alter --topic "$1" \
        --partitions "$2" >>"$work/alter.log" 2>&1
}

case_partitions_added() {
    local added name="partitions added"
    if [[ $kind != kafka ]]; then
        skip "$name" "the built-in broker adds none"
        return
    fi
    added=$(write_config added added.outbound)
    make_topics "$added" || {
        fail "$name: topics"
        return
    }
    sed -i "s/^  group:.*/&\n  start: latest/; s/^  properties:/&\n    topic.metadata.refresh.interval.ms: \"2000\"/" "$added"
    again before | head -n 100 | produce added.outbound
    start_processor "$added"
    check "$name: the processor has those there are" wait_until 30 has_partitions added
    again after | head -n 1000 | produce added.outbound
    check "$name: latest is behind what was there before" await_settled added 1000 60
    check "$name: the topic gets four more" alter_topic added.outbound 20
    again new | head -n 100 | produce added.outbound -p 18
    check "$name: what is in them is read from their beginning" await_settled added 1100 60
    end_process "$processor_pid"
    check "$name: nothing from before latest was judged" test "$(settled_count added)" -eq 1100

    name="tally partitions added"
    alter_topic added.tallies 6 && alter_topic added.detector-state 6 || fail "$name"
    start_processor "$added"
    check "$name: the processor ends at once" wait_until 30 has_ended "$processor_pid"
    check "$name: with the status of a bad configuration" ends_with 78 "$processor_pid"
    check "$name: and in words" says added "has 6 partitions, and had 4"
}

# --- clients and brokers that stand still ----------------------------------------------------------------------------

# with_broker NAME COMMAND...: runs a case against a built-in broker of its own, which takes orders.
with_broker() {
    local name=$1 shared=$bootstrap
    shift
    mkfifo "$work/$name.orders"
    "$build/wrongnumber-bench" sandbox --bootstrap-file "$work/$name.bootstrap" <"$work/$name.orders" \
        >"$work/$name.broker" 2>&1 &
    local broker_pid=$!
    pids+=("$broker_pid")
    exec {orders}>"$work/$name.orders"
    if wait_until 20 test -s "$work/$name.bootstrap"; then
        bootstrap=$(cat "$work/$name.bootstrap")
        "$@"
    else
        fail "$name: a broker of its own"
    fi
    exec {orders}>&-
    end_process "$broker_pid"
    bootstrap=$shared
}

order() { echo "$*" >&"$orders"; }

# Hundredths of a second of CPU that a process has taken.
cpu_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
memory_of() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# Those of a case's verdicts that are the same as replay's: all of them.
verdicts_are_right() {
    collect "$1"
    compare verdicts "$work/replay/verdicts.ndjson" "$work/$1.verdicts.ndjson"
}

# on_sandbox CASE NAME FUNCTION: a case that only a broker can make that takes orders.
on_sandbox() {
    if [[ $kind == sandbox ]]; then
        with_broker "$1" "$3"
    else
        skip "$2" "the built-in broker can be told to make it"
    fi
}

case_standstill() { on_sandbox standing "a client that stands still" standstill; }
case_fatal_producer() { on_sandbox failing "a producer that gives up" fatal_producer; }
case_brokers_away() {
    if [[ $kind == kafka && -n ${WN_KAFKA_DIR:-} ]]; then
        brokers_away
    else
        on_sandbox leaving "brokers that stay away" brokers_away
    fi
}

take_brokers_away() {
    if [[ $kind == kafka ]]; then "$root/deploy/dev-kafka" kill --dir "$WN_KAFKA_DIR"; else order down 1; fi
}
bring_brokers_back() {
    if [[ $kind == kafka ]]; then "$root/deploy/dev-kafka" start --dir "$WN_KAFKA_DIR"; else order up 1; fi
}

# Fetch answers with errors while everything else is well: nothing is said by the library, nothing goes on.
standstill() {
    local standing
    standing=$(write_config standing standing.outbound)
    sed -i "s/^  group:.*/&\n  stall_timeout: 5s/" "$standing"
    make_topics "$standing" || fail "standstill: topics"
    start_processor "$standing"
    head -n 3000 "$work/data/events.ndjson" | produce standing.outbound
    check "standstill: work goes on" await_settled standing 3000 60
    order err 1 100000 7
    sleep 0.5
    tail -n +3001 "$work/data/events.ndjson" | produce standing.outbound
    check "standstill: the half starts over" wait_until 30 says standing "judge: no progress .* starting over"
    order calm 1
    check "standstill: and goes on" await_settled standing "$events" 60
    check "standstill: verdicts equal replay's" verdicts_are_right standing
    check "standstill: it is the same process" is_running "$processor_pid"
    order err 1 100000 7
    sleep 0.5
    again stuck | head -n 2000 | produce standing.outbound
    check "standstill: when that does not help, it ends" wait_until 60 has_ended "$processor_pid"
    check "standstill: to be started again" ends_with 75 "$processor_pid"
    order calm 1
    start_processor "$standing"
    check "standstill: and then nothing is lost" await_settled standing "$((events + 2000))" 60
    end_process "$processor_pid"
}

# Sequences out of order and a fenced epoch make an idempotent producer give up.
fatal_producer() {
    local failing code thirds=0
    failing=$(write_config failing failing.outbound "batch:
  messages: 50")
    make_topics "$failing" || fail "fatal producer: topics"
    start_processor "$failing"
    check "fatal producer: the processor is at work" wait_until 30 has_partitions failing
    split -n l/3 -d "$work/data/events.ndjson" "$work/third."
    for code in 45 47 45; do
        # So that it is the processor's requests that fail, and not the source's.
        kill -STOP "$processor_pid"
        produce failing.outbound <"$work/third.0$thirds"
        order err 0 2 "$code"
        sleep 0.3
        kill -CONT "$processor_pid"
        thirds=$((thirds + 1))
        check "fatal producer: messages are settled after error $code" await_settled failing $((thirds * 1900)) 60
    done
    check "fatal producer: every message is settled" await_settled failing "$events" 90
    check "fatal producer: there was one" says failing "starting a new producer"
    check "fatal producer: the processor ends well when told to" end_process "$processor_pid"
    check "fatal producer: verdicts equal replay's" verdicts_are_right failing
    check "fatal producer: message holds equal replay's" \
        compare holds "$work/replay/quarantine-commands.ndjson" "$work/failing.commands.ndjson"
    check "fatal producer: tally frames add up to the verdicts" \
        compare frames "$work/failing.frames" "$work/failing.verdicts.ndjson"
}

# An hour is many times a delivery's time-out, and a stall's: here they are seconds. A stall's is longer than it takes to
# come back into a group, as it has to be: who has no place in it for so long starts over.
brokers_away() {
    local leaving cpu memory seconds=25
    leaving=$(write_config leaving leaving.outbound "batch:
  messages: 50")
    sed -i "s/^  group:.*/&\n  stall_timeout: 15s/; s/^  properties:/&\n    delivery.timeout.ms: \"3000\"/" "$leaving"
    make_topics "$leaving" || fail "brokers away: topics"
    start_processor "$leaving"
    head -n 3000 "$work/data/events.ndjson" | produce leaving.outbound
    check "brokers away: work goes on before" await_settled leaving 2000 60
    take_brokers_away
    cpu=$(cpu_of "$processor_pid")
    sleep "$seconds"
    cpu=$(($(cpu_of "$processor_pid") - cpu))
    memory=$(memory_of "$processor_pid")
    bring_brokers_back
    check "brokers away: below half a core meanwhile ($cpu hundredths of a second in $seconds s)" \
        test "$cpu" -lt $((seconds * 50))
    check "brokers away: memory is bounded ($memory KiB)" test "$memory" -lt 2000000
    check "brokers away: it lives" is_running "$processor_pid"
    tail -n +3001 "$work/data/events.ndjson" | produce leaving.outbound
    check "brokers away: every message is settled afterwards" await_settled leaving "$events" 90
    check "brokers away: that is no standstill" test "$(lines_that_say leaving "no progress")" -eq 0
    check "brokers away: the processor ends well when told to" end_process "$processor_pid"
    check "brokers away: verdicts equal replay's" verdicts_are_right leaving
}

# --- a clean end in the midst of work --------------------------------------------------------------------------------

case_drain() {
    local drained source_pid begin round
    drained=$(write_config drained drained.outbound "batch:
  messages: 50")
    make_topics "$drained" || {
        fail "drain: topics"
        return
    }
    start_processor "$drained"
    check "drain: the processor is at work" wait_until 30 has_partitions drained
    while read -r -d '' part; do
        produce drained.outbound <"$part"
    done < <(split -n l/40 "$work/data/events.ndjson" "$work/drain." && find "$work" -name 'drain.*' -print0) &
    source_pid=$!
    for round in 1 2 3; do
        wait_until 20 has_settled drained $((round * 500))
        begin=$SECONDS
        check "drain: the processor ends well in mid-stream" end_process "$processor_pid"
        check "drain: within 25 s" test $((SECONDS - begin)) -le 25
        start_processor "$drained"
    done
    wait "$source_pid"
    check "drain: every message is settled" await_settled drained "$events" 60
    end_process "$processor_pid"
    check "drain: verdicts equal replay's" verdicts_are_right drained
    check "drain: no verdict twice" test "$(wc -l <"$work/drained.verdicts.ndjson")" -eq "$events"
}
