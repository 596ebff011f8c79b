#!/usr/bin/env python3
"""Checks JSON against schemas/*.schema.json with python3-jsonschema.

validate.py                          the schemas themselves and all of schemas/examples
validate.py --ndjson SCHEMA FILE...  each line of the files, SCHEMA such as verdict
validate.py --run DIR                what a replay left in DIR

Exit status: 0 all is as it must be, 1 something is not, 64 wrong use.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
EMITTED = {"verdict", "alert", "quarantine-command", "quarantine-state", "control-state", "dead-letter-line"}
GOOD_MIN, BAD_MIN = 3, 5
REPORTED_MAX = 10  # errors a file
CACHED_MAX = 200_000

RUN_FILES = {
    "verdicts.ndjson": "verdict",
    "alerts.ndjson": "alert",
    "quarantine-commands.ndjson": "quarantine-command",
    "dead-letter.ndjson": "dead-letter-line",
}
# {"key", "value"}, the value null for a tombstone
RUN_STATE_FILES = {"quarantine-state.ndjson": "quarantine-state", "control-state.ndjson": "control-state"}


def parse(text):
    """JSON as RFC 8259 has it: what json.loads lets pass beyond it is an error."""

    def unique(pairs):
        record = dict(pairs)
        if len(record) != len(pairs):
            raise ValueError("a key is there twice")
        return record

    def no_constant(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)


def inlined(node, definitions):
    """The schema without $ref, which are slow to follow and all local. None is recursive."""
    if isinstance(node, list):
        return [inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return inlined(definitions[node["$ref"].removeprefix("#/definitions/")], definitions)
    return {
        key: inlined(value, definitions)
        for key, value in node.items()
        if key not in ("definitions", "examples")
    }


def cached_properties():
    """The keyword `properties`, which remembers the plain values that were valid: ids, words and versions come back
    in every record, and the validator takes a millisecond for each record that it sees all of."""
    plain = jsonschema.Draft7Validator.VALIDATORS["properties"]
    valid = set()

    def properties(validator, schemas, instance, schema):
        if not validator.is_type(instance, "object"):
            return
        for name, subschema in schemas.items():
            value = instance.get(name)
            if name not in instance:
                continue
            scalar = value is None or isinstance(value, (str, int, float))
            mark = (id(subschema), type(value), value) if scalar else None
            if scalar and mark in valid:
                continue
            found = False
            for error in plain(validator, {name: subschema}, instance, schema):
                found = True
                yield error
            if scalar and not found and len(valid) < CACHED_MAX:
                valid.add(mark)

    return properties


def load_schema(name):
    return parse((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


def compile_schema(name):
    schema = load_schema(name)
    jsonschema.Draft7Validator.check_schema(schema)
    kind = jsonschema.validators.extend(
        jsonschema.Draft7Validator, {"properties": cached_properties()}
    )
    return kind(inlined(schema, schema.get("definitions", {})))


def explain(error):
    where = "/".join(str(step) for step in error.absolute_path)
    return f"/{where}: {error.message[:300]}"


def open_objects(node, path="#"):
    """Where a schema of ours would let unknown fields pass. Conditions (if, then, else, dependencies) only add to
    what stands elsewhere, so that they need not be closed."""
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from open_objects(item, f"{path}/{i}")
    elif isinstance(node, dict):
        if "properties" in node and node.get("additionalProperties") is not False:
            yield path
        for key, value in node.items():
            if key not in ("if", "then", "else", "dependencies", "examples", "allOf"):
                yield from open_objects(value, f"{path}/{key}")


def check_schema(name, complain):
    schema = load_schema(name)
    if not schema.get("$id", "").endswith(f"/{name}/v1"):
        complain(f"{name}: $id does not end in /{name}/v1")
    if not schema.get("description") or not schema.get("examples"):
        complain(f"{name}: no description or no examples")
    if name in EMITTED:
        for path in open_objects(schema):
            complain(f"{name}: {path} lets unknown fields pass")
    validator = compile_schema(name)
    for example in schema.get("examples", []):
        for error in validator.iter_errors(example):
            complain(f"{name}: its own example: {explain(error)}")
    return validator


def check_examples(name, validator, complain):
    counts = {}
    for kind, least in (("good", GOOD_MIN), ("bad", BAD_MIN)):
        files = sorted((SCHEMAS / "examples" / kind / name).glob("*.json"))
        counts[kind] = len(files)
        if len(files) < least:
            complain(f"{name}: {len(files)} {kind} examples, at least {least} are wanted")
        for path in files:
            errors = list(validator.iter_errors(parse(path.read_text("utf-8"))))
            label = path.relative_to(SCHEMAS)
            if kind == "good":
                for error in errors:
                    complain(f"{label}: {explain(error)}")
            elif not errors:
                complain(f"{label}: passes, and must not")
            elif len(errors) > 1:
                complain(f"{label}: is broken in more than one way")
                for error in errors:
                    complain(f"    {explain(error)}")
    return counts


def check_all(complain):
    names = sorted(p.name.removesuffix(".schema.json") for p in SCHEMAS.glob("*.schema.json"))
    for kind in ("good", "bad"):
        for folder in (SCHEMAS / "examples" / kind).iterdir():
            if folder.name not in names:
                complain(f"examples/{kind}/{folder.name}: there is no such schema")
    for name in EMITTED - set(names):
        complain(f"{name}.schema.json: is missing")
    good = bad = 0
    for name in names:
        counts = check_examples(name, check_schema(name, complain), complain)
        good += counts["good"]
        bad += counts["bad"]
    print(f"{len(names)} schemas, {good} good and {bad} bad examples")


def check_lines(name, path, complain, take=lambda record: record):
    validator = compile_schema(name)
    lines = bad = 0
    with open(path, "rb") as file:
        for line in file:
            lines += 1
            try:
                if not line.endswith(b"\n"):
                    raise ValueError("the last line has no end")
                record = take(parse(line.decode("utf-8")))
                errors = [] if record is None else [explain(e) for e in validator.iter_errors(record)]
            except (ValueError, KeyError, TypeError, RecursionError) as trouble:
                errors = [str(trouble)]
            if errors:
                bad += 1
                for error in errors if bad <= REPORTED_MAX else []:
                    complain(f"{path}:{lines}: {error}")
    if bad > REPORTED_MAX:
        complain(f"{path}: {bad} bad lines in all")
    print(f"{path}: {lines} lines of {name}, {bad} bad")


def state_value(line):
    if set(line) != {"key", "value"} or not isinstance(line["key"], str):
        raise ValueError("is not {key, value}")
    return line["value"]


def check_run(directory, complain):
    for file, name in RUN_FILES.items():
        path = pathlib.Path(directory) / file
        if path.is_file():
            check_lines(name, path, complain)
        else:
            complain(f"{path}: is missing")
    for file, name in RUN_STATE_FILES.items():
        path = pathlib.Path(directory) / file
        if path.is_file():
            check_lines(name, path, complain, state_value)


def main(argv):
    complaints = []

    def complain(text):
        complaints.append(text)
        print(text, file=sys.stderr)

    if not argv:
        check_all(complain)
    elif argv[0] == "--ndjson" and len(argv) >= 3:
        if not (SCHEMAS / f"{argv[1]}.schema.json").is_file():
            print(f"validate.py: there is no schema {argv[1]}", file=sys.stderr)
            return 64
        for path in argv[2:]:
            check_lines(argv[1], path, complain)
    elif argv[0] == "--run" and len(argv) == 2:
        check_run(argv[1], complain)
    else:
        print(__doc__, file=sys.stderr)
        return 64
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
