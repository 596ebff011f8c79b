#!/usr/bin/env bash
# install.sh BUILD_DIR: makes the Debian package of this build, installs it in a bare Debian of this machine's release, runs what
# it brought, installs it a second time over a changed configuration, removes and purges it.
#
#   WN_BASE=FILE tests/package/install.sh BUILD_DIR     takes the bare Debian from a tarball instead of debootstrap
#
# Not part of tests/run: it wants root, debootstrap, Debian's archive and a few minutes. Nothing outside of a scratch folder is
# touched; processes that it starts end with it.
set -euo pipefail
export LC_ALL=C.UTF-8

build=$(cd "${1:?usage: install.sh BUILD_DIR}" && pwd)
((EUID == 0)) || {
    echo "this wants root"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/package-install.XXXXXX")
root=$work/root
mounted=()
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    local link at
    for link in /proc/[0-9]*/root; do
        if [[ $(readlink "$link" 2>/dev/null) == "$root" ]]; then
            kill -KILL "$(basename "$(dirname "$link")")" 2>/dev/null || true
        fi
    done
    for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do
        umount -l "${mounted[at]}" || true
    done
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
failures=0
pass() { echo "ok package.$1"; }
fail() {
    printf '  %s\nnot ok package.%s\n' "$2" "$1"
    failures=$((failures + 1))
}
# try NAME COMMAND...: in the root; the test passes when the command does.
try() {
    local name=$1
    shift
    if inside "$@" >"$work/log" 2>&1; then pass "$name"; else fail "$name" "exit status $?: $(tail -n 15 "$work/log")"; fi
}
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null
}

(cd "$build" && cpack -G DEB -B "$work/out") >"$work/log" 2>&1 || {
    tail -n 20 "$work/log"
    echo "not ok package.cpack"
    exit 1
}
mkdir "$root"
if [[ -n ${WN_BASE:-} ]]; then
    tar -C "$root" -xf "$WN_BASE"
else
    # shellcheck source=/dev/null
    suite=$(source /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase "$suite" "$root" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log"
        exit 69
    }
fi
mount -t proc proc "$root/proc" && mounted+=("$root/proc")
mount --bind /dev "$root/dev" && mounted+=("$root/dev")
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# How the archive is reached from here: a proxy, a certificate.
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp "$work"/out/wrongnumber_*.deb "$root/wrongnumber.deb"
inside apt-get -qq update >"$work/log" 2>&1 || {
    tail -n 5 "$work/log"
    echo "the archive does not answer"
    exit 69
}

try install apt-get -qq install -y --no-install-recommends /wrongnumber.deb
try files dpkg --verify wrongnumber
try version wrongnumber --version
try bench_version wrongnumber-bench --version
try check wrongnumber check -c /etc/wrongnumber/wrongnumber.yaml
try pages test -s /usr/share/man/man1/wrongnumber.1.gz
try services test -s /lib/systemd/system/wrongnumber.service -a -s /lib/systemd/system/wrongnumber-sync.service
try clients test -s /usr/share/wrongnumber/schemas/clients/sender.py
# shellcheck disable=SC2016 # for the shell in there
try keys bash -c '[[ $(stat -c %a:%U /etc/wrongnumber/keys) == 700:root ]]'
# shellcheck disable=SC2016 # for the shell in there
try completion bash -c 'source /usr/share/bash-completion/completions/wrongnumber &&
    COMP_WORDS=(wrongnumber ru) COMP_CWORD=1 && _wrongnumber && [[ ${COMPREPLY[*]} == run ]]'

# The processor against the sandbox; without Redis all it reads is unknown, and it lives. Each wait has a condition and an end.
# shellcheck disable=SC2016
try run bash -c '
    await() { local i; for ((i = 0; i < 300; i++)); do "$@" && return; sleep 0.1; done; cat /tmp/run.log; return 1; }
    wrongnumber-bench sandbox --bootstrap-file /tmp/bootstrap >/tmp/sandbox.log 2>&1 &
    sandbox=$!
    await test -s /tmp/bootstrap || exit 1
    wrongnumber run -c /etc/wrongnumber/wrongnumber.yaml -X bootstrap.servers="$(cat /tmp/bootstrap)" >/tmp/run.log 2>&1 &
    processor=$!
    await grep -qs "judge: partition [0-9]*: from" /tmp/run.log || exit 1
    await grep -qs "detect: tally partition [0-9]*: folding" /tmp/run.log || exit 1
    kill -TERM "$processor"
    wait "$processor"
    status=$?
    kill -TERM "$sandbox"
    wait "$sandbox"
    exit "$status"'

echo "# a person's line" >>"$root/etc/wrongnumber/wrongnumber.yaml"
echo secret >"$root/etc/wrongnumber/keys/pseudonym"
try again apt-get -qq install -y --reinstall --no-install-recommends /wrongnumber.deb
try conffile_kept grep -q "a person's line" /etc/wrongnumber/wrongnumber.yaml
try remove apt-get -qq remove -y wrongnumber
try removed bash -c '[[ ! -e /usr/bin/wrongnumber && -e /etc/wrongnumber/wrongnumber.yaml ]]'
try purge dpkg --purge wrongnumber
left=$(cd "$root" && find . -xdev -iname '*wrongnumber*' ! -path './wrongnumber.deb' ! -path './proc/*' ! -path './tmp/*' \
    ! -path './var/log/*' ! -path './etc/wrongnumber' | sort)
if [[ -z $left && -e $root/etc/wrongnumber/keys/pseudonym ]]; then
    pass purged
else
    fail purged "left behind: $left; keys: $(ls "$root/etc/wrongnumber/keys" 2>&1)"
fi
((failures == 0))
