#!/usr/bin/env bash
# one_incident.sh BUILD_DIR [wide]: one event makes one incident, however many scopes see it and however many messages it has:
# days with one planted event each are made up and replayed, and what was told of it is counted.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: one_incident.sh BUILD_DIR [wide]}" && pwd)
bench=$build/wrongnumber-bench
work=$(mktemp -d "${TMPDIR:-/tmp}/one_incident.XXXXXX")
failures=0
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

# day NAME ALERTS INCIDENT OPTION...: at most so many alert records of the one incident
day() {
    local name=$1 alerts=$2 incident=$3 dir=$work/$1
    shift 3
    if "$bench" generate --incident "$incident" "$@" --out "$dir" &&
        "$bench" replay --events "$dir/events.ndjson" --relationships "$dir/relationships.ndjson" --out "$dir/run" &&
        python3 -B "$here/one_incident.py" "$dir" "$dir/run" "$alerts"; then
        echo "ok flow.one_incident.$name"
    else
        echo "not ok flow.one_incident.$name"
        failures=$((failures + 1))
    fi >"$work/said" 2>&1
    grep -E '^(ok|not ok|  )' "$work/said"
    rm -rf "$dir"
}

day hundred_thousand 12 wrong_list:at=10000,size=100000,rate=100% --seed 11 --messages 120000 --tenants 2 --campaigns 12
for seed in 1 2; do
    for kind in wrong_list closed_loans shifted_column number_walking recycled_numbers leaked_list broad_rule \
        unregistered_vendor; do
        day "$kind.$seed" 12 "$kind:at=30%,size=2000" --seed "$seed" --messages 12000 --tenants 2 --campaigns 40
    done
done
if [[ ${2:-} == wide ]]; then
    # Events that come over campaigns of different hours: no promise is made of them.
    for seed in 1 2 3; do
        for spread in template sender vendor tenant many_small; do
            day "$spread.$seed" 12 "wrong_list:at=30%,size=2000,rate=60%,spread=$spread" \
                --seed "$seed" --messages 20000 --tenants 2 --campaigns 40
        done
    done
fi
((failures == 0))
