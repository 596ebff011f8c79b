# shellcheck shell=bash disable=SC2034,SC2154
# stage.sh: a built-in broker, a private Redis with relationship data and a day of messages, for scripts that drive a live
# processor. Sourced by them; they set build, root and work (a scratch folder) and call stage_end at their end.

kind=sandbox
here=$root/tests/real # where lib.sh looks for compare.py
# shellcheck source=tests/real/lib.sh
source "$root/tests/real/lib.sh"

# stage_set MESSAGES [SANDBOX OPTION...]: $bootstrap, $work/data and a loaded Redis.
stage_set() {
    local messages=$1
    shift
    start_redis || return 1
    "$build/wrongnumber-bench" sandbox --bootstrap-file "$work/bootstrap" "$@" >"$work/sandbox.log" 2>&1 </dev/null &
    pids+=("$!")
    wait_until 20 test -s "$work/bootstrap" || return 1
    bootstrap=$(cat "$work/bootstrap")
    "$build/wrongnumber-bench" generate --seed 20240611 --messages "$messages" --tenants 2 --campaigns 20 \
        --incident wrong_list:at=50%,size=400 --out "$work/data" >/dev/null || return 1
    printf 'redis:\n  address: "unix:%s"\n' "$work/redis.sock" >"$work/load.yaml"
    "$build/wrongnumber" load -c "$work/load.yaml" "$work/data/relationships.ndjson" >"$work/load.log" 2>&1
}

stage_end() {
    end_all
    if [[ -n ${KEEP:-} ]]; then
        echo "kept $work"
    else
        rm -rf "$work"
    fi
}

# Prints how many of a process's file descriptors are open, and its resident memory in KiB.
open_files() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
