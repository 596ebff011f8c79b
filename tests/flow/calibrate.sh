#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# calibrate.sh BUILD_DIR: `calibrate` against the published tables of the detection research.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$1/wrongnumber-bench
status=0

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

same_bytes() {
    local -a arguments=(calibrate --p0 0.003 --p1 "0.7,0.2" --budget 5e7 --runs 2000 --seed 9)
    [[ $("$bench" "${arguments[@]}") == "$("$bench" "${arguments[@]}")" ]]
}

refuses() {
    "$bench" calibrate --p0 1.5 >/dev/null 2>&1
    [[ $? -eq 64 ]] || return 1
    "$bench" calibrate --p1 0.5,x >/dev/null 2>&1
    [[ $? -eq 64 ]]
}

check "calibrate: the published tables" python3 "$here/calibrate.py" "$bench" "$here/calibrate.tables"
check "calibrate: the same arguments give the same bytes" same_bytes
check "calibrate: rates that are none are refused" refuses
exit "$status"
