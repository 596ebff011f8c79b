#!/usr/bin/env bash
# explain_test.sh BUILD_DIR: `wrongnumber explain` against a private Redis: facts, verdict, reasons and scopes of one
# message, what it says when the cache cannot be believed, and that it agrees with the replay.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: explain_test.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/explain.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"

clean_up() {
    end_redis
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# expect NAME GOT EXPECTED
expect() {
    if [[ $2 == "$3" ]]; then
        echo "ok flow.explain.$1"
    else
        printf '  got:      %s\n  expected: %s\nnot ok flow.explain.%s\n' "$2" "$3" "$1"
        failures=$((failures + 1))
    fi
}

# event NUMBER [NAME VALUE]...: a message as JSON
event() {
    local number=$1 more=''
    shift
    while (($# > 0)); do
        more+=",\"$1\":\"$2\""
        shift 2
    done
    printf '{"message_id":"m1","recipient":"%s","occurred_at":"2026-11-20T08:00:00Z"%s}\n' "$number" "$more"
}

# explain CONFIG: of stdin; prints the exit status
explain() {
    "$build/wrongnumber" explain -c "$work/$1.yaml" >"$work/out" 2>"$work/err"
    echo $?
}

# pick EXPRESSION: of the last explanation, `e`
pick() { python3 -c 'import json,sys; e=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/out" "$1"; }

config() { # NAME SOCKET
    printf 'redis:\n  address: unix:%s\n  deadline: 2s\n' "$2" >"$work/$1.yaml"
}

start_redis
config here "$work/redis.sock"
config away "$work/nobody.sock"

# --- before anything is loaded ---------------------------------------------------------------------

expect empty.status "$(event +8613800000001 | explain here)" 0
expect empty.verdict "$(pick '(e["verdict"], e["reasons"], e["facts"]["lookup"])')" "('unknown', ['cache_untrusted'], 'untrusted')"
expect empty.says_why "$(pick 'e["cache"] is not None and len(e["cache"]) > 0')" True
expect away.status "$(event +8613800000001 | explain away)" 0
expect away.verdict "$(pick '(e["verdict"], e["reasons"], e["facts"]["lookup"])')" "('unknown', ['cache_unreachable'], 'unreachable')"

# --- loaded ------------------------------------------------------------------------------------------

cat >"$work/people" <<'PEOPLE'
{"recipient":"+8613800000001","parties":[{"tenant_id":"acme","loan_id":"L1","role":"guarantor","status":"overdue"},{"tenant_id":"bank-b","loan_id":"L9","status":"closed","closed_at":"2026-10-01"}],"reassigned":"no","opted_out":["voice"]}
{"recipient":"+8613800000002","parties":[{"tenant_id":"acme","loan_id":"L2"}],"reassigned":"yes","reassigned_at":"2026-11-01"}
PEOPLE
"$build/wrongnumber" load -c "$work/here.yaml" "$work/people" >/dev/null 2>&1
expect loaded $? 0

expect found.status "$(event "138 0000 0001" tenant_id acme loan_id L1 channel voice campaign_id c/1 vendor_id v1 | explain here)" 0
expect found.verdict "$(pick '(e["verdict"], e["reasons"], e["cache"])')" "('clear', ['opted_out'], None)"
expect found.recipient "$(pick '(e["recipient"]["kind"], e["recipient"]["pseudonym"])')" \
    "$(python3 -c '
import base64, hashlib, hmac
digest = hmac.new(bytes(32), b"phone:+8613800000001", hashlib.sha256).digest()[:16]
print(("phone", "demo:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")))')"
expect found.facts "$(pick '[(p["role"], p["status"], p["closed_at"], p["same_tenant"], p["same_loan"]) for p in e["facts"]["parties"]]')" \
    "[('guarantor', 'overdue', None, True, True), ('borrower', 'closed', '2026-10-01T00:00:00.000Z', False, False)]"
expect found.number "$(pick '(e["facts"]["reassigned"], e["facts"]["reassigned_at"], e["facts"]["opted_out"])')" "('no', None, True)"
expect found.scopes "$(pick '[(s["kind"], s["id"], s["tenant_id"]) for s in e["scopes"]]')" \
    "[('campaign', 'c/1', 'acme'), ('vendor', 'v1', 'acme'), ('tenant', 'acme', 'acme')]"
expect found.hides_numbers "$(grep -c 13800000001 "$work/out" "$work/err" | paste -sd' ')" "$work/out:0 $work/err:0"

expect reassigned.status "$(event +8613800000002 tenant_id acme loan_id L7 | explain here)" 0
expect reassigned.verdict "$(pick '(e["verdict"], e["reasons"], e["facts"]["reassigned_at"])')" \
    "('misdirected', ['wrong_debt', 'reassigned_number'], '2026-11-01T00:00:00.000Z')"
expect stranger.status "$(event +8613900000001 tenant_id acme | explain here)" 0
expect stranger.verdict "$(pick '(e["verdict"], e["reasons"], e["facts"]["lookup"])')" "('misdirected', ['no_record'], 'miss')"
expect exempt.status "$(event +8613900000001 purpose otp | explain here)" 0
expect exempt.verdict "$(pick '(e["verdict"], e["reasons"], e["scopes"])')" \
    "('exempt', ['no_record'], [{'kind': 'tenant', 'id': 'default', 'tenant_id': 'default'}])"
expect invalid.status "$(event 12 | explain here)" 0
expect invalid.verdict "$(pick '(e["verdict"], e["reasons"], e["recipient"]["kind"])')" "('unknown', ['invalid_number'], 'invalid')"

# --- which rule decided ---------------------------------------------------------------------------------

{
    cat "$work/here.yaml"
    printf 'policy: {rules: [{match: {tenant: acme}, mode: monitor, message_hold: 2h, hold_people: 5},'
    printf ' {match: {tenant: acme, vendor: v1}, mode: enforce, reasons_off: [no_record]}]}\n'
} >"$work/rules.yaml"
expect rules.status "$(event +8613900000001 tenant_id acme vendor_id v1 | explain rules)" 0
expect rules.decided "$(pick '(e["verdict"], e["reasons"], e["mode"], sorted(e["rules"].items()))')" \
    "('clear', [], 'enforce', [('hold_people', 'policy.rules[0]'), ('message_hold', 'policy.rules[0]'), ('mode', 'policy.rules[1]'), ('reasons_off', 'policy.rules[1]')])"
expect rules.of_others "$(event +8613900000001 tenant_id bank-b | explain rules)" 0
expect rules.none "$(pick '(e["verdict"], e["mode"], e["rules"])')" "('misdirected', 'enforce', {})"

# --- what is no message ---------------------------------------------------------------------------------

expect dead.status "$(echo '{"message_id":"m"}' | explain here)" 65
expect dead.says_why "$(grep -c 'missing_field: recipient' "$work/err")" 1
expect dead.prints_nothing "$(wc -c <"$work/out")" 0
expect nothing.status "$(explain here </dev/null)" 65
expect nothing.says_why "$(grep -c empty "$work/err")" 1

# --- beside the replay --------------------------------------------------------------------------------------

event +8613800000002 tenant_id acme loan_id L7 >"$work/events"
"$build/wrongnumber-bench" replay -c "$work/here.yaml" --redis "unix:$work/redis.sock" --events "$work/events" --out "$work/run"
explain here <"$work/events" >/dev/null
expect agrees "$(pick '[e["verdict"], e["reasons"], e["recipient"]["pseudonym"], e["policy_version"]]')" \
    "$(python3 -c 'import json,sys; v=json.load(open(sys.argv[1])); print([v["verdict"], v["reasons"], v["recipient_pseudonym"], v["policy_version"]])' "$work/run/verdicts.ndjson")"
((failures == 0))
