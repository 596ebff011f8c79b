# transactional_cases.sh: `delivery: transactional`. Sourced by suite.sh. WN_KILLS (4) says how often the processor is
# killed, WN_SEED (its own process id) at which moments, WN_STOP_SECONDS (4) for how long the broker stands still once.
# shellcheck shell=bash disable=SC2154

# write_transactional CASE: its configuration.
write_transactional() {
    local file
    file=$(write_config "$1" "$1.outbound" "delivery: transactional
audit:
  directory: \"$work/$1.audit\"
  file_size: 256KiB
snapshot_interval: 200ms
batch:
  messages: 50")
    sed -i 's/^  group: .*/&\n  instance_id: "one"/' "$file"
    echo "$file"
}

# follow TOPIC FILE: a reader with isolation.level read_committed that reads along. Sets reader_pid.
follow() {
    kcat -b "$bootstrap" -C -t "$1" -o beginning -q -J -u -X isolation.level=read_committed >"$2" 2>>"$work/kcat.log" \
        </dev/null &
    reader_pid=$!
    pids+=("$reader_pid")
}

# trickle TOPIC FILE: a file little by little, so that there is work at any moment of a second or two.
trickle() {
    local n
    for n in $(seq 20); do
        # kcat ends when all brokers are away; one that stands still is not.
        split -n "l/$n/20" "$2" | produce "$1" -X api.version.request.timeout.ms=60000
    done
}

has_followed() { (($(wc -l <"$1") >= $2)); }

# start_and_await CONFIG: starts the processor and waits until it has partitions.
start_and_await() {
    local log=${1%.yaml}.log before
    before=$(grep -sc 'judge: partition 0: from' "$log" || true)
    : "${before:=0}"
    start_processor "$1"
    wait_until 30 has_begun "$log" "$before"
}
has_begun() {
    local begun
    begun=$(grep -c 'judge: partition 0: from' "$1")
    ((begun > $2)) || has_ended "$processor_pid"
}

stop_broker_for() {
    local pid
    pid=$(cat "$WN_KAFKA_DIR/pid")
    kill -STOP "$pid"
    sleep "$1"
    kill -CONT "$pid"
}

case_transactional() {
    if [[ $kind == kafka && -n ${WN_KAFKA_DIR:-} ]]; then
        transactional_stream
        transactional_fencing
    else
        transactional_refusal
    fi
}

# Where transactions are answered and not kept, the processor does not begin.
transactional_refusal() {
    local refused status=0
    refused=$(write_transactional refused)
    make_topics "$refused" || {
        fail "transactional: topics"
        return
    }
    "$build/wrongnumber" run -c "$refused" >"$work/refused.out" 2>"$work/refused.log" </dev/null || status=$?
    check "transactional: refused with the status of a configuration (got $status)" test "$status" -eq 78
    check "transactional: and with the reason" grep -q 'delivery: transactions do not hold with the brokers' "$work/refused.log"
}

transactional_stream() {
    local tx kills=${WN_KILLS:-4} part feeder number=0 started raw topic
    tx=$(write_transactional tx)
    make_topics "$tx" || {
        fail "transactional: topics"
        return
    }
    RANDOM=${WN_SEED:-$$}
    echo "transactional: $kills kills, seed ${WN_SEED:-$$}"
    wait_until 10 topic_exists tx.verdicts
    follow tx.verdicts "$work/tx.followed.ndjson"
    split -n "l/$((kills + 1))" -d -a 3 "$work/data/events.ndjson" "$work/tx.part."
    for part in "$work"/tx.part.*; do
        trickle tx.outbound "$part" &
        feeder=$!
        start_and_await "$tx"
        # Somewhere in the rush, or behind it.
        sleep "0.$(printf '%03d' $((RANDOM % 1000)))"
        if ((number++ == kills / 2)); then
            stop_broker_for "${WN_STOP_SECONDS:-4}"
            check "transactional: a broker that stands still ends nothing" is_running "$processor_pid"
        fi
        end_process "$processor_pid" KILL
        wait "$feeder"
    done
    started=$SECONDS
    start_processor "$tx"
    check "transactional: every message is settled after the restart" await_settled tx "$events" 60
    # What the last life left open is aborted by the next one, not by its timeout of 30 s.
    check "transactional: and within 15 s (took $((SECONDS - started)))" test $((SECONDS - started)) -le 15
    wait_until 30 tx_is_told >/dev/null || true
    check "transactional: the processor ends well when told to" end_process "$processor_pid"
    check "transactional: who reads along reads to the end" wait_until 20 has_followed "$work/tx.followed.ndjson" "$events"
    end_process "$reader_pid" || true
    collect tx
    raw=$(fetch_uncommitted tx.verdicts | wc -l)
    echo "transactional: $(wc -l <"$work/tx.verdicts.ndjson") verdicts, $((raw - $(wc -l <"$work/tx.verdicts.ndjson"))) aborted"
    check "transactional: verdicts equal replay's" \
        compare verdicts "$work/replay/verdicts.ndjson" "$work/tx.verdicts.ndjson"
    check "transactional: each verdict once" compare once message_id "$work/tx.verdicts.ndjson"
    check "transactional: each verdict once for who reads along" compare once message_id "$work/tx.followed.ndjson"
    check "transactional: for who reads along they are the same" \
        compare verdicts "$work/tx.verdicts.ndjson" "$work/tx.followed.ndjson"
    check "transactional: message holds, deduplicated, equal replay's" \
        compare holds "$work/replay/quarantine-commands.ndjson" "$work/tx.commands.ndjson"
    check "transactional: no dead letter" test ! -s "$work/tx.dead-letter.ndjson"
    check "transactional: tally frames add up to the verdicts" \
        compare frames "$work/tx.frames" "$work/tx.verdicts.ndjson"
    refold_tx
    check "transactional: alerts equal the offline fold's" \
        compare same "$work/tx.refold/alerts.ndjson" "$work/tx.alerts.ndjson"
    check "transactional: scope commands equal the offline fold's" \
        compare same "$work/tx.refold/quarantine-commands.ndjson" "$work/tx.commands.ndjson"
    check "transactional: each alert once" compare once alert_id "$work/tx.alerts.ndjson"
    check "transactional: each scope command once" compare once command_id "$work/tx.commands.ndjson"
    check "transactional: the audit log is whole" "$build/wrongnumber" audit verify -c "$tx"
    for topic in alerts commands; do fetch "tx.$topic"; done >"$work/tx.visible"
    for topic in alerts commands; do fetch_uncommitted "tx.$topic"; done >"$work/tx.sent"
    check "transactional: and says what was committed and what was not" \
        python3 -B "$here/audit_outcomes.py" "$work/tx.audit" "$work/tx.visible" "$work/tx.sent"
}

# A process that stands still while its transaction has alerts and commands in it loses its place in the group, and aborts when it goes
# on: the log says of those records that nobody has them, and they come once more.
case_aborted() {
    local aborted
    if [[ $kind != kafka || -z ${WN_KAFKA_DIR:-} ]]; then
        return
    fi
    aborted=$(write_transactional aborted)
    printf 'commit_interval: 3s\n' >>"$aborted"
    make_topics "$aborted" || {
        fail "aborted: topics"
        return
    }
    start_and_await "$aborted"
    produce aborted.outbound <"$work/data/events.ndjson"
    check "aborted: it stands still with alerts that are sent and not committed" wait_until 60 stops_with_open_alerts
    check "aborted: the group has lost it" wait_until 120 has_lost_members aborted.detect
    kill -CONT "$processor_pid"
    check "aborted: every message is settled" await_settled aborted "$events" 90
    # Who is told to end does not wait for what follows from the tally log.
    check "aborted: what nobody has comes again" wait_until 90 is_aborted_and_told
    check "aborted: the processor ends well" end_process "$processor_pid"
    check "aborted: the audit log says which records nobody has" is_aborted_and_told
}

is_aborted_and_told() {
    local topic
    for topic in alerts commands; do fetch "aborted.$topic"; done >"$work/aborted.visible"
    for topic in alerts commands; do fetch_uncommitted "aborted.$topic"; done >"$work/aborted.sent"
    python3 -B "$here/audit_outcomes.py" "$work/aborted.audit" "$work/aborted.visible" "$work/aborted.sent" --aborted
}

has_open_alerts() { (($(fetch_uncommitted aborted.alerts | wc -l) > $(fetch aborted.alerts | wc -l))); }
# What was open may have been committed by the time it stands still.
stops_with_open_alerts() {
    has_open_alerts || return 1
    kill -STOP "$processor_pid"
    has_open_alerts || { kill -CONT "$processor_pid" && return 1; }
}
has_lost_members() {
    "$root/deploy/dev-kafka" console ConsumerGroupCommand --bootstrap-server "$bootstrap" --describe --group "$1" --state 2>>"$work/kcat.log" |
        grep -q 'Empty'
}

fetch_uncommitted() { broker -C -t "$1" -o beginning -e -q -J -u -X isolation.level=read_uncommitted; }

refold_tx() {
    compare tallies "$work/tx.frames" tx.tallies >"$work/tx.tallies.ndjson"
    bench replay --tallies "$work/tx.tallies.ndjson" -c "$work/tx.yaml" --out "$work/tx.refold"
}

# Whether the detect half has told all that follows from the tally log.
tx_is_told() {
    collect tx
    refold_tx && compare same "$work/tx.refold/alerts.ndjson" "$work/tx.alerts.ndjson"
}

# Two processes of one instance: the older one ends, the other goes on.
transactional_fencing() {
    local fenced older status=0
    fenced=$(write_transactional fenced)
    make_topics "$fenced" || {
        fail "transactional: topics"
        return
    }
    start_and_await "$fenced"
    older=$processor_pid
    head -n 1000 "$work/data/events.ndjson" | produce fenced.outbound
    check "fencing: the older one works" await_settled fenced 1000 30
    sed "s:/fenced.audit:/newer.audit:" "$fenced" >"$work/newer.yaml"
    : >"$work/newer.log"
    start_processor "$work/newer.yaml"
    wait_until 30 grep -q 'judge: transactions as' "$work/newer.log" || true
    tail -n +1001 "$work/data/events.ndjson" | produce fenced.outbound
    check "fencing: the older one ends within 5 s" wait_until 5 has_ended "$older"
    end_process "$older" || status=$?
    check "fencing: with a status that says so (got $status)" test "$status" -eq 77
    check "fencing: and with the reason" grep -qE 'kafka.instance_id|Static consumer fenced' "$work/fenced.log"
    check "fencing: the other one settles every message" await_settled fenced "$events" 60
    end_process "$processor_pid"
    collect fenced
    check "fencing: each verdict once" compare once message_id "$work/fenced.verdicts.ndjson"
}
