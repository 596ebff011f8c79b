#!/usr/bin/env bash
# acl_redis.sh BUILD_DIR: the Redis users of deploy/acl, on real servers where nobody else may do anything. With them
# explain, run, load, load --delta and sync do their work, standalone, behind a sentinel and in a cluster; a user has every
# command that its program sends and none that it does not; anything else is refused by Redis; and a program whose user
# lacks a command names it.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: acl_redis.sh BUILD_DIR}" && pwd)
acl=$here/../../deploy/acl
work=$(mktemp -d "${TMPDIR:-/tmp}/acl.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
# shellcheck source=tests/support/redis_ports.sh
source "$here/../support/redis_ports.sh"
servers=() sync='' run='' sandbox=''

clean_up() {
    exec 7>&-
    local pid
    for pid in $sync $run $sandbox ${servers[@]+"${servers[@]}"}; do
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    [[ -n ${KEEP:-} ]] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# --- servers ---------------------------------------------------------------------------------------------------------

# as USER PORT COMMAND...: the password of every user is its name
as() {
    local user=$1 port=$2
    shift 2
    redis-cli -p "$port" --user "$user" --pass "$user" --no-auth-warning "$@"
}

# lock_down PORT FILE...: the users of these files, an administrator, and nobody else
lock_down() {
    local port=$1 file
    shift
    redis-cli -p "$port" ACL SETUSER admin on '>admin' '~*' '&*' +@all >/dev/null
    for file; do
        sed -e '/^#/d; /^$/d' -e 's/@PROCESSOR@/wrongnumber-processor/; s/@LOADER@/wrongnumber-loader/; s/@SYNC@/wrongnumber-sync/
            s/@SENTINEL@/wrongnumber/' "$acl/$file" | redis-cli -p "$port"
    done >"$work/acl.said"
    sort -u "$work/acl.said" | grep -v '^OK$' && return 1
    redis-cli -p "$port" ACL SETUSER default off >/dev/null
}

# used PORT: the commands that the server ran since forget_used, but for the administrator's and a replica's
forget_used() { as admin "$1" CONFIG RESETSTAT >/dev/null; }
used() {
    as admin "$1" INFO commandstats | tr -d '\r' | sed -n 's/^cmdstat_\([^:]*\):.*/\1/p' |
        grep -vxE 'auth|config\|resetstat|acl\|getuser|replconf|psync|ping' | sort | tr '\n' ' '
}
# granted USER PORT: the commands that a user has
granted() {
    as admin "$2" ACL GETUSER "$1" | sed -n '/^commands$/{n;p}' | tr ' ' '\n' | sed -n 's/^+//p' | sort | tr '\n' ' '
}

# --- programs --------------------------------------------------------------------------------------------------------

# config USER FILE LINE...: a configuration that has this user
config() {
    local user=$1 file=$2 line
    shift 2
    printf '%s\n' "$user" >"$work/$user.password"
    {
        printf 'redis:\n  user: %s\n  password_file: %s\n  deadline: 2s\n' "$user" "$work/$user.password"
        for line; do
            printf '  %s\n' "$line"
        done
        printf 'sync:\n  heartbeat: 10s\npseudonym:\n  key_file: %s\n' "$work/key"
    } >"$work/$file"
}

person() { printf '{"recipient":"+86138000000%02d","parties":[{"tenant_id":"acme","loan_id":"L1"}]}\n' "$1"; }
# explained FILE NUMBER: verdict and lookup of a message, and why the cache is not believed
explained() {
    printf '{"message_id":"m","recipient":"+86138000000%02d","occurred_at":"2026-11-20T08:00:00Z","tenant_id":"acme"}\n' "$2" |
        "$build/wrongnumber" explain -c "$work/$1" 2>"$work/explain.err" >"$work/explain.out"
    python3 -c 'import json,sys; e=json.load(sys.stdin); print(e["verdict"], e["facts"]["lookup"], e.get("cache") or "")' \
        <"$work/explain.out"
}
is() { [[ $(explained "$1" "$2") == "$3 "* ]]; }
# load FILE [OPTION]...: lines of stdin
load() {
    local file=$1
    shift
    "$build/wrongnumber" load -c "$work/$file" "$@" - >"$work/load.out" 2>"$work/load.err"
}

printf '%02x' {0..31} >"$work/key"
read -ra ports < <(free_ports 7)
port=${ports[0]}
serve "$work" "$port" --save "" --appendonly no --enable-debug-command yes
serve "$work" "${ports[1]}" --save "" --appendonly no
check "redis.acl is taken" lock_down "$port" redis.acl
as admin "${ports[1]}" PING >/dev/null 2>&1
redis-cli -p "${ports[1]}" CONFIG SET masteruser admin >/dev/null
redis-cli -p "${ports[1]}" CONFIG SET masterauth admin >/dev/null
redis-cli -p "${ports[1]}" REPLICAOF 127.0.0.1 "$port" >/dev/null
has_replica() { as admin "$port" INFO replication | grep -q 'state=online'; }
check "a replica is there, so that the loader waits for it" until_true 20 has_replica
for user in processor loader sync; do
    config "wrongnumber-$user" "$user.yaml" "address: 127.0.0.1:$port"
done

# --- the loader, the processor ---------------------------------------------------------------------------------------

forget_used "$port"
{ person 1; person 2; } | load loader.yaml
check "load does its work" test $? -eq 0
{ person 1; person 2; person 3; } | load loader.yaml
check "and takes away the generation before" test $? -eq 0
{ person 4; printf '{"recipient":"+8613800000002","deleted":true}\n'; } | load loader.yaml --delta
check "so does load --delta" test $? -eq 0
# A full load that is at work beside a delta, as far as the delta can see.
token=$(printf '%032x' 7)
as admin "$port" SET 'wn:{00}:lock' "$token" >/dev/null
as admin "$port" SET 'wn:{00}:next' "next1 99999999999 1 1 k1 1 $token" >/dev/null
person 4 | load loader.yaml --delta
check "so does load --delta beside a full load" test $? -eq 0
for bucket in 0 1; do
    printf '\x01' | as admin "$port" -x SET "wn:{00}:99999999999:$bucket" >/dev/null
done
person 4 | load loader.yaml --delta
check "whichever buckets that has written" test $? -eq 0
as admin "$port" DEL 'wn:{00}:lock' 'wn:{00}:next' 'wn:{00}:journal' 'wn:{00}:99999999999:'{0,1} >/dev/null
# A lock is renewed after ten seconds: its script is run here.
as wrongnumber-loader "$port" EVAL "return redis.call('PEXPIRE', KEYS[1], ARGV[1])" 1 'wn:{00}:lock' 60000 >/dev/null
expect "the loader has exactly the commands that it sends" "$(used "$port")" "$(granted wrongnumber-loader "$port")"

forget_used "$port"
expect "explain finds a borrower" "$(explained processor.yaml 1)" "clear found "
expect "and believes a miss" "$(explained processor.yaml 2)" "misdirected miss "
expect "the processor has exactly the commands that it sends" "$(used "$port")" "$(granted wrongnumber-processor "$port")"

# --- what is refused -------------------------------------------------------------------------------------------------

# refuses USER COMMAND...: Redis refuses, for want of rights
refuses() {
    local user=$1
    shift
    local said
    said=$(as "$user" "$port" "$@" 2>&1)
    [[ $said == *NOPERM* || $said == *"user executing the script can't"* || $said == *"ACL failure in script"* ]] || {
        echo "$user may: $* ($said)"
        return 1
    }
}
# What nobody may. The server would not survive all of it.
forbidden=(FLUSHALL FLUSHDB "CONFIG GET *" "CONFIG SET maxmemory 1" "KEYS *" "SCAN 0" RANDOMKEY DBSIZE MONITOR "DEBUG SLEEP 0"
    "SHUTDOWN NOSAVE" "SWAPDB 0 1" "SELECT 1" "MOVE wn:a 1" "RENAME wn:a wn:b" "REPLICAOF NO ONE" "FAILOVER" "ACL LIST"
    "ACL SETUSER default on" "CLIENT LIST" "CLIENT KILL TYPE normal" "SCRIPT FLUSH" "SCRIPT KILL" "FUNCTION LIST" "MODULE LIST"
    "MIGRATE 127.0.0.1 1 wn:a 0 1" "DUMP wn:a" "RESTORE wn:a 0 x" "COPY wn:a wn:b" "SORT wn:a" "SUBSCRIBE a" "PUBLISH a b"
    "EXPIRE wn:a 1" "GET other" "MGET wn:a other" "SAVE" "BGREWRITEAOF" "CLUSTER SLOTS" "ASKING" "EXEC" "MULTI")
changes=("SET wn:a 1" "MSET wn:a 1" "DEL wn:{00}:epoch" "UNLINK wn:{00}:epoch" "PEXPIRE wn:{00}:epoch 1" "SADD wn:a 1"
    "SREM wn:a 1" "EVALSHA 0 0" "SCRIPT LOAD x" "WAIT 0 0")
for user in processor loader sync; do
    all_refused=yes
    for words in "${forbidden[@]}"; do
        read -ra words <<<"$words"
        refuses "wrongnumber-$user" "${words[@]}" || all_refused=no
    done
    expect "what the $user must not do is refused" "$all_refused" yes
done
all_refused=yes
for words in "${changes[@]}"; do
    read -ra words <<<"$words"
    refuses wrongnumber-processor "${words[@]}" || all_refused=no
done
refuses wrongnumber-processor EVAL "return 1" 0 || all_refused=no
expect "the processor changes nothing" "$all_refused" yes
for user in loader sync; do
    check "the $user's scripts reach no other key" refuses "wrongnumber-$user" EVAL "return redis.call('GET', KEYS[1])" 1 other
    check "nor do they empty the database" refuses "wrongnumber-$user" EVAL "return redis.call('FLUSHALL')" 0
    check "nor set a key of somebody else" refuses "wrongnumber-$user" SET other 1
done
check "who has no password does nothing" bash -c "redis-cli -p $port PING 2>&1 | grep -q NOAUTH"
expect "after all that the data is there" "$(explained processor.yaml 1)" "clear found "

# --- a command that is lacking ---------------------------------------------------------------------------------------

# lacks USER COMMAND CHECK...: without the command the check holds; afterwards the user has it again
lacks() {
    local user=$1 command=$2 rc=0
    shift 2
    as admin "$port" ACL SETUSER "wrongnumber-$user" "-$command" >/dev/null
    "$@" || rc=$?
    as admin "$port" ACL SETUSER "wrongnumber-$user" "+$command" >/dev/null
    return "$rc"
}
says_unknown() {
    local said
    said=$(explained processor.yaml 2)
    [[ $said == "unknown "* && $said == *"$1"* && $said == *ACL* ]] || {
        echo "explain says: $said"
        return 1
    }
}
for command in get mget info; do
    check "a processor without ${command^^} believes nothing, and says why" \
        lacks processor "$command" says_unknown "permission for ${command^^}"
done
fails_with() {
    local rc=0 word=$1
    shift
    { person 1; person 2; } | load loader.yaml "$@" || rc=$?
    echo "load exits with $rc: $(cat "$work/load.err")"
    as admin "$port" DEL 'wn:{00}:lock' >/dev/null
    ((rc == 77)) && grep -q "may not run $word.*ACL" "$work/load.err"
}
for command in get set mset unlink sadd srem smembers eval; do
    check "a loader without ${command^^} fails, and says why" lacks loader "$command" fails_with "\(${command^^}\|EVAL, or what the script does\)"
done
for command in evalsha 'script|load'; do
    check "a delta without ${command^^} fails, and says why" lacks loader "$command" fails_with "$(tr 'a-z|' 'A-Z ' <<<"${command%|load}")" --delta
done

# --- sync, run -------------------------------------------------------------------------------------------------------

topic=collections.relationships.v1
mkfifo "$work/orders"
"$build/wrongnumber-bench" sandbox -c "$work/sync.yaml" --bootstrap-file "$work/brokers" <"$work/orders" \
    >"$work/sandbox.log" 2>&1 &
sandbox=$!
exec 7>"$work/orders"
until_true 10 test -s "$work/brokers" || exit 1
brokers=$(cat "$work/brokers")
for user in processor sync; do
    printf 'kafka:\n  bootstrap: %s\nverdicts: all\n' "$brokers" >>"$work/$user.yaml"
done
sed '/^#/d' "$acl/redis-frequency.acl" | as admin "$port" >"$work/acl.said"
expect "redis-frequency.acl is taken" "$(cat "$work/acl.said")" OK
printf 'policy: {frequency: [{limit: 1, window: 1h}]}\n' >>"$work/processor.yaml"
sed -i 's/^sync:/&\n  topic_is_whole: true/' "$work/sync.yaml"
produce() { kcat -P -b "$brokers" -t "$1" -K '\t' -Z -X partitioner=murmur2_random 2>/dev/null; }
for i in 1 5 6; do
    printf '+86138000000%02d\t%s\n' "$i" "$(person "$i")"
done | produce "$topic"

forget_used "$port"
as admin "$port" DEL 'wn:{00}:epoch' 'wn:{00}:sync' >/dev/null
"$build/wrongnumber" sync -c "$work/sync.yaml" >"$work/sync.out" 2>"$work/sync.err" &
sync=$!
check "sync builds the data of its topic" until_true 20 is processor.yaml 5 "clear found"
printf '+8613800000007\t%s\n+8613800000005\t\n' "$(person 7)" | produce "$topic"
check "and keeps them fresh" until_true 10 is processor.yaml 7 "clear found"
"$build/wrongnumber" run -c "$work/processor.yaml" >"$work/run.out" 2>"$work/run.err" &
run=$!
for i in 1 5; do
    printf 'k\t{"message_id":"m%d","recipient":"+86138000000%02d","occurred_at":"2026-11-20T08:00:00Z","tenant_id":"acme"}\n' \
        "$i" "$i"
done | produce collections.outbound.v1
verdicts() {
    kcat -C -b "$brokers" -t collections.verdicts.v1 -o beginning -e -q -X fetch.wait.max.ms=10 2>/dev/null |
        sed -n 's/.*"message_id":"\([^"]*\)".*"verdict":"\([a-z]*\)".*/\1 \2/p' | sort | tr '\n' ' '
}
are_judged() { [[ $(verdicts) == "m1 clear m5 misdirected " ]]; }
check "run judges by them" until_true 20 are_judged
kill -TERM "$run" && wait "$run"
expect "run ends well" $? 0
added() { sed -n 's/^ACL SETUSER [^ ]* //p' "$acl/redis-frequency.acl" | tr ' ' '\n' | sed -n 's/^+//p' | sort; }
expect "it counts attempts with all the commands that this wants" \
    "$(comm -23 <(added) <(used "$port" | tr ' ' '\n' | sort))" ""
for words in "ZADD wn:a 1 x" "ZADD wn:{00}:epoch 1 x" "EXPIRE wn:{00}:epoch 1" "ZCARD other"; do
    read -ra words <<<"$words"
    check "and may not: ${words[*]}" refuses wrongnumber-processor "${words[@]}"
done
as admin "$port" ACL LOG RESET >/dev/null
run=''
kill -TERM "$sync" && wait "$sync"
expect "sync ends well" $? 0
sync=''
kill -KILL "$sandbox" && wait "$sandbox" 2>/dev/null
sandbox=''
as admin "$port" ACL LOG >"$work/acl.log"
as admin "$port" ACL LOG RESET >/dev/null
{ person 1; } | load sync.yaml # a full load with sync's rights is what building anew is
expect "nothing of theirs was refused" "$(as admin "$port" ACL LOG)" ""

# --- a sentinel --------------------------------------------------------------------------------------------------------

: >"$work/sentinel.conf"
serve "$work" "${ports[2]}" "$work/sentinel.conf" --sentinel
redis-cli -p "${ports[2]}" SENTINEL MONITOR loans 127.0.0.1 "$port" 1 >/dev/null
redis-cli -p "${ports[2]}" SENTINEL SET loans auth-user admin >/dev/null
redis-cli -p "${ports[2]}" SENTINEL SET loans auth-pass admin >/dev/null
check "redis-sentinel.acl is taken" lock_down "${ports[2]}" redis-sentinel.acl
printf 'wrongnumber\n' >"$work/sentinel.password"
for user in processor loader; do
    config "wrongnumber-$user" "$user-sentinel.yaml" 'topology: sentinel' "address: 127.0.0.1:${ports[2]}" 'master: loans' \
        'sentinel_user: wrongnumber' "sentinel_password_file: $work/sentinel.password"
done
{ person 1; person 3; } | load loader-sentinel.yaml
check "the master that a sentinel names is loaded" test $? -eq 0
expect "and asked" "$(explained processor-sentinel.yaml 3)" "clear found "
check "a sentinel's user may not order a failover" \
    bash -c "redis-cli -p ${ports[2]} --user wrongnumber --pass wrongnumber --no-auth-warning SENTINEL FAILOVER loans | grep NOPERM"

# --- the hash layout ---------------------------------------------------------------------------------------------------

hash=${ports[6]}
serve "$work" "$hash" --save "" --appendonly no
check "redis-hash.acl is taken" lock_down "$hash" redis-hash.acl
config wrongnumber-processor hash.yaml "address: 127.0.0.1:$hash" 'layout: hash' 'hash: {epoch_key: "borrower:epoch"}'
as admin "$hash" HSET borrower:+8613800000001 tenant_id acme loan_id L1 >/dev/null
as admin "$hash" SET borrower:epoch "{\"layout\":\"hash1\",\"generation\":1,\"record_count\":1,\"source_watermark\":$(date +%s)000,\"valid_for_ms\":9000000}" \
    >/dev/null
forget_used "$hash"
expect "explain finds a borrower in a cache of hashes" "$(explained hash.yaml 1)" "clear found "
expect "and believes a miss" "$(explained hash.yaml 2)" "misdirected miss "
expect "the processor has exactly the commands that it sends there" \
    "$(used "$hash")" "$(granted wrongnumber-processor "$hash")"

# --- a cluster -----------------------------------------------------------------------------------------------------------

nodes=("${ports[@]:3:3}")
for node in "${nodes[@]}"; do
    serve "$work" "$node" --cluster-enabled yes --cluster-config-file nodes.conf --save "" --appendonly no
done
redis-cli --cluster create "${nodes[@]/#/127.0.0.1:}" --cluster-yes >"$work/create" 2>&1 || cat "$work/create"
is_ok() { redis-cli -p "$1" CLUSTER INFO | grep -q cluster_state:ok; }
for node in "${nodes[@]}"; do
    until_true 20 is_ok "$node"
    check "redis.acl and redis-cluster.acl are taken" lock_down "$node" redis.acl redis-cluster.acl
done
for user in processor loader; do
    config "wrongnumber-$user" "$user-cluster.yaml" 'topology: cluster' "address: 127.0.0.1:${nodes[0]}"
done
{ person 1; person 2; } | load loader-cluster.yaml
check "a cluster is loaded" test $? -eq 0
person 3 | load loader-cluster.yaml --delta
check "and changed" test $? -eq 0
expect "explain finds a borrower in it" "$(explained processor-cluster.yaml 3)" "clear found "
expect "and believes a miss" "$(explained processor-cluster.yaml 4)" "misdirected miss "
for node in "${nodes[@]}"; do
    expect "nothing was refused on a node of it" "$(as admin "$node" ACL LOG)" ""
done
port=${nodes[0]}
says_lacking_slots() {
    local said
    said=$(explained processor-cluster.yaml 3)
    [[ $said == "unknown "* && $said == *"CLUSTER SLOTS"* && $said == *ACL* ]] || {
        echo "explain says: $said"
        return 1
    }
}
check "a processor without CLUSTER SLOTS says so" lacks processor 'cluster|slots' says_lacking_slots
((failures == 0))
