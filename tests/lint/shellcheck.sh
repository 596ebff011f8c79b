#!/usr/bin/env bash
# Every shell script of the tree is clean under shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command -v shellcheck >/dev/null || {
    echo "there is no shellcheck"
    exit 77
}
files=()
while IFS= read -r file; do
    if [[ -f $file ]] && head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b'; then
        files+=("$file")
    fi
done < <(git ls-files --cached --others --exclude-standard 2>/dev/null ||
    find . -path ./build -prune -o -type f -printf '%P\n')
shellcheck -x "${files[@]}"
printf 'ok shellcheck (%d scripts)\n' "${#files[@]}"
