#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# calibrate.sh BUILD_DIR [--long]: `calibrate` against the published tables of the detection research, and healthy worlds.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$1/wrongnumber-bench
long=${2:+$2}
status=0

# The figures are the same in every build; one with sanitizers is for what memory does, and five to ten times as slow.
is_slow() { [[ $(basename "${bench%/*}") == asan ]]; }

check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
        status=1
    fi
}

tables() {
    python3 "$here/calibrate.py" "$bench" "$here/calibrate.tables" ${long:+"$long"}
}

same_bytes() {
    local -a arguments
    for arguments in "--p0 0.003 --p1 0.7,0.2 --budget 5e7 --runs 2000 --seed 9" \
        "--p0 0.01 --healthy 1e8 --budget 1e6 --clumps 0.02 --batch 7 --seed 9" \
        "--world --healthy 3e5 --worlds 2 --seed 9"; do
        # shellcheck disable=SC2086 # words
        [[ $("$bench" calibrate $arguments) == "$("$bench" calibrate $arguments)" ]] || return 1
    done
    [[ $("$bench" calibrate --healthy 1e7 --budget 1e5 --seed 1) != "$("$bench" calibrate --healthy 1e7 --budget 1e5 --seed 2)" ]]
}

refuses() {
    local arguments
    for arguments in "--p0 1.5" "--p1 0.5,x" "--nodes acutes" "--batch 0" "--batch 1.5" "--healthy 0" "--world" "--credit 2000" \
        "--worlds 0 --healthy 1" "extra"; do
        # shellcheck disable=SC2086 # words
        "$bench" calibrate $arguments >/dev/null 2>&1
        [[ $? -eq 64 ]] || return 1
    done
}

# An alarm costs a campaign that starts with credit a tenth of the budget more at most: (N + r) / A.
credit_is_bounded() {
    "$bench" calibrate --p0 0.02 --budget 1e5 --credit 1000 --campaign 10000 --healthy 1e9 |
        python3 -c 'import json, sys; got = json.load(sys.stdin); sys.exit(not 0 < got["false_alarms"] <= 1e9 / 1e5 * 1.1)'
}

# The whole second half, on lenders whose rates it is not told: all offsets come in order, nobody is stopped, and those who
# keep to the prior rate lose no campaign.
world() {
    "$bench" calibrate --world --healthy 4e6 --seed 5 | python3 -c '
import json, sys
got = json.load(sys.stdin)
bands = [band for name, band in got.items() if isinstance(band, dict) and name != "settled"]
messages = sum(band["messages"] for band in bands)
low = got["tenants_to_0.5%"]
assert 4e6 <= messages < 4e6 + 4096, messages
assert got["gaps"] == 0 and got["scopes_overflowed"] == 0 and got["frames"] > 1000, got
assert low["messages"] > 1e6 and low["quarantines"]["count"] == 0, low
assert sum(band["stops"]["count"] for band in bands) == 0, bands
assert len(got["holds"]) == sum(band["quarantines"]["count"] for band in bands), got["holds"]
'
}

is_slow || check "calibrate: the published tables" tables
check "calibrate: the same arguments give the same bytes" same_bytes
check "calibrate: what is no rate, count or word is refused" refuses
is_slow || check "calibrate: the start credit costs a tenth at most" credit_is_bounded
check "calibrate: a healthy world" world
exit "$status"
