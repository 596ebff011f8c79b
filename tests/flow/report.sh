#!/usr/bin/env bash
# shellcheck disable=SC2317 # the functions are called through check
# report.sh BUILD_DIR: a made-up day is replayed and reported; the page is whole, closed and well-formed, and a browser,
# where there is one, shows it in light, in dark, on a telephone and on paper.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: report.sh BUILD_DIR}" && pwd)
bench=$build/wrongnumber-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/report.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

page() { python3 -B "$here/report_page.py" "$@"; }

# replay DAY OUT
replay() {
    "$bench" replay --events "$1/events.ndjson" --relationships "$1/relationships.ndjson" --out "$2"
}

make_day() {
    "$bench" generate --seed 7 --messages 12000 --tenants 3 --campaigns 20 \
        --incident wrong_list:at=20%,size=500 --incident closed_loans:at=50%,size=1500,rate=40% --out "$work/day" &&
        replay "$work/day" "$work/run"
}

make_calm_day() {
    "$bench" generate --seed 8 --messages 3000 --tenants 2 --campaigns 6 --out "$work/calm" &&
        replay "$work/calm" "$work/calm-run"
}

# An id, a file's worth of them, that would break a page that trusts its input.
make_hostile_run() {
    mkdir "$work/hostile" &&
        sed 's/campaign-[a-z_]*-1\b/<script>alert(1)<\/script>\&"'"'"'\\u202e<\/svg>/g' "$work/run/alerts.ndjson" \
            >"$work/hostile/alerts.ndjson" &&
        sed 's/campaign-[a-z_]*-1\b/<script>alert(1)<\/script>\&'"'"'\\u202e<\/svg>/g' "$work/run/verdicts.ndjson" \
            >"$work/hostile/verdicts.ndjson" &&
        cp "$work/run/quarantine-commands.ndjson" "$work/hostile/" && echo '{"half":' >>"$work/hostile/alerts.ndjson"
}

report() { "$bench" report "$@"; }

same_twice() {
    report --run "$work/run" >"$work/once.html" && report --run "$work/run" -o "$work/twice.html" &&
        cmp "$work/once.html" "$work/twice.html"
}

refuses() {
    report >/dev/null 2>&1
    [[ $? -eq 64 ]] || return 1
    report --run "$work/nowhere" -o "$work/never.html" 2>/dev/null
    [[ $? -eq 66 && ! -e $work/never.html ]]
}

# --- the page by itself -----------------------------------------------------------------------------------------------

check flow.report.make make_day
check flow.report.write report --run "$work/run" --labels "$work/day/labels.ndjson" --scenario "$work/day/scenario.json" \
    -o "$work/page.html"
check flow.report.page page whole "$work/page.html" "$work/run"
check flow.report.statistics page recomputed "$work/page.html"
check flow.report.make_calm make_calm_day
check flow.report.write_calm report --run "$work/calm-run" -o "$work/calm.html"
check flow.report.page_calm page whole "$work/calm.html" "$work/calm-run"
check flow.report.make_hostile make_hostile_run
check flow.report.write_hostile report --run "$work/hostile" -o "$work/hostile.html"
check flow.report.page_hostile page whole "$work/hostile.html" "$work/hostile"
check flow.report.twice same_twice
check flow.report.refuses refuses

# --- in a browser -----------------------------------------------------------------------------------------------------

browser=
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        browser=$name
        break
    fi
done
if [[ -z $browser ]]; then
    echo "skip flow.report.browser (no chromium on this machine)"
    ((failures == 0))
    exit
fi

# browse OPTION... PAGE
browse() {
    local -a options=(--headless=new --disable-gpu --hide-scrollbars --no-first-run --disable-extensions
        --disable-background-networking --user-data-dir="$work/profile")
    if ((EUID == 0)); then
        options+=(--no-sandbox)
    fi
    timeout 60 "$browser" "${options[@]}" "$@" 2>"$work/browser.log"
}

# shoot NAME WIDTH PAGE OPTION...
shoot() {
    local name=$1 width=$2 file=$3
    shift 3
    browse --window-size="$width,2400" --screenshot="$work/$name.png" "$@" "file://$file" >"$work/shoot.log" ||
        cat "$work/shoot.log" "$work/browser.log"
    [[ -s $work/$name.png ]]
}

picture() {
    local name=$1 width=$2 file=$3 kind=$4
    shift 4
    shoot "$name" "$width" "$file" "$@" && page picture "$work/$name.png" "$kind"
}

on_paper() {
    browse --force-dark-mode --no-pdf-header-footer --print-to-pdf="$work/page.pdf" "file://$work/page.html" &&
        page paper "$work/page.pdf" "$work/run"
}

on_a_phone() {
    page narrow "$1" 360 >"$work/narrow.html" &&
        browse --window-size=700,2400 --virtual-time-budget=5000 --dump-dom "file://$work/narrow.html" \
            >"$work/narrow.dom" && page fits "$work/narrow.dom" && picture phone 500 "$work/narrow.html" light
}

check flow.report.light picture light 1000 "$work/page.html" light
check flow.report.dark picture dark 1000 "$work/page.html" dark --force-dark-mode
check flow.report.calm picture calm 1000 "$work/calm.html" light
check flow.report.phone on_a_phone "$work/page.html"
check flow.report.phone_hostile on_a_phone "$work/hostile.html"
check flow.report.paper on_paper
((failures == 0))
