#!/usr/bin/env bash
# suite.sh BUILD_DIR BOOTSTRAP KIND: the integration suite: real processes, a real Redis of its own, and the broker at
# BOOTSTRAP, which is the built-in one (KIND sandbox) or an Apache Kafka (KIND kafka, WN_KAFKA_DIR its dev-kafka folder).
#
# Each case has a consumer group and topics of its own, named after it, so that no case sees another's records. The
# expected answers come from the offline replay and from the generator's labels; compare.py holds them together.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
(($# == 3)) || {
    echo "usage: tests/real/suite.sh BUILD_DIR BOOTSTRAP sandbox|kafka" >&2
    exit 64
}
build=$1 bootstrap=$2 kind=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/suite.XXXXXX")
# shellcheck source=tests/real/lib.sh
source "$here/lib.sh"
# shellcheck source=tests/real/cases.sh
source "$here/cases.sh"
# shellcheck source=tests/real/recovery_cases.sh
source "$here/recovery_cases.sh"
# shellcheck source=tests/real/cases_late.sh
source "$here/cases_late.sh"
# shellcheck source=tests/real/transactional_cases.sh
source "$here/transactional_cases.sh"

clean_up() {
    end_all
    if [[ -n ${KEEP:-} ]]; then
        echo "kept $work"
    else
        rm -rf "$work"
    fi
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# Without these nothing else can be said.
set_up || {
    fail "the suite is set up"
    exit 1
}
split -n l/5 -d "$work/data/events.ndjson" "$work/part."
cases=(stream committed crash bad_input complaints late wait transactional aborted redis broker lost_log lost_offsets members
    partitions_added standstill fatal_producer brokers_away drain)
# One or a few of them, for whoever works on them: WN_CASES="crash broker".
[[ -z ${WN_CASES:-} ]] || read -ra cases <<<"$WN_CASES"
for each in "${cases[@]}"; do
    "case_$each"
done
((failures == 0))
