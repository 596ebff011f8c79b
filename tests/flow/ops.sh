#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# ops.sh BUILD_DIR: what a live processor tells those who run it. Counters are what was sent; who holds what, who is waited
# for and which policy was refused is seen; /readyz follows Redis and /healthz does not; slow clients keep nobody away; systemd hears of it; what cannot be listened at is an error at once.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: ops.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ops.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
# shellcheck source=tests/support/redis_ports.sh
source "$root/tests/support/redis_ports.sh"
redis_answers() { [[ $(redis ping 2>/dev/null) == PONG ]]; }
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=4000
scrape() { python3 "$root/tests/flow/ops_scrape.py" "$@" 2>"$work/scrape.log" || { tail -n 1 "$work/scrape.log"; return 1; }; }
sum() { scrape sum "$url/metrics" "$@"; }
status_of() { curl -s -o "$work/body" -w '%{http_code}' --max-time 10 "$@"; }
is_status() { [[ $(status_of "$url$1") == "$2" ]]; }
says() { grep -qF "$1" "$work/body" || { cat "$work/body"; return 1; }; }
sum_above() { (($(sum "${@:2}") > $1)); }
sum_is() { [[ $(sum "${@:2}") == "$1" ]]; }

# Prints the series of /metrics that are needed below, for a case that fails.
show() { curl -s "$url/metrics" | grep -v '^#' | grep -E 'processed|dead_letters|emitted|commands' | grep -v ' 0$'; }

starts_at_once() {
    is_status /healthz 200 && is_status /version 200 && says '"librdkafka"' && is_status /readyz 503 && says 'waits for Kafka'
}

becomes_ready() { wait_until 30 is_status /readyz 200 && says '"reasons":[]'; }

counts_nothing_yet() { sum_is 0 wrongnumber_messages_processed_total && sum_is 0 wrongnumber_alerts_emitted_total; }

counts_what_was_sent() {
    produce ops.in <"$work/data/events.ndjson" || return 1
    printf 'no json\n{"message_id":1}\n{"message_id":2}\n' | produce ops.in || return 1
    wait_until 30 sum_is $((messages + 3)) wrongnumber_messages_processed_total || { show; return 1; }
    # A campaign has gone wrong: its alert and hold are there before they are counted.
    wait_until 20 sum_is 1 wrongnumber_alerts_emitted_total tier=quarantine || { show; return 1; }
    wait_until 20 tells_what_is_there || { cat "$work/differs"; return 1; }
}
# Of the topics as they are now: the hold of a scope comes behind the alert that tells it.
tells_what_is_there() {
    local topic
    for topic in verdicts commands alerts dead-letter; do
        fetch "ops.$topic" >"$work/$topic.ndjson"
    done
    scrape topics "$url/metrics" "$work"/{verdicts,commands,alerts,dead-letter}.ndjson >"$work/differs"
}

# A campaign and a lender whose names are markup, and whose messages go to strangers.
hostile="<script>document.title='owned'</script>\"' onmouseover=x"
shows_what_is_held() {
    python3 -c '
import json, sys
for i in range(120):
    print(json.dumps({"message_id": f"evil{i}", "recipient": f"+86139{i * 7919 % 10**8:08d}", "channel": "sms",
                      "occurred_at": "2026-11-22T08:00:00Z", "tenant_id": "</code><b>t", "vendor_id": "v",
                      "campaign_id": sys.argv[1]}))' "$hostile" | produce ops.in || return 1
    wait_until 20 page_has "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;&quot;&#39; onmouseover=x" || return 1
    page_has 'What is held' && page_has '<b class="good">trusted</b>' && page_has 'Likely cause: wrong_list' &&
        ! page_has '<script' && ! page_has '<b>t' && ! page_has '://'
}
page_has() {
    curl -s "$url/" >"$work/page.html"
    grep -qF "$1" "$work/page.html"
}

# person VERB OPTION...: a command of one; not waited for.
person() {
    "$build/wrongnumber" "$1" -c "$config" "${@:2}" >"$work/command.out" 2>>"$work/commands.log"
}
# A vendor is to be held, which wants a second person; the incident that there is has nobody.
tells_who_is_waited_for() {
    wait_until 10 sum_above 0 wrongnumber_unacknowledged_incidents || return 1
    sum_above 0 wrongnumber_held_scopes mode=enforce && sum_is 0 wrongnumber_held_scopes mode=monitor &&
        page_has 'Nobody has acknowledged it for' || return 1
    person hold --scope vendor --id "v<9>" --tenant t9 --for 1h --operator ann --reason "wrong & wide" || return 1
    wait_until 20 sum_is 1 wrongnumber_commands_pending && wait_until 5 page_has 'Waiting for a second person' &&
        page_has 'wrong &amp; wide' && page_has '<code>ann</code>' || return 1
    local id
    id=$(sed -nE 's/.*"control_id":"([^"]+)".*/\1/p' "$work/command.out")
    person confirm "$id" --operator ben --reason "seen it" || return 1
    wait_until 20 sum_is 0 wrongnumber_commands_pending && sum_is 1 wrongnumber_held_scopes scope_type=vendor &&
        wait_until 5 page_has 'Last commands of people' && page_has 'vendor <code>v&lt;9&gt;</code>' || return 1
    id=$(sed -nE '0,/id="i-/s/.*id="i-([0-9a-f]{32})".*/\1/p' "$work/page.html")
    person acknowledge --incident "$id" --operator ann --reason "looking" || return 1
    wait_until 20 page_has 'Acknowledged by <code>ann</code>' || { cat "$work/commands.log"; return 1; }
}

# Modes that people have set, and how many single messages they have commanded something of.
tells_what_people_set() {
    person mode monitor --scope campaign --id "m<1>" --tenant t9 --for 1h --operator ann --reason "a trial" &&
        person hold --message m-1 --tenant t9 --operator ben --reason "asked for" || return 1
    wait_until 20 page_has 'Single messages and recipients, held or released: 1' && page_has 'In force by people' &&
        page_has 'campaign <code>m&lt;1&gt;</code>' && page_has 'holds are told and not sent · by <code>ann</code>'
}

# What nobody could have signed, or read, on the topics of people.
counts_what_is_refused() {
    echo 'no command' | produce ops.control || return 1
    wait_until 20 sum_is 1 wrongnumber_aside_dead_letters_total half=control reason=not_json &&
        sum_above 1 wrongnumber_aside_records_total half=control && sum_above 3 wrongnumber_audit_last_record &&
        sum_is 0 wrongnumber_audit_renewals_total && sum_is 0 wrongnumber_audit_waiting
}

# librdkafka tells of itself every five seconds.
knows_its_brokers() {
    local half client
    for half in judge detect control; do
        for client in consumer producer; do
            wait_until 20 sum_is 1 wrongnumber_kafka_brokers_up "half=$half" "client=$client" || return 1
        done
        sum_above 0 wrongnumber_kafka_requests_total "half=$half" client=producer || return 1
    done
    sum_above 0 wrongnumber_kafka_received_bytes_total half=judge client=consumer &&
        sum_is 0 wrongnumber_kafka_statistics_refused_total && sum_above 0 wrongnumber_redis_round_trips_total &&
        sum_above 0 wrongnumber_end_to_end_delay_seconds_count
}

# A policy that is refused is told everywhere until it is mended, and is no reason to be restarted.
tells_a_refused_policy() {
    cp "$config" "$work/good.yaml"
    sed 's/mode: enforce/mode: perhaps/' "$work/good.yaml" >"$config"
    kill -HUP "$processor_pid"
    wait_until 20 sum_is 0 wrongnumber_config_last_reload_successful && is_status /readyz 200 && says '"notes":["run: a new policy' &&
        is_status /healthz 200 && says 'a new policy was refused' && page_has 'A new policy was refused at' || return 1
    cp "$work/good.yaml" "$config"
    kill -HUP "$processor_pid"
    wait_until 20 sum_is 1 wrongnumber_config_last_reload_successful && is_status /readyz 200 && says '"notes":[]' &&
        ! page_has 'A new policy was refused' && sum_is 1 wrongnumber_config_reloads_total outcome=refused &&
        sum_is 1 wrongnumber_config_reloads_total outcome=in_force
}

# browse OPTION... PAGE
browse() {
    timeout 60 "$browser" --headless=new --disable-gpu --hide-scrollbars --no-first-run --disable-extensions \
        --disable-background-networking --no-sandbox --user-data-dir="$work/profile" "$@" 2>"$work/browser.log"
}
report_page() { python3 -B "$root/tests/flow/report_page.py" "$@"; }

# Nothing in it runs, nothing sticks out on a phone, and it follows light and dark.
looks_right() {
    browse --virtual-time-budget=2000 --dump-dom "$url/" >"$work/dom" && grep -q '<title>wrongnumber: ready' "$work/dom" ||
        return 1
    browse --window-size=1000,1600 --screenshot="$work/light.png" "$url/" >"$work/shoot.log" &&
        report_page picture "$work/light.png" light || return 1
    browse --window-size=1000,1600 --force-dark-mode --screenshot="$work/dark.png" "$url/" >"$work/shoot.log" &&
        report_page picture "$work/dark.png" dark || return 1
    sed -i 's/<meta http-equiv="refresh"[^>]*>//' "$work/page.html"
    report_page narrow "$work/page.html" 360 >"$work/narrow.html" &&
        browse --window-size=700,2400 --virtual-time-budget=5000 --dump-dom "file://$work/narrow.html" >"$work/narrow.dom" &&
        report_page fits "$work/narrow.dom"
}

reads_as_prometheus() {
    scrape strict "$url/metrics" || return 1
    if command -v promtool >/dev/null; then
        curl -s "$url/metrics" | promtool check metrics
    fi
}

# Rules and dashboard ask for nothing that is not there.
asks_for_what_there_is() {
    curl -s "$url/metrics" >"$work/metrics" || return 1
    python3 "$root/tests/flow/ops_queries.py" "$work/metrics" || return 1
    if command -v promtool >/dev/null; then
        if ! promtool check rules "$root/deploy/prometheus/rules.yml" >"$work/rules" 2>&1 ||
            ! promtool test rules "$root/deploy/prometheus/rules.test.yml" >>"$work/rules" 2>&1; then
            cat "$work/rules"
            return 1
        fi
    fi
}

answers_only_readers() {
    is_status /nothing 404 && [[ $(status_of -X POST -d x "$url/metrics") == 405 ]] &&
        [[ $(status_of -X DELETE "$url/") == 405 ]] && [[ $(status_of --head "$url/metrics") == 200 ]] &&
        [[ $(curl -s --head "$url/metrics" | wc -c) -lt 1000 ]] &&
        curl -si "$url/healthz" | grep -qi '^content-security-policy: default-src .none' &&
        [[ $(status_of -H "X: $(head -c 20000 /dev/zero | tr '\0' x)" "$url/healthz") =~ ^(413|431|400)$ ]]
}

# Clients that say nothing, as many as are let in: whoever comes then is answered all the same, once they were sent away.
outlives_slow_clients() {
    python3 -c '
import socket, sys, urllib.request
silent = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(64)]
for s in silent[::2]: s.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Drip: ")
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/healthz", timeout=20).read()' "$port"
}

follows_redis() {
    redis config set save "" >/dev/null
    end_process "$redis_pid" KILL
    wait_until 20 is_status /readyz 503 && says 'Redis does not answer' && is_status /healthz 200 &&
        sum_is 1 wrongnumber_cache_state state=unreachable || return 1
    start_redis || return 1
    "$build/wrongnumber" load -c "$work/load.yaml" "$work/data/relationships.ndjson" >"$work/load.log" 2>&1 || return 1
    wait_until 20 is_status /readyz 200 && sum_is 1 wrongnumber_cache_state state=trusted && is_status /healthz 200
}

refuses_a_port_in_use() {
    local rc=0
    NOTIFY_SOCKET="" "$build/wrongnumber" run -c "$config" >"$work/second.out" 2>"$work/second.log" || rc=$?
    if ((rc != 78)) || ! grep -q "ops.listen: cannot listen at 127.0.0.1:$port: Address already in use" "$work/second.log"; then
        cat "$work/second.log"
        return 1
    fi
}

refuses_what_is_no_address() {
    local address rc=0
    for address in localhost:9464 127.0.0.1 127.0.0.1:0 127.0.0.1:99999 :9464 "[::1]" "::1:9464"; do
        printf 'ops:\n  listen: "%s"\n' "$address" >"$work/bad.yaml"
        rc=0
        "$build/wrongnumber" check -c "$work/bad.yaml" >"$work/bad.out" 2>&1 || rc=$?
        if ((rc != 78)) || ! grep -q "bad.yaml:2:11: ops.listen: .*numeric address" "$work/bad.out"; then
            echo "$address: $rc"
            cat "$work/bad.out"
            return 1
        fi
    done
}

tells_systemd() {
    wait_until 10 grep -q '^WATCHDOG=1$' "$work/notified" && grep -q '^READY=1$' "$work/notified" &&
        grep -q '^STATUS=running$' "$work/notified"
}

ends_clean() {
    local rc=0
    end_process "$processor_pid" || rc=$?
    if ((rc != 0)) || ! wait_until 5 grep -q '^STOPPING=1$' "$work/notified" || curl -s --max-time 5 "$url/healthz"; then
        echo "status $rc"
        tail -n 5 "$work/ops.log" "$work/notified"
        return 1
    fi
}

stage_set "$messages" || { echo "not ok ops: the stage"; exit 1; }
port=$(free_ports 1)
url=http://127.0.0.1:$port
export NOTIFY_SOCKET=$work/notify.sock WATCHDOG_USEC=1500000
python3 "$root/tests/flow/ops_scrape.py" notified "$work/notified" &
pids+=("$!")
wait_until 10 test -S "$NOTIFY_SOCKET" || { echo "not ok ops: the listener"; exit 1; }
config=$(write_config ops ops.in "audit:
  directory: \"$work/audit\"
ops:
  listen: 127.0.0.1:$port")
# Nobody answers there: the processor waits, and can be asked all the same.
sed "s/bootstrap: .*/bootstrap: \"127.0.0.1:1\"/" "$config" >"$work/away.yaml"
start_processor "$work/away.yaml"
wait_until 10 is_status /healthz 200
check "ops: it answers before there are brokers" starts_at_once
end_process "$processor_pid"
if ! wait_until 10 topic_exists ops.in || ! make_topics "$config"; then
    echo "not ok ops: the topics"
    exit 1
fi
start_processor "$config"
check "ops: it becomes ready" becomes_ready
check "ops: nothing is counted before anything was sent" counts_nothing_yet
check "ops: counters are what the topics hold" counts_what_was_sent
check "ops: the page shows what is held, as text" shows_what_is_held
check "ops: it tells who is waited for, and who came" tells_who_is_waited_for
check "ops: it tells what people have set" tells_what_people_set
check "ops: commands that are refused are counted, records are audited" counts_what_is_refused
check "ops: it knows its brokers" knows_its_brokers
check "ops: a refused policy is told until it is mended" tells_a_refused_policy
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [[ -n $browser ]]; then
    check "ops: the page in a browser: no script, a phone, light and dark" looks_right
else
    skip "ops: the page in a browser" "no chromium on this machine"
fi
check "ops: /metrics is what Prometheus reads" reads_as_prometheus
check "ops: rules, dashboard and runbook are about what it tells" asks_for_what_there_is
check "ops: only GET and HEAD are answered, and small" answers_only_readers
check "ops: readiness follows Redis, health does not" follows_redis
check "ops: slow clients keep nobody away" outlives_slow_clients
check "ops: a port in use ends a second processor at once" refuses_a_port_in_use
check "ops: what is no address is no configuration" refuses_what_is_no_address
check "ops: systemd hears READY, WATCHDOG and what it does" tells_systemd
check "ops: it ends clean" ends_clean
exit "$((failures > 0))"
