#!/bin/sh
# Checks schemas/asyncapi.yaml, and the JSON Schemas it refers to, with the official parser of AsyncAPI. It comes from
# the npm registry into a folder of its own that is removed again. Exit status 77 where there is no npm.
set -eu

parser_version=3.6.3
schemas=$(cd "$(dirname "$0")/../../schemas" && pwd)

if ! command -v npm > /dev/null 2>&1 || ! command -v node > /dev/null 2>&1; then
    echo "skipped: npm missing"
    exit 77
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"private": true}' > "$folder/package.json"
if ! npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --loglevel=error \
    "@asyncapi/parser@$parser_version" > "$folder/npm.log" 2>&1; then
    cat "$folder/npm.log" >&2
    echo "asyncapi.sh: npm cannot install @asyncapi/parser $parser_version" >&2
    exit 1
fi

cat > "$folder/check.cjs" << 'END'
const { Parser, fromFile } = require('@asyncapi/parser');
const severities = ['error', 'warning', 'information', 'hint'];
// A newer AsyncAPI is no fault of ours; everything else that the parser warns of is.
const ignored = new Set(['asyncapi-latest-version']);

async function main(path) {
  const { document, diagnostics } = await fromFile(new Parser(), path).parse();
  let bad = document === undefined ? 1 : 0;
  for (const found of diagnostics) {
    const severity = severities[found.severity];
    if (severity === 'error' || (severity === 'warning' && !ignored.has(found.code))) {
      bad = 1;
    }
    const line = found.range.start.line + 1;
    console.log(`${found.source ?? path}:${line}: ${severity}: ${found.path.join('/')}: ${found.message}`);
  }
  if (bad === 0) {
    console.log(`asyncapi.yaml: ${document.channels().length} channels, ` +
      `${document.operations().length} operations, ${document.messages().length} messages`);
  }
  return bad;
}

main(process.argv[2]).then((bad) => process.exit(bad), (trouble) => {
  console.error(trouble);
  process.exit(1);
});
END
cd "$folder"
node check.cjs "$schemas/asyncapi.yaml"
