#!/usr/bin/env bash
# output.sh BUILD_DIR: full disks and closed streams. Whatever a verb prints or writes arrives, or the verb says that it did
# not and its exit status is not 0; talk that cannot be said stops nothing; 64 file descriptors are enough.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: output.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/output.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

processor=$build/wrongnumber
bench=$build/wrongnumber-bench
input=/dev/null

# run_so HOW COMMAND...: exit status in $rc, output in $work/out, talk in $work/err
run_so() {
    local how=$1
    shift
    rc=0
    : >"$work/out"
    : >"$work/err"
    (
        cd "$work" || exit 1
        case $how in
        well) exec timeout 60 "$@" <"$input" >out 2>err ;;
        full) exec timeout 60 "$@" <"$input" >/dev/full 2>err ;;
        closed) exec timeout 60 "$@" <"$input" >&- 2>err ;;
        gone) timeout 60 "$@" <"$input" 2>err | true && exit "${PIPESTATUS[0]}" ;;
        mute) exec timeout 60 "$@" <"$input" >out 2>&- ;;
        stderr_full) exec timeout 60 "$@" <"$input" >out 2>/dev/full ;;
        all_closed) exec timeout 60 "$@" <&- >&- 2>&- ;;
        few_files) ulimit -n 64 && exec timeout 60 "$@" <"$input" >out 2>err ;;
        nowhere) mkdir gone && cd gone && rmdir "$work/gone" && exec timeout 60 "$@" <"$input" >"$work/out" 2>"$work/err" ;;
        esac
    ) 2>/dev/null || rc=$?
}

told() { fail "fault.env.output.$1 (status $rc: $(head -c 300 "$work/err"))"; }

# What a verb prints, without what it measures of itself. Partitions are read in no order: $sorts is set for who reads several.
sorts=
same() {
    sed 's/"seconds":[0-9.]*//; s/"generation":[0-9]*//; s/"source_watermark":"[^"]*"//' "$1" |
        if [[ -n $sorts ]]; then sort; else cat; fi
}

# streams NAME COMMAND...: a verb that prints its result.
streams() {
    local name=$1 how
    shift
    run_so well "$@"
    cp "$work/out" "$work/well"
    if ((rc != 0)) || [[ ! -s $work/well ]]; then
        told "$name.well"
        return
    fi
    for how in full closed; do
        run_so "$how" "$@"
        if ((rc == 74)) && grep -q 'standard output' "$work/err"; then
            pass "fault.env.output.$name.$how"
        else
            told "$name.$how"
        fi
    done
    run_so gone "$@"
    if ((rc == 74 || rc == 0)); then pass "fault.env.output.$name.gone"; else told "$name.gone"; fi
    for how in mute stderr_full few_files nowhere; do
        run_so "$how" "$@"
        if ((rc == 0)) && diff -q <(same "$work/well") <(same "$work/out") >/dev/null; then
            pass "fault.env.output.$name.$how"
        else
            told "$name.$how"
        fi
    done
    run_so all_closed "$@"
    if ((rc >= 64 && rc <= 78)); then pass "fault.env.output.$name.all_closed"; else told "$name.all_closed"; fi
}

# A small file system, seen by the command alone, where that is allowed.
can_mount=
mkdir "$work/small"
if unshare -m mount -t tmpfs -o size=1m tmpfs "$work/small" 2>/dev/null; then
    can_mount=1
fi

# files NAME KIB COMMAND...: a verb that writes more than so much into small/.
files() {
    local name=$1 kib=$2
    shift 2
    rc=0
    (ulimit -f "$kib" && cd "$work" && exec timeout 60 "$@" </dev/null >out 2>err) 2>/dev/null || rc=$?
    if ((rc == 74)) && [[ -s $work/err ]]; then
        pass "fault.env.output.$name.too_large"
    else
        told "$name.too_large"
    fi
    rm -rf "${work:?}"/small/*
    if [[ -z $can_mount ]]; then
        skip "fault.env.output.$name.disk_full" "mounting is not allowed"
        return
    fi
    rc=0
    # shellcheck disable=SC2016 # for the inner shell
    (cd "$work" && exec timeout 60 unshare -m sh -c 'mount -t tmpfs -o "size=$1k" tmpfs small && shift && exec "$@"' sh "$kib" "$@" \
        </dev/null >out 2>err) || rc=$?
    if ((rc == 74)) && grep -q 'No space left' "$work/err"; then
        pass "fault.env.output.$name.disk_full"
    else
        told "$name.disk_full"
    fi
}

stage_set 3000 || {
    fail "fault.env.output: the stage is set"
    exit 1
}
data=$work/data
config=$(write_config stream stream.outbound)
make_topics "$config" || exit 1
"$bench" replay --events "$data/events.ndjson" --relationships "$data/relationships.ndjson" --out "$work/run" >/dev/null 2>&1
produce stream.outbound <"$data/events.ndjson"
start_processor "$config"
await_settled stream 3000 60 || exit 1
end_process "$processor_pid" || exit 1

streams check "$processor" check -c "$config"
streams check.print "$processor" check -c "$config" --print
streams check.describe "$processor" check --describe
head -n 1 "$data/events.ndjson" >"$work/event"
input=$work/event
streams explain "$processor" explain -c "$config"
input=/dev/null
streams load "$processor" load -c "$config" "$data/relationships.ndjson"
streams topics "$processor" topics -c "$config"
streams topics.json "$processor" topics -c "$config" --json
# Several topics: which of them comes first is open.
sorts=1
records=$("$processor" watch -c "$config" --from beginning --seconds 3 --json 2>/dev/null | wc -l)
streams watch "$processor" watch -c "$config" --from beginning --count "$records" --json
sorts=
streams score "$bench" score --labels "$data/labels.ndjson" --run "$work/run"
streams sweep "$bench" sweep --events "$data/events.ndjson" --relationships "$data/relationships.ndjson" --budgets 1e8
streams report "$bench" report --run "$work/run"
streams calibrate "$bench" calibrate --p0 0.005 --p1 1 --runs 10
sorts=1
streams decode "$bench" decode -c "$config"
streams decode.record "$bench" decode -c "$config" --record

files generate 1024 "$bench" generate --seed 1 --messages 20000 --out small/data
files replay 1024 "$bench" replay --events "$data/events.ndjson" --relationships "$data/relationships.ndjson" --out small/run
files report 16 "$bench" report --run "$work/run" -o small/page.html
((failures == 0))
