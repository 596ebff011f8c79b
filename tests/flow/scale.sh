#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# scale.sh BUILD_DIR: the scripts of bench/scale measure (tiny sizes, no time is looked at), tell what they measured, and bench/RESULTS.md
# is what the figures beside it say.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: scale.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/scale-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
failures=0

check() {
    if "${@:2}"; then
        echo "ok $1"
    else
        echo "not ok $1"
        failures=$((failures + 1))
    fi
}
tell() { python3 -B "$root/bench/scale/tell.py" "$@"; }

measures() {
    TMPDIR=$work "$root/bench/scale/run" --smoke --build "$build" --out "$work/figures.json" numbers 2>"$work/log" ||
        { cat "$work/log"; return 1; }
    python3 - "$work/figures.json" <<'PYTHON'
import json, sys
told = json.load(open(sys.argv[1], encoding="utf-8"))
part = told["parts"]["numbers"]
assert [row["numbers"] for row in part["rows"]] == [1000, 4000], part
for row in part["rows"]:
    assert row["buckets"] > 1 and row["used_bytes"] > 0 and row["whole_ns"][0] > 0 and row["redis_ns"][0] > 0, row
assert part["rows"][0]["whole_to_least"] == [1, 1, 1] and part["extrapolated"]["numbers"] == 10**8, part
assert part["form"] == "smoke" and told["machine"]["cores"] > 0, told
PYTHON
}

leaves_nothing() { [[ -z $(find "$work" -maxdepth 1 -name 'scale.*') ]]; }

tells() {
    cp "$root/bench/RESULTS.md" "$work/RESULTS.md"
    tell --figures "$work/figures.json" --results "$work/RESULTS.md" --plots "$work/plots" &&
        grep -q '^| 4,000 |' "$work/RESULTS.md" && grep -q 'Form smoke' "$work/RESULTS.md" &&
        grep -q 'Not measured yet' "$work/RESULTS.md" && [[ -s $work/plots/numbers.svg ]] &&
        tell --check --figures "$work/figures.json" --results "$work/RESULTS.md" --plots "$work/plots" &&
        sed -i 's/^| 4,000 |/| 4,001 |/' "$work/RESULTS.md" &&
        ! tell --check --figures "$work/figures.json" --results "$work/RESULTS.md" --plots "$work/plots" 2>/dev/null
}

results_are_those_of_the_figures() {
    tell --check --figures "$root/bench/scale/results.json" --results "$root/bench/RESULTS.md" --plots "$root/bench/scale/plots"
}

refuses_what_is_wrong() {
    ! "$root/bench/scale/run" --build "$build" --out "$work/none.json" nothing >/dev/null 2>&1 &&
        ! "$root/bench/scale/run" --smoke --build "$work" --out "$work/none.json" numbers >/dev/null 2>&1 &&
        ! "$root/bench/scale/run" --out 2>/dev/null && [[ ! -e $work/none.json ]] &&
        ! "$root/bench/scale/foreign" --group other --rate 1 --day "$work" >/dev/null 2>&1
}

check flow.scale.measures measures
check flow.scale.leaves_nothing leaves_nothing
check flow.scale.tells tells
check flow.scale.results_are_those_of_the_figures results_are_those_of_the_figures
check flow.scale.refuses_what_is_wrong refuses_what_is_wrong
((failures == 0))
