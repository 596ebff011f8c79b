#!/usr/bin/env bash
# no_numbers.sh BUILD_DIR: of a day's messages no recipient's number, and no loan's id, is in anything that leaves the process
# but the dead letters, which are the messages themselves: not in verdicts, alerts, commands, tally frames, logs, nor in Redis.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: no_numbers.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/numbers.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
trap 'end_redis; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

"$build/wrongnumber-bench" generate --seed 11 --messages 20000 --tenants 3 --campaigns 12 \
    --incident wrong_list:at=30%,size=300 --incident number_walking:at=60%,size=300 --out "$work/data" || exit 1
# What must not be found: the last ten digits of each number, whatever stands before them, and loans.
python3 - "$work/data" >"$work/secrets" <<'END'
import json, sys
secrets = set()
for name in ("events", "relationships"):
    with open(f"{sys.argv[1]}/{name}.ndjson") as lines:
        for line in lines:
            record = json.loads(line)
            if record.get("kind", "phone") == "phone" and len(record["recipient"]) > 10:
                secrets.add(record["recipient"][-10:])
            for holder in [record, *record.get("parties", [])]:
                if len(str(holder.get("loan_id") or "")) >= 6:
                    secrets.add(str(holder["loan_id"]))
print("\n".join(sorted(secrets)))
END
check "there are numbers and loans to look for" test "$(wc -l <"$work/secrets")" -gt 10000
check "they are in the messages" grep -qaFf "$work/secrets" "$work/data/events.ndjson"

printf '%02x' {0..31} >"$work/key"
printf 'redis: {address: "unix:%s/redis.sock"}\nlog: {level: debug}\npseudonym: {key_file: "%s/key"}\nverdicts: all\n' \
    "$work" "$work" >"$work/c.yaml"
start_redis
redis-cli -s "$work/redis.sock" CONFIG SET rdbcompression no >"$work/set"
"$build/wrongnumber" load -c "$work/c.yaml" "$work/data/relationships.ndjson" >"$work/load.out" 2>"$work/load.err"
expect "the data are loaded" $? 0
redis-cli -s "$work/redis.sock" SAVE >"$work/save"
sed 's/"parties"/"partis"/' <(head -n 3 "$work/data/relationships.ndjson") |
    "$build/wrongnumber" load -c "$work/c.yaml" - >>"$work/load.out" 2>>"$work/load.err"
head -c 100 "$work/data/relationships.ndjson" | "$build/wrongnumber" load -c "$work/c.yaml" - >>"$work/load.out" 2>>"$work/load.err"
"$build/wrongnumber-bench" replay --events "$work/data/events.ndjson" --redis "unix:$work/redis.sock" -c "$work/c.yaml" \
    --out "$work/out" >"$work/replay.out" 2>"$work/replay.err"
expect "the day is judged" $? 0
head -n 1 "$work/data/events.ndjson" | "$build/wrongnumber" explain -c "$work/c.yaml" >"$work/explain.out" 2>"$work/explain.err"
expect "a message is explained" $? 0

# none_in FILE...
none_in() {
    local file rc=0
    for file; do
        if [[ ! -e $file ]] || grep -qaFf "$work/secrets" "$file"; then
            echo "$(basename "$file"): $(grep -aoFf "$work/secrets" "$file" | head -n 1)"
            rc=1
        fi
    done
    return "$rc"
}
mapfile -t outputs < <(find "$work/out" -type f ! -name 'dead-letter*')
check "none is in what comes of it (${#outputs[@]} files)" none_in "${outputs[@]}"
check "none is in what explain shows" none_in "$work/explain.out" "$work/explain.err"
check "none is in logs and errors" none_in "$work/load.out" "$work/load.err" "$work/replay.out" "$work/replay.err"
check "none is in Redis" none_in "$work/dump.rdb"
check "which has the data" test "$(stat -c %s "$work/dump.rdb")" -gt 100000
((failures == 0))
