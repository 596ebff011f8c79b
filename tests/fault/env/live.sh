#!/usr/bin/env bash
# live.sh BUILD_DIR [--long]: the processor where its surroundings are poor: streams closed, full or not read, log files that may not
# grow, 64 file descriptors, no working folder. Each time it judges every message of a day as replay does and ends with 0.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: live.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/live.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

messages=800
compare() { python3 "$root/tests/real/compare.py" "$@"; }

# start_so HOW CONFIG: sets processor_pid
start_so() {
    local how=$1 run=("$build/wrongnumber" run -c "$2")
    (
        cd "$work" || exit 1
        case $how in
        closed) exec "${run[@]}" <&- >&- 2>&- ;;
        full) exec "${run[@]}" >/dev/full 2>/dev/full ;;
        gone) exec "${run[@]}" > >(:) 2> >(:) ;;
        stuck) exec "${run[@]}" >"$work/fifo" 2>&1 ;;
        too-large) ulimit -f 1 && exec "${run[@]}" >"$how.out" 2>"$how.log" ;;
        disk-full)
            # shellcheck disable=SC2016 # for the inner shell
            exec unshare -m sh -c 'mount -t tmpfs -o size=4k tmpfs small && exec "$@" >small/out 2>small/log' sh "${run[@]}"
            ;;
        few-files) ulimit -n 64 && exec "${run[@]}" >"$how.out" 2>"$how.log" ;;
        nowhere) mkdir gone && cd gone && rmdir "$work/gone" && exec "${run[@]}" >"$work/$how.out" 2>"$work/$how.log" ;;
        esac
    ) </dev/null &
    processor_pid=$!
    pids+=("$processor_pid")
}

case_live() {
    local how=$1 config
    config=$(write_config "$how" "$how.outbound" "log:
  level: debug")
    # 64 files are enough for all that runs by default.
    [[ $how == few-files ]] || sed -i "s/^  control:/  complaints: \"$how.complaints\"\n&/; 1i complaints: \"on\"" "$config"
    make_topics "$config" || return 1
    start_so "$how" "$config"
    produce "$how.outbound" <"$work/data/events.ndjson"
    : >"$work/$how.log"
    check "fault.env.live.$how.settles" await_settled "$how" "$messages" 60
    check "fault.env.live.$how.ends" end_process "$processor_pid"
    fetch "$how.verdicts" >"$work/$how.verdicts.ndjson"
    fetch "$how.commands" >"$work/$how.commands.ndjson"
    check "fault.env.live.$how.verdicts" compare verdicts "$work/replay/verdicts.ndjson" "$work/$how.verdicts.ndjson"
    check "fault.env.live.$how.holds" \
        compare holds "$work/replay/quarantine-commands.ndjson" "$work/$how.commands.ndjson"
}

stage_set "$messages" || {
    fail "fault.env.live: the stage is set"
    exit 1
}
mkdir "$work/small"
replay_config=$(write_config replay replay.outbound)
"$build/wrongnumber-bench" replay --events "$work/data/events.ndjson" \
    --relationships "$work/data/relationships.ndjson" -c "$replay_config" --out "$work/replay" || exit 1
mkfifo "$work/fifo"
exec 9<>"$work/fifo" # a reader that never reads
head -c 65536 /dev/zero >&9
for how in ${ONLY:-closed stuck few-files ${long:+full gone too-large nowhere}}; do
    case_live "$how"
done
if unshare -m mount -t tmpfs -o size=4k tmpfs "$work/small" 2>/dev/null; then
    case_live disk-full
else
    skip fault.env.live.disk-full "mounting is not allowed"
fi
((failures == 0))
