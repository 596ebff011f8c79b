# cases_late.sh: messages whose record comes late, and messages that are held because nothing is known. Sourced by
# suite.sh.
# shellcheck shell=bash disable=SC2154

# late_messages PREFIX FROM TO: one message a number, each to somebody of whom nobody has heard.
late_messages() {
    seq "$2" "$3" | awk -v prefix="$1" '{
        printf "{\"message_id\": \"%s%d\", \"recipient\": \"+8619900%06d\", ", prefix, $1, $1
        printf "\"occurred_at\": \"2024-06-11T08:00:00Z\", \"purpose\": \"collection\", "
        printf "\"tenant_id\": \"late\", \"campaign_id\": \"c\", \"loan_id\": \"L%d\"}\n", $1
    }'
}

# late_records FROM TO: the records of those people, loaded as a delta.
late_records() {
    seq "$1" "$2" | awk '{
        printf "{\"recipient\": \"+8619900%06d\", \"parties\": [{\"tenant_id\": \"late\", ", $1
        printf "\"loan_id\": \"L%d\", \"role\": \"borrower\", \"status\": \"overdue\"}]}\n", $1
    }' >"$work/late.ndjson"
    "$build/wrongnumber" load --delta -c "$late" "$work/late.ndjson" >>"$work/load.log" 2>&1
}

late_commands() { fetch late.commands >"$work/late.commands.ndjson"; }
late_are_held() { late_commands && compare held "$work/late.commands.ndjson" "$@" >"$work/late.compared"; }
late_are_released() { late_commands && compare released "$work/late.commands.ndjson" "$@" >"$work/late.compared"; }

case_late() {
    late=$(write_config late late.outbound)
    sed -i 's/^  mode: enforce/&\n  unknown: hold/' "$late"
    make_topics "$late" || {
        fail "late records: topics"
        return
    }
    start_processor "$late"
    late_messages live- 1 10 | produce late.outbound
    check "late records: who is not known is held" wait_until 30 late_are_held live- 10
    sleep 2 # so that the first look again has found nothing
    late_records 1 5
    check "late records: their messages are released" wait_until 45 late_are_released live- 1 5

    # The record comes while nobody runs.
    late_messages killed- 101 110 | produce late.outbound
    check "late records: held before kill -9" wait_until 30 late_are_held killed- 10
    end_process "$processor_pid" KILL
    late_records 101 105
    start_processor "$late"
    check "late records: released after kill -9" wait_until 40 late_are_released killed- 101 105
    # The record comes after the restart, to those whom the old process was to look up again.
    late_messages again- 201 210 | produce late.outbound
    check "late records: held before another kill -9" wait_until 30 late_are_held again- 10
    end_process "$processor_pid" KILL
    start_processor "$late"
    late_messages after- 211 211 | produce late.outbound
    check "late records: the processor is back" wait_until 40 late_are_held after- 1
    late_records 201 205
    check "late records: released by the next process" wait_until 40 late_are_released again- 201 205

    # Nobody can be asked, and policy.unknown is hold: those who owe are released when somebody can.
    late_records 301 305
    kill -STOP "$redis_pid"
    late_messages unknown- 301 310 | produce late.outbound
    check "unknown: hold: all are held" wait_until 30 late_are_held unknown- 10
    kill -CONT "$redis_pid"
    check "unknown: hold: who owes is released" wait_until 60 late_are_released unknown- 301 305

    check "late records: the processor ends well when told to" end_process "$processor_pid"
    collect late
    check "late records: each is taken back in the tally, behind its entry" compare late "$work/late.frames" 15
    check "late records: no release but theirs" late_are_released live- 1 5
    schema_check quarantine-command late.commands
}

# ask_owing PREFIX COUNT: messages to people who owe.
ask_owing() {
    compare pick "$work/data/labels.ndjson" "$work/data/events.ndjson" clear "$2" "$1" | produce waiting.outbound
}

suspect_is_told() {
    fetch waiting.alerts >"$work/waiting.alerts.ndjson"
    compare values "$work/waiting.alerts.ndjson" | grep -c '"cache.suspect"' >/dev/null
}

# policy.unknown: wait.
case_wait() {
    local waiting
    waiting=$(write_config waiting waiting.outbound)
    sed -i 's/^  mode: enforce/&\n  unknown: wait/' "$waiting"
    make_topics "$waiting" || {
        fail "wait: topics"
        return
    }
    start_processor "$waiting"
    ask_owing before- 20
    check "unknown: wait: verdicts come" await_settled waiting 20 60
    kill -STOP "$redis_pid"
    ask_owing meanwhile- 20
    check "unknown: wait: the trouble is told" wait_until 20 suspect_is_told
    check "unknown: wait: nobody is judged meanwhile" test "$(settled_count waiting)" -eq 20
    # Whoever comes next waits as well.
    end_process "$processor_pid" KILL
    start_processor "$waiting"
    kill -CONT "$redis_pid"
    check "unknown: wait: verdicts come when it is over" await_settled waiting 40 60
    fetch waiting.verdicts >"$work/waiting.verdicts.ndjson"
    check "unknown: wait: all are clear" compare only "$work/waiting.verdicts.ndjson" meanwhile- clear
    check "unknown: wait: the processor ends well when told to" end_process "$processor_pid"
}
