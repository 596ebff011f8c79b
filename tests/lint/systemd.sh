#!/usr/bin/env bash
# systemd.sh BUILD_DIR: the units have no finding of systemd-analyze, are exposed no more than 2.0 of 10, and may do the same. The
# processor's times go with the program's: it is given longer to end than a drain takes by default, and the keys that it loads
# are where the package puts their folder. Runs no service.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: systemd.sh BUILD_DIR}" && pwd)
unit=$root/deploy/systemd/wrongnumber.service
command -v systemd-analyze >/dev/null || {
    echo "there is no systemd-analyze"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/systemd-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
pass() { echo "ok lint.systemd.$1"; }
fail() {
    printf '  %s\nnot ok lint.systemd.%s\n' "$2" "$1"
    failures=$((failures + 1))
}
value_of() { sed -n "s/^$1=//p" "$unit"; }

# It wants to find the program and the pages that the unit names; the program is put in its place here, and the pages where
# `man` looks.
"$root/deploy/pages/make" "$build" "$work/man"
mkdir -p "$work/man/man1" "$work/man/man5"
cp "$work/man/wrongnumber.1" "$work/man/man1/"
cp "$work/man/wrongnumber.yaml.5" "$work/man/man5/"
for name in wrongnumber wrongnumber-sync; do
    file=$root/deploy/systemd/$name.service
    sed "s|^ExecStart=/usr/bin/wrongnumber |ExecStart=$build/wrongnumber |" "$file" >"$work/$name.service"
    if command -v man >/dev/null; then
        found=$(MANPATH=$work/man systemd-analyze verify "$work/$name.service" 2>&1) || found+=" exit status $?"
    else
        found=$(systemd-analyze verify --man=no "$work/$name.service" 2>&1) || found+=" exit status $?"
    fi
    if [[ -z $found ]]; then pass "verify.$name"; else fail "verify.$name" "$found"; fi
    if found=$(systemd-analyze security --no-pager --offline=true --threshold=20 "$file" 2>&1); then
        pass "security.$name ($(grep -o 'exposure level.*' <<<"$found" | grep -oE '[0-9]+\.[0-9]+'))"
    else
        fail "security.$name" "$(grep -E '^✗|exposure level' <<<"$found")"
    fi
done

# What both may do and whose keys they load is one; sync has no place of its own on disk.
may_do() { sed -n '/^LoadCredential=/,/^\[Install\]/{/StateDirectory\|WorkingDirectory/d;p}' "$root/deploy/systemd/$1.service"; }
if found=$(diff <(may_do wrongnumber) <(may_do wrongnumber-sync)); then pass alike; else fail alike "$found"; fi

drain=$("$build/wrongnumber" check --describe | sed -nE '/^drain$/{n;s/.*default ([0-9]+)s:.*/\1/p}')
if [[ -n $drain ]] && (($(value_of TimeoutStopSec) > drain + 5)); then
    pass drain
else
    fail drain "TimeoutStopSec=$(value_of TimeoutStopSec) for a drain of ${drain:-unknown}"
fi

# What README tells to write into the configuration is the file of that folder by the name that it has as a credential, and
# without the service, which sets WN_KEYS, the file itself.
mkdir "$work/credentials"
printf '%064d' 7 >"$work/credentials/keys_pseudonym"
environment=$(value_of Environment)
printf 'pseudonym:\n  %s\n' "$(sed -nE 's/.*# (key_file: ".*")$/\1/p' "$root/README.md")" >"$work/c.yaml"
if [[ $(value_of LoadCredential) == keys:/etc/wrongnumber/keys ]] &&
    found=$(env "${environment/\%d/$work/credentials}" "$build/wrongnumber" check -c "$work/c.yaml" 2>&1) &&
    found=$(env -u WN_KEYS "$build/wrongnumber" check -c "$work/c.yaml" --print 2>&1 || true) &&
    [[ $found == */etc/wrongnumber/keys/pseudonym* ]]; then
    pass credentials
else
    fail credentials "$(value_of LoadCredential) $environment: $found"
fi
((failures == 0))
