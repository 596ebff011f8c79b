#!/usr/bin/env bash
# poison.sh BUILD_DIR [--long]: a live processor fed with poison as fast as the broker takes it: broken JSON, deep JSON, bad
# UTF-8, impossible times, large texts, and tenants, campaigns and ids without number. All of it is settled, memory comes to a
# halt and files do not grow in number. The table sizes are small, so that the ceilings are reached. Short: 30 s; long: 600.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
build=$(cd "${1:?usage: poison.sh BUILD_DIR [--long]}" && pwd)
long=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/poison.XXXXXX")
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
trap stage_end EXIT
trap 'exit 143' TERM INT HUP

seconds=${SECONDS_OF_POISON:-${long:+600}}
seconds=${seconds:-30}
seed=${SEED:-$$}
echo "# seed $seed"

stage_set 500 || {
    fail "fault.env.poison: the stage is set"
    exit 1
}
config=$(write_config poison poison.outbound 'detector:
  max_scopes: 20000')
sed -i 's/^verdicts: all/verdicts: none/' "$config"
# What is fetched ahead would fill for longer than the short form lasts, and hide what the processor itself keeps.
sed -i 's/^  properties:/&\n    queued.max.messages.kbytes: "8192"/' "$config"
make_topics "$config" || exit 1
start_processor "$config"
python3 "$root/tests/fault/env/poison.py" "$seconds" "$seed" 2>"$work/count" |
    produce poison.outbound -X queue.buffering.max.messages=20000 &
feeder=$!
pids+=("$feeder")

# So long as it is fed: seconds, resident KiB, open files.
begin=$SECONDS
while is_running "$feeder"; do
    sleep 1
    printf '%d %d %d\n' $((SECONDS - begin)) "$(resident_kib "$processor_pid")" "$(open_files "$processor_pid")" \
        >>"$work/samples"
done
is_running "$processor_pid" || echo "  the processor has ended"
sent=$(tail -n 1 "$work/count")

# The group has come to the end of every partition.
lag_is_zero() {
    local left
    left=$(broker -G poison -e -q -u -f '%p:%o\n' -X auto.offset.reset=earliest -X enable.auto.commit=false \
        -X session.timeout.ms=6000 poison.outbound | wc -l)
    ((left == 0)) || { echo "$left messages are not committed" && return 1; }
}
samples() {
    awk 'NR == FNR { n++; next } FNR > n / 2 { x = $1; y = $2; c++; sx += x; sy += y; sxx += x * x; sxy += x * y
            if ($3 > f) f = $3; if (min == "" || $3 < min) min = $3 }
        END { d = c * sxx - sx * sx; slope = d > 0 ? (c * sxy - sx * sy) / d : 0
            printf "%.0f %.0f %d %d\n", sy / c, slope, min, f }' "$work/samples" "$work/samples"
}
read -r mean slope least most <<<"$(samples)"
echo "# $sent messages in $seconds s; second half: $mean KiB resident, $slope KiB/s, $least to $most files"
# Of the messages the broker keeps no more than 5 MiB a partition: what it has dropped is told, and the others are settled.
ticks() { awk '{ print $14 + $15 }' "/proc/$processor_pid/stat"; }
has_come_to_rest() {
    local begin
    begin=$(ticks)
    sleep 3 # longer than librdkafka waits before it asks again
    (($(ticks) - begin < $(getconf CLK_TCK) / 4))
}
wait_until 60 has_come_to_rest || true
check "fault.env.poison.ends" end_process "$processor_pid"
check "fault.env.poison.is_settled" lag_is_zero
check "fault.env.poison.memory" test "$slope" -le "$([[ -n $long ]] && echo 100 || echo 4000)"
check "fault.env.poison.files" test $((most - least)) -le 4
grep -o 'is gone.*\|ceiling.*\|overflow.*' "${config%.yaml}.log" | sort | uniq -c | head -5 | sed 's/^/# /'
((failures == 0))
