# cases.sh: the cases of the integration suite, one function each. Sourced by suite.sh.
# shellcheck shell=bash disable=SC2154

seed=20240611
messages=6000
outbound=suite.outbound

compare() { python3 "$here/compare.py" "$@"; }
bench() { "$build/wrongnumber-bench" "$@"; }

generate() {
    bench generate --seed "$seed" --messages "$messages" --tenants 2 --campaigns 20 \
        --incident wrong_list:at=50%,size=400 --out "$1"
}

# The data of the whole suite, what replay says about it, and a loaded Redis.
set_up() {
    local again=$work/again
    start_redis || return 1
    generate "$work/data" && generate "$again" || return 1
    check "the same seed gives the same bytes" diff -rq "$work/data" "$again"
    events=$(wc -l <"$work/data/events.ndjson")

    config=$(write_config stream "$outbound")
    "$build/wrongnumber" check -c "$config" >"$work/check.log" 2>&1 || {
        cat "$work/check.log"
        return 1
    }
    bench replay --events "$work/data/events.ndjson" --relationships "$work/data/relationships.ndjson" -c "$config" \
        --out "$work/replay" || return 1
    check "replay flags exactly what the labels say" \
        compare labels "$work/data/labels.ndjson" "$work/replay/verdicts.ndjson"
    check "every record of replay is valid" python3 "$root/tests/schemas/validate.py" --run "$work/replay"
    load || return 1
    bench replay --events "$work/data/events.ndjson" --redis "unix:$work/redis.sock" -c "$config" \
        --out "$work/replay-redis" || return 1
    check "replay from Redis gives the same verdicts as from the file" \
        diff -q "$work/replay/verdicts.ndjson" "$work/replay-redis/verdicts.ndjson"
    make_topics "$config"
}

load() { "$build/wrongnumber" load -c "$config" "$work/data/relationships.ndjson" >>"$work/load.log" 2>&1 || {
    tail "$work/load.log"
    return 1
}; }

# Leaves what a case has written in files that compare.py reads.
collect() {
    local topic
    for topic in verdicts alerts commands state dead-letter; do
        fetch "$1.$topic" >"$work/$1.$topic.ndjson"
    done
    broker -C -t "$1.tallies" -o beginning -e -q -u -f '%p %o %S\n%s' >"$work/$1.frames"
}

# --- one undisturbed stream ------------------------------------------------------------------------------------------

case_stream() {
    produce "$outbound" <"$work/data/events.ndjson"
    start_processor "$config"
    check "every message gets its verdict" await_settled stream "$events" 60
    wait_until 20 incident_is_held >/dev/null || true
    check "the processor ends well when told to" end_process "$processor_pid"
    collect stream

    check "verdicts equal replay's but for source" \
        compare verdicts "$work/replay/verdicts.ndjson" "$work/stream.verdicts.ndjson"
    check "message holds equal replay's" \
        compare holds "$work/replay/quarantine-commands.ndjson" "$work/stream.commands.ndjson"
    check "no healthy message becomes a dead letter" test ! -s "$work/stream.dead-letter.ndjson"
    check "the planted incident is opened once and its scope held" incident_is_held
    check "tally frames add up to the verdicts" \
        compare frames "$work/stream.frames" "$work/stream.verdicts.ndjson"
    check "protoc decodes the tally frames" frames_decode
    compare tallies "$work/stream.frames" stream.tallies >"$work/tallies.ndjson"
    check "replay folds the tally log that was written" \
        bench replay --tallies "$work/tallies.ndjson" -c "$config" --out "$work/refold"
    check "alerts equal the offline fold's" compare same "$work/refold/alerts.ndjson" "$work/stream.alerts.ndjson"
    check "scope commands equal the offline fold's" \
        compare same "$work/refold/quarantine-commands.ndjson" "$work/stream.commands.ndjson"
    schema_check verdict stream.verdicts
    schema_check alert stream.alerts
    schema_check quarantine-command stream.commands
    schema_check quarantine-state stream.state
}

incident_is_held() {
    fetch stream.alerts >"$work/stream.alerts.ndjson"
    fetch stream.commands >"$work/stream.commands.ndjson"
    compare incident "$work/data/scenario.json" "$work/stream.alerts.ndjson" "$work/stream.commands.ndjson"
}

frames_decode() {
    local frame
    mkdir -p "$work/frames"
    compare split "$work/stream.frames" "$work/frames" 25 || return 1
    for frame in "$work"/frames/*.frame; do
        protoc --decode=wrongnumber.v1.TallyFrame -I "$root/schemas" "$root/schemas/tally_frame.proto" \
            <"$frame" >"$frame.txt" || return 1
        grep -qE '^source_topic: "(suite.outbound|stream.tallies)"' "$frame.txt" || return 1
    done
}

schema_check() {
    compare values "$work/$2.ndjson" >"$work/$2.values"
    check "every record of $2 is valid" python3 "$root/tests/schemas/validate.py" --ndjson "$1" "$work/$2.values"
}

# What the group has not committed is what a new member would read.
case_committed() {
    local left
    left=$(broker -G stream -e -q -u -f '%p:%o\n' -X auto.offset.reset=earliest -X enable.auto.commit=false \
        -X session.timeout.ms=6000 "$outbound" | wc -l)
    check "a clean stop commits everything (left: $left)" test "$left" -eq 0
}

# --- kill -9 ---------------------------------------------------------------------------------------------------------

has_snapshot() { fetch "$1.detector-state" | grep -q '"key":"[^"]*/manifest"'; }

case_crash() {
    local crash part lines
    crash=$(write_config crash crash.outbound "batch:
  messages: 50
snapshot_interval: 100ms")
    make_topics "$crash" || {
        fail "kill -9: topics"
        return
    }
    lines=0
    for part in "$work"/part.*; do
        start_processor "$crash"
        produce crash.outbound <"$part"
        # Every other time it is killed as soon as its work shows, else right in the first rush.
        if ((lines % 2 == 0)); then
            await_settled crash "$((lines + 1))" 60 || true
        fi
        lines=$((lines + $(wc -l <"$part")))
        # The last one has had the time for a snapshot, so that there is one to go on from.
        if ((lines == events)); then
            wait_until 40 has_snapshot crash || true
        fi
        end_process "$processor_pid" KILL
    done
    start_processor "$crash"
    check "kill -9: every message is settled after the restart" await_settled crash "$events" 90
    # What was told before the kill is there at once, when the dead member's place is not free yet.
    check "kill -9: the detect half has gone on from a snapshot" wait_until 40 grep -q "by a snapshot" "$work/crash.log"
    wait_until 40 crash_is_told >/dev/null || true
    end_process "$processor_pid"
    collect crash
    check "kill -9: verdicts, deduplicated, equal replay's" \
        compare verdicts "$work/replay/verdicts.ndjson" "$work/crash.verdicts.ndjson"
    check "kill -9: message holds, deduplicated, equal replay's" \
        compare holds "$work/replay/quarantine-commands.ndjson" "$work/crash.commands.ndjson"
    check "kill -9: tally frames add up to the verdicts" \
        compare frames "$work/crash.frames" "$work/crash.verdicts.ndjson"
    refold_crash
    check "kill -9: alerts, deduplicated, equal the offline fold's" \
        compare same "$work/crash.refold/alerts.ndjson" "$work/crash.alerts.ndjson"
    check "kill -9: scope commands, deduplicated, equal the offline fold's" \
        compare same "$work/crash.refold/quarantine-commands.ndjson" "$work/crash.commands.ndjson"
}

refold_crash() {
    compare tallies "$work/crash.frames" crash.tallies >"$work/crash.tallies.ndjson"
    bench replay --tallies "$work/crash.tallies.ndjson" -c "$crash" --out "$work/crash.refold"
}

# Whether the detect half has told all that follows from the tally log.
crash_is_told() {
    collect crash
    refold_crash && compare same "$work/crash.refold/alerts.ndjson" "$work/crash.alerts.ndjson"
}

# --- bad input -------------------------------------------------------------------------------------------------------

# write_bad DIRECTORY: one file a bad message, named after the reason that its dead letter must give.
write_bad() {
    local good='"recipient": "+8613800138000", "occurred_at": "2024-06-11T08:00:00Z"' size=10000000
    mkdir -p "$1"
    # The built-in broker keeps no more than 5 MiB.
    [[ $kind == kafka ]] || size=2000000
    printf 'hello' >"$1/not_json.text"
    printf '{"message_id": "bad", %s' "$good" >"$1/not_json.cut"
    printf '{"message_id": "b\0d", %s}' "$good" >"$1/not_json.nul"
    printf '{"message_id": "bad", %s} x' "$good" >"$1/not_json.trailing"
    printf '{"message_id": "bad", %s, "x": %s%s}' "$good" "$(printf '[%.0s' {1..10000})" "$(printf ']%.0s' {1..10000})" \
        >"$1/too_deep.x"
    printf '{"message_id": "bad", "message_id": "bad", %s}' "$good" >"$1/duplicate_key.x"
    printf '{"message_id": "b\xffd", %s}' "$good" >"$1/bad_utf8.x"
    printf '{"message_id": "bad", "occurred_at": "2024-06-11T08:00:00Z"}' >"$1/missing_field.recipient"
    printf '{%s}' "$good" >"$1/missing_field.message_id"
    printf '{"message_id": ["bad"], %s}' "$good" >"$1/bad_type.x"
    printf '{"message_id": "bad", "recipient": "1", "occurred_at": "0000-01-01T00:00:00Z"}' >"$1/bad_time.zero"
    printf '{"message_id": "bad", "recipient": "1", "occurred_at": "9999-12-31T00:00:00Z"}' >"$1/bad_time.far"
    printf '\0\0\0\0\1\2\6foo' >"$1/unsupported_encoding.avro"
    { printf '{"message_id": "bad", %s, "x": "' "$good" && head -c "$size" /dev/zero | tr '\0' x && printf '"}'; } \
        >"$1/too_large.x"
}

case_bad_input() {
    local bad reasons count
    bad=$(write_config bad bad.outbound)
    make_topics "$bad" || {
        fail "bad input: topics"
        return
    }
    write_bad "$work/bad"
    mapfile -t reasons < <(find "$work/bad" -type f -printf '%f\n' | sed 's/\..*//' | sort)
    # All of them, a null value and a healthy message into one partition: the healthy one comes behind.
    broker -P -t bad.outbound -p 0 -X message.max.bytes=20000000 "$work"/bad/*
    printf 'key:\n' | broker -P -t bad.outbound -p 0 -K: -Z
    compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" clear 1 after- | broker -P -t bad.outbound -p 0
    count=$((${#reasons[@]} + 2))
    start_processor "$bad"
    check "bad input: every record is settled" await_settled bad "$count" 60
    end_process "$processor_pid"
    collect bad
    check "bad input: one dead letter each, with its reason" \
        compare reasons "$work/bad.dead-letter.ndjson" "${reasons[@]}" empty
    check "bad input: the partition goes on" compare only "$work/bad.verdicts.ndjson" after- clear
}

# --- complaints --------------------------------------------------------------------------------------------------------

# write_complaints FROM TO: complaint lines, each about a person of its own.
write_complaints() {
    seq -f '%.0f' "$1" "$2" | awk '{
        printf "{\"complaint_id\": \"c%d\", \"occurred_at\": \"2024-06-11T08:00:00Z\", ", $1
        printf "\"recipient\": \"+86138%08d\", \"tenant_id\": \"t%d\", \"kind\": \"stop\"}\n", $1, $1 % 5
    }'
}

# complaints_are COUNT: so many have been applied, each once.
complaints_are() {
    bench decode -c "$complaining" >"$work/complaining.frames.ndjson" 2>"$work/decode.log" || return 1
    compare complaints "$work/complaining.frames.ndjson" "$1" >"$work/complaining.compared"
}

case_complaints() {
    local last
    complaining=$(write_config complaining complaining.outbound 'complaints: "on"')
    sed -i 's/^  control:/  complaints: "complaining.complaints"\n&/' "$complaining"
    make_topics "$complaining" || {
        fail "complaints: topics"
        return
    }
    start_processor "$complaining"
    for last in 1500 3000 4500; do
        write_complaints $((last - 1499)) "$last" | produce complaining.complaints
        # Killed once in the first rush, once when its work shows.
        ((last == 1500)) || wait_until 20 complaints_are "$last" >/dev/null || true
        end_process "$processor_pid" KILL
        start_processor "$complaining"
    done
    printf '%s\n' '{"complaint_id": "bad"}' 'bad' | produce complaining.complaints
    check "complaints: all are in the tallies, once each, through kill -9" wait_until 30 complaints_are 4500
    cat "$work/complaining.compared"
    check "complaints: those that cannot be read are settled" await_settled complaining 2 30
    check "complaints: the processor ends well when told to" end_process "$processor_pid"
    collect complaining
    check "complaints: two dead letters, with their reasons" \
        compare reasons "$work/complaining.dead-letter.ndjson" missing_field not_json
}

# --- Redis in trouble --------------------------------------------------------------------------------------------------

# ask PREFIX: 40 messages to people who owe and 20 to people who do not, and waits for their verdicts.
ask() {
    {
        compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" clear 40 "$1-clear-"
        compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" misdirected 10 "$1-wrong-"
    } | produce trouble.outbound
    asked=$((asked + 50))
    await_settled trouble "$asked" 60 || return 1
    fetch trouble.verdicts >"$work/trouble.verdicts.ndjson"
}

answers() { compare only "$work/trouble.verdicts.ndjson" "$1-" "$2"; }

# recovers PREFIX: asks again and again until a verdict is clear; the question that got it was asked within 5 s.
recovers() {
    local begin=$SECONDS n=0 first
    local -a asked_at=()
    while ((SECONDS - begin < 40)); do
        asked_at+=($((SECONDS - begin)))
        compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" clear 1 x |
            sed "s/\"x0\"/\"$1-probe-$n\"/" | produce trouble.outbound
        n=$((n + 1)) asked=$((asked + 1))
        fetch trouble.verdicts >"$work/trouble.verdicts.ndjson"
        if first=$(compare probe "$work/trouble.verdicts.ndjson" "$1-probe-" clear); then
            ((asked_at[first] <= 5)) && return 0
            echo "the first clear verdict was on a question asked ${asked_at[first]} s after the recovery"
            return 1
        fi
    done
    echo "no clear verdict within 40 s"
    return 1
}

case_redis() {
    local trouble
    asked=0
    trouble=$(write_config trouble trouble.outbound)
    make_topics "$trouble" || {
        fail "Redis: topics"
        return
    }
    start_processor "$trouble"
    check "Redis well: verdicts come" ask well
    check "Redis well: who owes is clear" compare only "$work/trouble.verdicts.ndjson" well-clear- clear
    check "Redis well: who does not is misdirected" compare only "$work/trouble.verdicts.ndjson" well-wrong- misdirected

    kill -STOP "$redis_pid"
    check "Redis silent: verdicts come" ask silent
    check "Redis silent: all are unknown" answers silent unknown:cache_unreachable
    kill -CONT "$redis_pid"
    check "Redis silent: back to normal within 5 s" recovers silent

    redis save >/dev/null
    end_process "$redis_pid"
    check "Redis gone: verdicts come" ask gone
    check "Redis gone: all are unknown" answers gone unknown:cache_unreachable
    check "Redis gone: the server starts again" start_redis
    check "Redis gone: back to normal within 5 s" recovers gone

    redis flushall >/dev/null
    check "Redis flushed: verdicts come" ask flushed
    check "Redis flushed: all are unknown" answers flushed unknown:cache_untrusted
    check "Redis flushed: a full load goes well" load
    check "Redis flushed: back to normal within 5 s of the load" recovers flushed

    check "Redis: the processor lived through it" is_running "$processor_pid"
    end_process "$processor_pid"
    collect trouble
    local phase
    for phase in silent gone flushed; do
        check "Redis $phase: nobody who owes is called misdirected" \
            compare never "$work/trouble.verdicts.ndjson" "$phase-clear-" misdirected
    done
}

# --- the broker in trouble -----------------------------------------------------------------------------------------------

has_spoken() { [[ -s $work/broker.log ]]; }

case_broker() {
    local broker_config name="broker down at start and killed in mid-stream"
    if [[ $kind != kafka || -z ${WN_KAFKA_DIR:-} ]]; then
        skip "$name" "the built-in broker forgets everything when it ends"
        return
    fi
    broker_config=$(write_config broker broker.outbound "batch:
  messages: 50")
    make_topics "$broker_config" || {
        fail "broker: topics"
        return
    }
    cat "$work/part.00" "$work/part.01" | produce broker.outbound
    "$root/deploy/dev-kafka" kill --dir "$WN_KAFKA_DIR"
    start_processor "$broker_config"
    check "broker down at start: the processor says so" wait_until 30 has_spoken
    check "broker down at start: and waits" is_running "$processor_pid"
    "$root/deploy/dev-kafka" start --dir "$WN_KAFKA_DIR"
    check "broker down at start: it begins when there is one" await_settled broker 1 60
    # The broker dies in the first rush of the rest.
    cat "$work"/part.0[2-4] | produce broker.outbound
    "$root/deploy/dev-kafka" kill --dir "$WN_KAFKA_DIR"
    "$root/deploy/dev-kafka" start --dir "$WN_KAFKA_DIR"
    check "broker killed: every message is settled" await_settled broker "$events" 120
    end_process "$processor_pid"
    collect broker
    check "broker killed: verdicts equal replay's" \
        compare verdicts "$work/replay/verdicts.ndjson" "$work/broker.verdicts.ndjson"
}
