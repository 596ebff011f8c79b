# lib.sh: what the integration suite's cases share. Sourced by suite.sh, which sets build, bootstrap, kind and work.
# shellcheck shell=bash disable=SC2154
#
# Nothing here sleeps for the sake of time: every wait is for a condition, with a deadline.

failures=0
pids=() # every process that was started and has not been ended

pass() { echo "ok $1"; }
fail() {
    echo "not ok $1"
    failures=$((failures + 1))
}
skip() { echo "skip $1 ($2)"; }

# check NAME COMMAND...: one case.
check() {
    local name=$1
    shift
    if "$@"; then
        pass "$name"
    else
        fail "$name"
    fi
}

# wait_until SECONDS COMMAND...: succeeds as soon as the command does.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

is_running() { kill -0 "$1" 2>/dev/null && [[ $(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null) != Z ]]; }
has_ended() { ! is_running "$1"; }

# end_process PID [SIGNAL]: ends a child and returns its exit status.
end_process() {
    local pid=$1 rc=0 left=() each
    kill "-${2:-TERM}" "$pid" 2>/dev/null || true
    if ! wait_until 30 has_ended "$pid"; then
        echo "process $pid does not end; killing it"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || rc=$?
    for each in ${pids[@]+"${pids[@]}"}; do
        [[ $each == "$pid" ]] || left+=("$each")
    done
    pids=(${left[@]+"${left[@]}"})
    return "$rc"
}

end_all() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill -CONT "$pid" 2>/dev/null || true
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}

# --- Redis ---------------------------------------------------------------------------------------------------------------

redis() { redis-cli -s "$work/redis.sock" "$@"; }
redis_answers() { [[ $(redis ping 2>/dev/null) == PONG ]]; }

# Starts the private server (again), with what it saved last.
start_redis() {
    redis-server --port 0 --unixsocket "$work/redis.sock" --dir "$work" --dbfilename redis.rdb --save "" \
        --appendonly no --daemonize no --logfile "$work/redis.log" >/dev/null 2>&1 </dev/null &
    redis_pid=$!
    pids+=("$redis_pid")
    wait_until 20 redis_answers
}

# --- topics --------------------------------------------------------------------------------------------------------------

broker() { kcat -b "$bootstrap" -X fetch.wait.max.ms=10 -X log_level=3 "$@" 2>>"$work/kcat.log"; }

# produce TOPIC [KCAT OPTIONS]: lines of stdin, spread over the partitions.
produce() {
    local topic=$1
    shift
    broker -P -t "$topic" -X topic.partitioner=random -X sticky.partitioning.linger.ms=0 "$@"
}

# fetch TOPIC: everything that is in a topic now, as kcat's JSON envelopes.
fetch() { broker -C -t "$1" -o beginning -e -q -J -u; }

# Waits until a topic has partitions; the built-in broker makes it when it is asked for.
topic_exists() { broker -L -t "$1" -J | grep -q '"partition":0'; }

# --- the processor -----------------------------------------------------------------------------------------------------

# write_config CASE OUTBOUND [MORE]: the configuration of one case, with topics of its own. Prints its path.
write_config() {
    local file=$work/$1.yaml topic
    {
        cat <<END
kafka:
  bootstrap: "$bootstrap"
  group: "$1"
  properties:
    session.timeout.ms: "6000"
    heartbeat.interval.ms: "500"
redis:
  address: "unix:$work/redis.sock"
verdicts: all
policy:
  mode: enforce
topics:
  outbound: "$2"
END
        for topic in control tallies detector_state alerts commands state dead_letter verdicts; do
            printf '  %s: "%s.%s"\n' "$topic" "$1" "${topic//_/-}"
        done
        printf '%s\n' "${3:-}"
    } >"$file"
    echo "$file"
}

make_topics() {
    local config=$1 topic
    if [[ $kind == kafka ]]; then
        "$build/wrongnumber" topics --create -c "$config"
    else
        for topic in $(sed -n 's/^  [a-z_]*: "\([a-z0-9.-]*\)"$/\1/p' "$config" | grep '\.'); do
            wait_until 10 topic_exists "$topic" || return 1
        done
    fi
}

# start_processor CONFIG: sets processor_pid. Its log is beside the configuration.
start_processor() {
    "$build/wrongnumber" run -c "$1" >>"${1%.yaml}.out" 2>>"${1%.yaml}.log" </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
}

# Prints how many different messages of a case have a verdict or a dead letter.
settled_count() {
    { fetch "$1.verdicts"; fetch "$1.dead-letter"; } | python3 "$here/compare.py" count
}
has_settled() { (($(settled_count "$1") >= $2)); }
has_settled_or_ended() { has_settled "$@" || has_ended "$processor_pid"; }

# await_settled CASE COUNT SECONDS: waits until so many messages have a verdict or a dead letter.
await_settled() {
    if ! wait_until "$3" has_settled_or_ended "$1" "$2" || ! has_settled "$1" "$2"; then
        is_running "$processor_pid" || echo "$1: the processor has ended"
        echo "$1: $(settled_count "$1") of $2 messages settled within $3 s; the processor's log ends:"
        tail -n 15 "$work/$1.log"
        return 1
    fi
}
