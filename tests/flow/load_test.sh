#!/usr/bin/env bash
# load_test.sh BUILD: `wrongnumber load` against a private redis-server on a Unix socket, seen from outside with redis-cli
# and with a reader of the packed layout in another language (packed_peek.py). Prints `ok NAME` / `not ok NAME`.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: load_test.sh BUILD}" && pwd)
program=$build/wrongnumber
dir=$(mktemp -d)
socket=$dir/redis.sock
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"

cleanup() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$dir"
}
trap cleanup EXIT

cli() { redis-cli -s "$socket" "$@"; }
epoch() { cli --raw GET 'wn:{00}:epoch'; }
# field NAME: of the JSON on stdin
field() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
peek() { python3 -B "$here/packed_peek.py" "$socket" wn "$key" "$@"; }

# load ARGUMENT...: its summary in $dir/out, its talk in $dir/err, its exit status on stdout
load() {
    "$program" load -c "$dir/config.yaml" "$@" >"$dir/out" 2>"$dir/err"
    echo $?
}

# wait_until COMMAND...: 20 s at most
wait_until() {
    for _ in $(seq 2000); do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.01
    done
    echo "  waited in vain for: $*"
    return 1
}

# people FROM TO STATUS: loader lines
people() {
    local i
    for ((i = $1; i < $2; i++)); do
        printf '{"recipient":"+86138%08d","parties":[{"tenant_id":"t1","loan_id":"L%d","status":"%s"}]}\n' "$i" "$i" "$3"
    done
}

config() { # PREFIX LAYOUT
    printf '%s\n' 'redis:' "  address: unix:$socket" "  prefix: $1" "  layout: $2" \
        'pseudonym:' '  key_id: k1' "  key_file: $dir/key" >"$dir/config.yaml"
}

printf '%s\n' "$key" >"$dir/key"
chmod 600 "$dir/key"
config wn packed
redis-server --port 0 --unixsocket "$socket" --save "" --appendonly no --enable-debug-command local \
    --dir "$dir" >"$dir/redis.log" 2>&1 &
server=$!
wait_until cli PING || exit 1

# --- full load ------------------------------------------------------------------------------------

expect "a delta into an empty database is refused" "$(people 0 1 active | load --delta -)" 77

people 0 1000 active >"$dir/first.ndjson"
expect "a full load succeeds" "$(load --watermark 2020-01-01T00:00:00Z "$dir/first.ndjson")" 0
expect "its summary counts the records" "$(field records <"$dir/out")" 1000
expect "its summary counts the buckets" "$(field buckets <"$dir/out")" 128
first=$(epoch | field generation)
expect "the epoch is the pinned text" "$(epoch)" "{\"layout\":\"packed1\",\"generation\":$first,\"key_id\":\"k1\",\
\"bucket_bits\":7,\"bucket_count\":128,\"tags\":1,\"record_count\":1000,\"source_watermark\":1577836800000,\
\"valid_for_ms\":93600000,\"heartbeat_ms\":0}"
expect "there is every bucket, the epoch and nothing else" "$(cli DBSIZE)" 129
expect "a number is found by a reader in another language" "$(peek +8613800000007)" \
    "$(python3 -c "
import json, sys
sys.path.insert(0, '$here')
import packed_peek as p
k = bytes.fromhex('$key')
print(json.dumps({'reassigned': 'no_data', 'opted_out': [], 'parties': [{'role': 'borrower', 'status': 'active',
    'tenant_tag': p.tenant_tag(k, 't1').hex(), 'loan_tag': p.loan_tag(k, 'L7').hex()}]}, sort_keys=True))")"
expect "a number that is not there is a miss" "$(peek +8613999999999)" miss
cli --scan | while read -r name; do
    cli --raw GET "$name"
done >"$dir/everything" 2>/dev/null
expect "no number and no loan stands in Redis" "$(grep -acE '138000|L7' "$dir/everything")" 0

# --- deltas -----------------------------------------------------------------------------------------

{
    people 7 8 closed
    echo '{"recipient":"+8613800000008","deleted":true}'
    echo '{"recipient":"+8613999999999","opted_out":["sms"]}'
    echo '{"recipient":"+8613999999998","deleted":true}'
} >"$dir/delta.ndjson"
expect "a delta succeeds" "$(load --delta --watermark 2020-01-01T01:00:00Z "$dir/delta.ndjson")" 0
expect "a delta keeps the generation" "$(epoch | field generation)" "$first"
expect "a delta counts what came and went" "$(epoch | field record_count)" 1000
expect "a delta moves the watermark" "$(epoch | field source_watermark)" 1577840400000
expect "a delta replaces" "$(peek +8613800000007 | field parties | grep -c closed)" 1
expect "a delta removes" "$(peek +8613800000008)" miss
expect "a delta inserts" "$(peek +8613999999999 | field opted_out)" "['sms']"
expect "a delta leaves the others alone" "$(peek +8613800000009 | field parties | grep -c active)" 1
digest=$(cli DEBUG DIGEST)
expect "the server tells digests" "${#digest}" 40
expect "the same delta again succeeds" "$(load --delta --watermark 2020-01-01T01:00:00Z "$dir/delta.ndjson")" 0
expect "and changes nothing" "$(cli DEBUG DIGEST )" "$digest"

expect "an older delta is refused" "$(load --delta --watermark 2020-01-01T00:30:00Z "$dir/delta.ndjson")" 65
expect "an older full load is refused" "$(load --watermark 2020-01-01T00:30:00Z "$dir/first.ndjson")" 65
expect "unless it is asked for" "$(load --delta --allow-older --watermark 2020-01-01T00:30:00Z "$dir/delta.ndjson")" 0
expect "and then the watermark stays" "$(epoch | field source_watermark)" 1577840400000

# --- input that is not right ------------------------------------------------------------------------

before=$(cli DEBUG DIGEST)
{
    people 0 2 active
    echo '{"recipient":"12"}'
    echo 'nonsense'
    people 2 4 active
} >"$dir/bad.ndjson"
expect "refused lines stop a full load" "$(load "$dir/bad.ndjson")" 65
expect "and are named with their reasons" "$(head -n 2 "$dir/err" | tr '\n' '|')" \
    "line 3: recipient is no possible phone number|line 4: not JSON from byte 1 on|"
expect "refused lines stop a delta" "$(load --delta "$dir/bad.ndjson")" 65
expect "a file that is not there" "$(load "$dir/none.ndjson")" 66
expect "a full load of nobody is refused" "$(load /dev/null)" 65
expect "nothing of that changed anything" "$(cli DEBUG DIGEST)" "$before"
expect "wrong use" "$(load --tags 2 "$dir/first.ndjson")" 64
expect "two files are wrong use" "$(load "$dir/first.ndjson" "$dir/first.ndjson")" 64
config wn hash
expect "the hash layout is its owner's to load" "$(load "$dir/first.ndjson")" 78
config wn packed

# --- the lock ---------------------------------------------------------------------------------------

cli SET 'wn:{00}:lock' somebody >/dev/null
expect "a second writer is turned away" "$(load "$dir/first.ndjson")" 75
expect "and leaves the lock alone" "$(cli GET 'wn:{00}:lock')" somebody
cli DEL 'wn:{00}:lock' >/dev/null

# A loader whose lock runs out while its input has nothing to say must not flip.
mkfifo "$dir/pipe"
load "$dir/pipe" >"$dir/status" &
loader=$!
exec 7>"$dir/pipe"
people 0 10 overdue >&7
wait_until cli --no-raw EVAL "return assert(redis.call('EXISTS', 'wn:{00}:lock') == 1)" 0
cli SET 'wn:{00}:lock' somebody >/dev/null
exec 7>&-
wait "$loader"
expect "a loader that lost its lock stops" "$(cat "$dir/status")" 75
expect "and the data in force stays" "$(epoch | field generation)" "$first"
expect "and the lock is the other's" "$(cli GET 'wn:{00}:lock')" somebody
expect "and it took away what it wrote" "$(cli DBSIZE)" 130
cli DEL 'wn:{00}:lock' >/dev/null

# An interrupt gives the lock back.
"$program" load -c "$dir/config.yaml" "$dir/pipe" >/dev/null 2>&1 &
loader=$!
exec 7>"$dir/pipe"
wait_until cli --no-raw EVAL "return assert(redis.call('EXISTS', 'wn:{00}:lock') == 1)" 0
kill -TERM "$loader"
wait "$loader"
expect "an interrupted load gives the lock back" "$(cli EXISTS 'wn:{00}:lock')" 0
exec 7>&-

# --- the next generation ----------------------------------------------------------------------------

people 500 3000 overdue >"$dir/second.ndjson"
expect "a second full load succeeds" "$(load --skip-bad "$dir/second.ndjson")" 0
second=$(epoch | field generation)
expect "its generation is the next" "$((second > first))" 1
expect "the old buckets are gone" "$(cli DBSIZE)" "$(($(epoch | field bucket_count) + 1))"
expect "the old numbers are gone" "$(peek +8613800000007)" miss
expect "the new ones are there" "$(peek +8613800002999 | field parties | grep -c overdue)" 1

# kill -9 in the middle of writing: a bucket has next to nothing in it, but there are very many
load --bucket-bits 20 "$dir/first.ndjson" >/dev/null 2>&1 &
job=$!
many_keys() { (($(cli DBSIZE) > 20000)); }
wait_until many_keys
kill -9 "$(pgrep -P "$job" -f 'bucket-bits 20')"
wait "$job" 2>/dev/null
expect "after kill -9 the generation before is in force" "$(epoch | field generation)" "$second"
expect "and whole" "$(peek +8613800002999 | field parties | grep -c overdue)" 1
expect "what it wrote is named" "$(cli SCARD 'wn:{00}:loading')" 2
expect "its lock keeps others out for its last minute" "$(load "$dir/first.ndjson")" 75
expect "and no longer than that" "$((0 < $(cli PTTL 'wn:{00}:lock') && $(cli PTTL 'wn:{00}:lock') <= 60000))" 1
cli DEL 'wn:{00}:lock' >/dev/null # the minute is over
expect "a delta goes into the data in force" "$(people 7 8 active | load --delta -)" 0
expect "the next full load succeeds" "$(people 0 100 active | load -)" 0
expect "with a generation that nobody wrote into" "$(($(epoch | field generation) > second + 1))" 1
expect "and clears up" "$(cli DBSIZE)" "$(($(epoch | field bucket_count) + 1))"

# --- a delta while a full load writes ---------------------------------------------------------------

is_writing() { kill -0 "$job" 2>/dev/null && [[ -n $(cli GET 'wn:{00}:next') ]]; }
begin_load() { # WATERMARK: a full load that takes a while
    before=$(epoch | field generation)
    load --bucket-bits 20 --watermark "$1" "$dir/first.ndjson" >"$dir/status" 2>/dev/null &
    job=$!
    wait_until many_keys
}
expect "a load to begin with" "$(load --allow-older --watermark 2020-02-01T00:00:00Z "$dir/first.ndjson")" 0
begin_load 2020-02-02T00:00:00Z
expect "a delta while a full load writes" "$(load --delta --watermark 2020-02-03T00:00:00Z "$dir/delta.ndjson")" 0
expect "is in force at once" "$(peek +8613800000008)" miss
expect "and the load still writes" "$(is_writing && epoch | field generation)" "$before"
expect "another load is turned away" "$(load "$dir/first.ndjson")" 75
wait "$job"
expect "the load succeeds" "$(cat "$dir/status")" 0
expect "and its generation is in force" "$(($(epoch | field generation) > before))" 1
expect "with the delta in it: replaced" "$(peek +8613800000007 | field parties | grep -c closed)" 1
expect "with the delta in it: removed" "$(peek +8613800000008)" miss
expect "with the delta in it: inserted" "$(peek +8613999999999 | field opted_out)" "['sms']"
expect "with the delta in it: the count" "$(epoch | field record_count)" 1000
expect "with the delta in it: the watermark" "$(epoch | field source_watermark)" 1580688000000
expect "nothing else stays" "$(cli DBSIZE)" "$(($(epoch | field bucket_count) + 1))"
# A load that stands still, as a delta sees it: a bucket that is there is changed, for one that is not there is the journal.
token=$(printf '%032x' 7)
cli SET 'wn:{00}:lock' "$token" >/dev/null
cli SET 'wn:{00}:next' "next1 99999999999 7 1 k1 1580688000000 $token" >/dev/null
victim=$(python3 -c "
import sys
sys.path.insert(0, '$here')
import packed_peek as p
print(p.bucket_key('wn', p.pseudonym(bytes.fromhex('$key'), 'phone', '+8613800000007'),
    {'tags': 1, 'generation': 99999999999, 'bucket_bits': 7}))")
expect "a delta beside a load that has no bucket yet" "$(people 7 8 active | load --delta --watermark 2020-02-03T01:00:00Z -)" 0
expect "stands in the journal" "$(cli HLEN 'wn:{00}:journal')" 1
printf '\x01' | cli -x SET "$victim" >/dev/null
expect "a delta beside a load that has the bucket" "$(people 7 8 closed | load --delta --watermark 2020-02-03T02:00:00Z -)" 0
expect "stands in the bucket" "$(($(cli STRLEN "$victim") > 9))" 1
expect "and what it replaces is out of the journal" "$(cli HGETALL 'wn:{00}:journal' | tr '\n' ' ')" "+ 1 "
cli DEL 'wn:{00}:lock' >/dev/null
expect "a delta beside nobody" "$(people 7 8 sold | load --delta --watermark 2020-02-03T03:00:00Z -)" 0
expect "leaves that alone" "$(cli HGETALL 'wn:{00}:journal' | tr '\n' ' ')" "+ 1 "
cli DEL "$victim" 'wn:{00}:journal' 'wn:{00}:next' >/dev/null

begin_load 2020-02-05T00:00:00Z
expect "a delta older than the load" "$(people 9 10 sold | load --delta --watermark 2020-02-04T00:00:00Z -)" 0
expect "is in force at once, too" "$(peek +8613800000009 | field parties | grep -c sold)" 1
expect "while the load still writes" "$(is_writing && epoch | field generation)" "$before"
wait "$job"
expect "but the load has newer data" "$(peek +8613800000009 | field parties | grep -c active)" 1
begin_load 2020-02-06T00:00:00Z
kill -9 "$(pgrep -P "$job" -f 'bucket-bits 20')"
wait "$job" 2>/dev/null
expect "a delta behind a load that was killed" "$(people 9 10 sold | load --delta --watermark 2020-02-07T00:00:00Z -)" 0
cli DEL 'wn:{00}:lock' >/dev/null # the minute is over
expect "and one after its minute" "$(people 10 11 sold | load --delta --watermark 2020-02-08T00:00:00Z -)" 0
expect "are in force" "$(peek +8613800000009 +8613800000010 | grep -c sold)" 2
expect "a load that is older than a delta is refused" "$(load --watermark 2020-02-07T12:00:00Z "$dir/first.ndjson")" 65
expect "the next full load clears up" "$(people 0 100 active | load -)" 0
expect "behind all of them" "$(cli DBSIZE)" "$(($(epoch | field bucket_count) + 1))"

# --- Redis says no ----------------------------------------------------------------------------------

third=$(epoch | field generation)
# Far more than Redis may still give back of tables that were larger.
used=$(cli INFO memory | tr -d '\r' | sed -n 's/^used_memory://p')
cli CONFIG SET maxmemory "$((used + 2000000))" >/dev/null
expect "a database that is full" "$(load --bucket-bits 20 "$dir/first.ndjson")" 77
cli CONFIG SET maxmemory 0 >/dev/null
expect "keeps what is in force" "$(epoch | field generation)" "$third"
expect "and nothing else" "$(cli DBSIZE)" "$(($(epoch | field bucket_count) + 1))"

victim=$(python3 -c "
import sys, json
sys.path.insert(0, '$here')
import packed_peek as p
k = bytes.fromhex('$key')
print(p.bucket_key('wn', p.pseudonym(k, 'phone', '+8613800000050'), json.loads(sys.argv[1])))" "$(epoch)")
for damage in '' '\x02' '\x01\x00\x00' '\x01\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00'; do
    printf '%b' "$damage" | cli -x SET "$victim" >/dev/null
    watermark=$(epoch)
    expect "a delta into a damaged bucket ($damage) is refused" "$(people 50 51 closed | load --delta -)" 77
    expect "and the epoch stays" "$(epoch)" "$watermark"
done
cli DEL "$victim" >/dev/null
expect "a delta into a bucket that is missing is refused" "$(people 50 51 closed | load --delta -)" 77
expect "a full load repairs it" "$(people 0 100 active | load -)" 0

cli SET 'wn:{00}:epoch' 'no epoch at all' >/dev/null
expect "a delta under a damaged epoch is refused" "$(people 50 51 closed | load --delta -)" 77
expect "a full load repairs it too" "$(people 0 100 active | load -)" 0
expect "and says so" "$(epoch | field record_count)" 100

# --- hash tags --------------------------------------------------------------------------------------

cli FLUSHALL >/dev/null
expect "a full load with 64 hash tags" "$(load --tags 64 "$dir/first.ndjson")" 0
expect "writes an epoch for each" "$(cli DBSIZE)" "$((128 + 64))"
expect "all of them the same" "$(for t in 0 1 2 3; do for d in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
    cli --raw GET "wn:{$t$d}:epoch"; done; done | sort -u | wc -l)" 1
expect "a number is found under its tag" "$(peek +8613800000007 | field parties | grep -c active)" 1
expect "a delta finds it there" "$(people 7 8 sold | load --delta -)" 0
expect "and moves every epoch" "$(for t in 00 1f 3f; do cli --raw GET "wn:{$t}:epoch"; done | sort -u | wc -l)" 1
expect "and is seen" "$(peek +8613800000007 | field parties | grep -c sold)" 1
expect "back to one tag" "$(load --tags 1 "$dir/first.ndjson")" 0
expect "nothing of the others stays" "$(cli DBSIZE)" 129

# --- nobody there -----------------------------------------------------------------------------------

kill "$server"
wait "$server" 2>/dev/null
server=
expect "a Redis that is down" "$(load "$dir/first.ndjson")" 69

((failures == 0))
