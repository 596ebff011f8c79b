#!/usr/bin/env bash
# package.sh BUILD_DIR: the Debian package of this build has everything that it should have, where it should be; lintian has
# nothing to say of it but what stands below with its reason; its programs run from where they are unpacked; and its bill of
# materials is SPDX 2.3 and tells of every library. Installs nothing: tests/package/install.sh does, in a bare Debian.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: package.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/package-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
pass() { echo "ok lint.package.$1"; }
fail() {
    printf '  %s\nnot ok lint.package.%s\n' "$2" "$1"
    failures=$((failures + 1))
}
# expect NAME TEXT: the test passes when there is nothing to tell.
expect() { if [[ -z $2 ]]; then pass "$1"; else fail "$1" "$2"; fi; }

[[ -f $build/package/copyright ]] || {
    echo "this build makes no package: it has a sanitizer"
    exit 77
}
# Into a folder of its own, so that two runs do not meet. Everything is built already.
(cd "$build" && cpack -G DEB -B "$work/out") >"$work/cpack.log" 2>&1 || {
    tail -n 20 "$work/cpack.log"
    echo "not ok lint.package.cpack"
    exit 1
}
package=$(find "$work/out" -maxdepth 1 -name 'wrongnumber_*.deb')
mkdir "$work/tree"
dpkg-deb -x "$package" "$work/tree"
dpkg-deb -e "$package" "$work/control"

# What has to be there; deploy's folders where they exist.
wanted=(usr/bin/wrongnumber usr/bin/wrongnumber-bench etc/wrongnumber/wrongnumber.yaml etc/wrongnumber/keys
    usr/lib/systemd/system/wrongnumber.service usr/lib/systemd/system/wrongnumber-sync.service usr/share/man/man1/wrongnumber.1.gz usr/share/man/man1/wrongnumber-bench.1.gz
    usr/share/man/man5/wrongnumber.yaml.5.gz usr/share/bash-completion/completions/wrongnumber
    usr/share/bash-completion/completions/wrongnumber-bench usr/share/doc/wrongnumber/copyright
    usr/share/doc/wrongnumber/changelog.gz usr/share/doc/wrongnumber/wrongnumber.spdx.json
    usr/share/doc/wrongnumber/redis-keys.md usr/share/doc/wrongnumber/integration.md
    usr/share/doc/wrongnumber/README.zh-CN.md usr/share/wrongnumber/schemas/clients/sender.py
    usr/share/wrongnumber/schemas/asyncapi.yaml usr/share/wrongnumber/acl/redis.acl)
for folder in prometheus grafana; do
    [[ ! -d $root/deploy/$folder ]] || wanted+=("usr/share/wrongnumber/$folder")
done
[[ ! -f $root/deploy/RUNBOOK.md ]] || wanted+=(usr/share/doc/wrongnumber/RUNBOOK.md)
expect contents "$(for path in "${wanted[@]}"; do [[ -e $work/tree/$path ]] || echo "missing: $path"; done)"
expect nowhere_else "$(cd "$work/tree" && find . -mindepth 1 -type f ! -path './usr/*' ! -path './etc/wrongnumber/*')"
expect conffile "$(echo /etc/wrongnumber/wrongnumber.yaml | diff - "$work/control/conffiles")"
depends=$(sed -n 's/^Depends: //p' "$work/control/control")
expect depends "$(for library in 'librdkafka1 (>= 2.0)' libhiredis libcjson1 libfyaml0 libssl3 libprotobuf-c1 libphonenumber8 tzdata; do
    [[ $depends == *"$library"* ]] || echo "Depends lacks $library: $depends"
done)"

# hardening-no-fortify-functions: the library is built without _FORTIFY_SOURCE; its own bounds are checked under ASan.
# package-supports-alternative-init-but-no-init.d-script: without systemd the processor runs under what runs there.
# binary-has-unneeded-section: of a build with debug information.
if command -v lintian >/dev/null; then
    # By what it prints: --suppress-tags fails on a tag that another release's lintian does not know.
    expect lintian "$(lintian --allow-root --pedantic --display-info --tag-display-limit 0 "$package" 2>&1 |
        grep -vE ': (hardening-no-fortify-functions|package-supports-alternative-init-but-no-init\.d-script)( |$)')"
else
    echo "skip lint.package.lintian (there is no lintian)"
fi

expect run "$({
    [[ $("$work/tree/usr/bin/wrongnumber" --version | head -n 1) == "wrongnumber "* ]] &&
        [[ $("$work/tree/usr/bin/wrongnumber-bench" --version | head -n 1) == "wrongnumber-bench "* ]] &&
        "$work/tree/usr/bin/wrongnumber" check -c "$work/tree/etc/wrongnumber/wrongnumber.yaml" | grep -q ': good$'
} 2>"$work/err" || cat "$work/err" - <<<"exit status $?")"

# --- the bill of materials ---------------------------------------------------------------------------------------------
expect spdx "$(python3 - "$work/tree/usr/share/doc/wrongnumber/wrongnumber.spdx.json" "$build" <<'END' 2>&1
import hashlib, json, re, subprocess, sys

path, build = sys.argv[1:]
document = json.load(open(path))
wrong = []

def need(condition, text):
    if not condition:
        wrong.append(text)

# The rules of SPDX 2.3 (clauses 6, 7, 8, 11) that concern what is used here.
need(document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0", "version or licence of the document")
need(document["SPDXID"] == "SPDXRef-DOCUMENT" and document["name"], "id or name of the document")
need(re.fullmatch(r"https://[^\s#]+", document["documentNamespace"]), "namespace")
need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"]), "created")
need(all(re.match("(Tool|Person|Organization): .", one) for one in document["creationInfo"]["creators"]), "creators")
elements = document["packages"] + document["files"]
ids = [one["SPDXID"] for one in elements]
need(len(ids) == len(set(ids)), "an id is there twice")
need(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids), "an id has other characters")
for one in document["packages"]:
    need(one["name"] and one["versionInfo"] and one["downloadLocation"] == "NOASSERTION", f"package {one['name']}")
    need(one["filesAnalyzed"] is False, f"package {one['name']}: files")
    for ref in one.get("externalRefs", []):
        need(ref["referenceCategory"] == "PACKAGE-MANAGER" and ref["referenceType"] == "purl", f"reference of {one['name']}")
        need(re.fullmatch(r"pkg:deb/debian/[a-z0-9.%B-]+@[A-Za-z0-9.%~-]+\?arch=[a-z0-9]+", ref["referenceLocator"]), ref["referenceLocator"])
for one in document["files"]:
    with open(f"{build}/{one['fileName']}", "rb") as program:
        content = program.read()
    sums = {row["algorithm"]: row["checksumValue"] for row in one["checksums"]}
    need(sums["SHA1"] == hashlib.sha1(content).hexdigest(), f"SHA1 of {one['fileName']}")
    need(sums["SHA256"] == hashlib.sha256(content).hexdigest(), f"SHA256 of {one['fileName']}")
known = set(ids) | {"SPDXRef-DOCUMENT"}
for row in document["relationships"]:
    need(row["spdxElementId"] in known and row["relatedSpdxElement"] in known, f"relation of {row}")
related = {row["relatedSpdxElement"] for row in document["relationships"]}
need(set(ids) <= related, f"not related: {set(ids) - related}")
need(set(document["documentDescribes"]) <= set(ids), "describes")
# Every library that the programs are linked with directly belongs to a package that is told of.
listed = {one["name"] for one in document["packages"]}
programs = [f"{build}/{name}" for name in ("wrongnumber", "wrongnumber-bench")]
dynamic = subprocess.run(["objdump", "-p", *programs], capture_output=True, text=True, check=True).stdout
sonames = set(re.findall(r"NEEDED\s+(\S+)", dynamic))
rows = subprocess.run(["dpkg-query", "-S", *(f"*/{one}" for one in sonames)], capture_output=True, text=True).stdout.splitlines()
told = {row.rsplit("/", 1)[1] for row in rows if row.split(":")[0] in listed}
need(sonames and sonames <= told, f"not told of: {sonames - told}")
print("\n".join(wrong), end="")
END
)"
((failures == 0))
