# steps.sh: how quickstart talks, does its steps, and starts and ends processes. Sourced; uses its dir, step and log.
# shellcheck shell=bash disable=SC2034,SC2154

pids=() # of our own children that are running

# --- talking ---------------------------------------------------------------------------------------------------------

is_terminal='' bold='' red='' green='' dim='' plain=''
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
    is_terminal=1
    if [[ -z ${NO_COLOR:-} ]]; then
        bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
    fi
fi

say() { printf '%s\n' "$*"; }
# A line that the next one overwrites; only for eyes.
show_passing() {
    if [[ -n $is_terminal ]]; then
        printf '\r\e[K  %s' "$*"
    fi
}

now_ms() { local now=${EPOCHREALTIME/./}; echo "${now%???}"; }

# do_step "what it does" FUNCTION: one line with the seconds it took; a failure ends the run.
do_step() {
    local begin
    begin=$(now_ms)
    step=$1 log=$dir/$2.log
    if [[ -n $is_terminal ]]; then
        show_passing "$step ..."
    else
        printf '  %-68s ' "$step"
    fi
    "$2" || fail
    end_step "$begin"
}

# The same for a step that has lines of its own to show.
do_story() {
    local begin
    begin=$(now_ms)
    step=$1 log=$dir/$2.log
    say "  $step"
    "$2" || fail
    step="  ... done"
    if [[ -z $is_terminal ]]; then
        printf '  %-68s ' "$step"
    fi
    end_step "$begin"
}

end_step() {
    local took=$(($(now_ms) - $1)) text
    printf -v text '%6d.%d s' $((took / 1000)) $((took % 1000 / 100))
    if [[ -n $is_terminal ]]; then
        printf '\r\e[K  %-68s %s%s%s\n' "$step" "$dim" "$text" "$plain"
    else
        say "$text"
    fi
    step=''
}

fail() {
    local failed=$step
    step=''
    printf '\n%squickstart failed: %s%s\n' "$red" "${failed:-unexpectedly}" "$plain" >&2
    if [[ -s $log ]]; then
        printf 'The end of %s:\n' "$log" >&2
        tail -n 25 "$log" | sed 's/^/    /' >&2
    fi
    if [[ -n $dir && -d $dir ]]; then
        dir_is_ours='' # what happened can be read there
        printf 'All logs are in %s\n' "$dir" >&2
    fi
    exit 1
}

# --- processes -------------------------------------------------------------------------------------------------------

# Sets `stat` to what the system says of a process after its name: state first, its beginning 20th.
read_stat() {
    local line
    read -r line 2>/dev/null <"/proc/$1/stat" || return 1
    read -ra stat <<<"${line##*) }"
}
is_running() {
    local -a stat
    kill -0 "$1" 2>/dev/null && read_stat "$1" 2>/dev/null && [[ ${stat[0]} != Z ]]
}
# When a process began, by which its id is known to be still its own.
birth_of() {
    local -a stat
    read_stat "$1" 2>/dev/null && echo "${stat[19]}"
}

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches it by way of us. Sets `started`.
start() {
    local name=$1
    shift
    setsid "$@" >"$dir/$name.out" 2>"$dir/$name.log" </dev/null 8>&- 9>&- &
    started=$!
    pids+=("$started")
}

# await COMMAND...: until it succeeds; fails when a child has ended or patience has.
await() {
    local deadline=$((SECONDS + patience_seconds)) pid
    until "$@"; do
        for pid in "${pids[@]}"; do
            is_running "$pid" || return 1
        done
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# end_processes PID...: asks all of them to end, and makes those that do not.
end_processes() {
    local pid deadline=$((SECONDS + 30))
    for pid in "$@"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    for pid in "$@"; do
        while is_running "$pid"; do
            if ((SECONDS >= deadline)); then
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
        wait "$pid" 2>/dev/null || true
    done
}

# The last started first: the processor drains while Redis and the broker are still there.
end_children() {
    local i
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        end_processes "${pids[i]}"
    done
    pids=()
}

clean_up() {
    local rc=$?
    trap '' INT TERM HUP
    exec 5>&- # what the producer reads from
    end_children
    if [[ -n $dir_is_ours ]]; then
        rm -rf "$dir"
    fi
    exit "$rc"
}
