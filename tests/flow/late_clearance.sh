#!/usr/bin/env bash
# late_clearance.sh BUILD_DIR: tally logs with late clearances, folded offline: what is told and what is not undone, once each,
# the same bytes whatever duplicates there are and wherever the state was saved and restored.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: late_clearance.sh BUILD_DIR}" && pwd)
bench=$build/wrongnumber-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/late_clearance.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"

# replay LOG OUT OPTION...
replay() {
    local log=$1 out=$2
    shift 2
    "$bench" replay --tallies "$work/$log.ndjson" --out "$work/$out" "$@"
}

same() {
    local file
    for file in alerts quarantine-commands quarantine-state; do
        cmp "$work/$1/$file.ndjson" "$work/$2/$file.ndjson" || return 1
    done
}

python3 -B "$here/late_clearance.py" make "$work"
for log in never cleared noisy; do
    check "flow.late_clearance.replay_$log" replay "$log" "$log"
done
for frames in 1 2 7; do
    replay cleared "restart-$frames" --restart "$frames"
    check "flow.late_clearance.restart_$frames" same cleared "restart-$frames"
done
check "flow.late_clearance.noise" same cleared noisy
check "flow.late_clearance.no_hold_is_undone" cmp "$work/never/quarantine-commands.ndjson" "$work/cleared/quarantine-commands.ndjson"
"$bench" decode "$work/cleared.ndjson" >"$work/decoded"
check "flow.late_clearance.told" python3 -B "$here/late_clearance.py" check "$work"
check "flow.late_clearance.schemas" python3 -B "$here/../schemas/validate.py" --run "$work/cleared"
((failures == 0))
