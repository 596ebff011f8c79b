#!/usr/bin/env bash
# allocations.sh BUILD_DIR: a message in the steady state takes nothing from the heap, in no stage of either half and not in the
# lines around them. What is counted comes from bench_judge and bench_detect, which count behind a first pass: memory that
# grows with what is kept, and odd spellings of numbers that libphonenumber reads for the first time, are no steady state.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: allocations.sh BUILD_DIR}" && pwd)
if grep -q '^WN_SANITIZE:.*=.' "$build/CMakeCache.txt"; then
    echo "skip flow.allocations (with a sanitizer nothing is counted)"
    exit 0
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/allocations.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

# few FILE COUNT: so many rows, and in each less than one allocation in a thousand messages: a table that grows once more is
# not what is looked for
few() {
    python3 - "$@" <<'PYTHON'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert len(rows) == int(sys.argv[2]), rows
for row in rows:
    print(row.get("stage", f"{row.get('messages_a_frame')} messages a frame"), row["allocations"])
assert all(row["allocations"] < 0.001 for row in rows)
PYTHON
}

# Numbers in all spellings, no numbers, holds of single messages and incidents are in it.
"$build/wrongnumber-bench" generate --seed 1 --messages 12000 --tenants 4 --campaigns 20 --incident wrong_list:at=20%,size=300 \
    --incident shifted_column:at=60%,size=200 --out "$work/day" >/dev/null
"$build/bench_judge" --day "$work/day" --runs 3 --json >"$work/judge"
check flow.allocations.first_half few "$work/judge" 9

"$build/bench_detect" --scopes 100 --rate 5000 --messages 20000 --json >"$work/detect"
check flow.allocations.second_half few "$work/detect" 3
((failures == 0))
