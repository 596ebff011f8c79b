#!/usr/bin/env python3
"""measure.py --build DIR --form FORM --out FILE PART...: measures parts, one after the other, and puts what came of
each into the JSON of FILE, which keeps what it has of others. bench/scale/run calls it; see there."""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import subprocess
import sys
import time

from stand import ROOT, Failed, Stand, load_average

PARTS = ["stages", "numbers", "scopes", "goals", "partitions", "processes", "cluster", "lag", "long", "streams"]


def read_lines(path):
    return pathlib.Path(path).read_text("utf-8", "replace").splitlines()


def commit():
    """Which one was built; empty where that cannot be known, as in a folder that is no checkout."""
    try:
        words = ["git", "-C", ROOT, "describe", "--always", "--dirty"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:  # no git
        return ""


def machine(stand):
    """What all figures rest on."""
    cpu = next(line.split(":", 1)[1].strip() for line in read_lines("/proc/cpuinfo") if line.startswith("model name"))
    memory = int(next(line.split()[1] for line in read_lines("/proc/meminfo") if line.startswith("MemTotal")))
    system = next(line.split("=", 1)[1].strip('"') for line in read_lines("/etc/os-release") if line.startswith("PRETTY"))
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 1048576, 1),
        "system": system,
        "kernel": os.uname().release,
        "redis": stand.call("redis-server", "--version").split()[2].removeprefix("v="),
        "wrongnumber": stand.call(stand.processor, "--version").splitlines()[0],
        "commit": commit(),
    }


def compact(value, depth):
    """JSON with a line for each member down to rows: short enough to be read, and to be compared by diff."""
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, list):
        if not isinstance(value[0], (dict, list)):
            return json.dumps(value)
        lines = [compact(each, 0) for each in value]
    else:
        lines = [f"{json.dumps(name)}: {compact(each, depth - 1)}" for name, each in sorted(value.items())]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return opening + "\n" + ",\n".join(lines) + "\n" + closing


def put(out, name, told, head):
    results = json.loads(out.read_text("utf-8")) if out.exists() else {"format": 1, "parts": {}}
    results["machine"] = head
    results["parts"][name] = told
    part = out.with_suffix(".part")
    part.write_text(compact(results, 4) + "\n", "utf-8")
    part.replace(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--form", choices=["smoke", "quick", "whole"], required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--broker", choices=["auto", "kafka", "sandbox"], default="auto")
    parser.add_argument("--minutes", type=int)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    args = parser.parse_args()
    failures = 0
    for name in args.parts:
        module = importlib.import_module("part_live" if name in ("goals", "partitions", "processes", "cluster") else f"part_{name}")
        print(f"{name}: begun at a load of {load_average()}", file=sys.stderr)
        begun = time.monotonic()
        load_before = load_average()
        try:
            with Stand(args.build, args.broker, args.keep) as stand:
                stand.minutes = args.minutes
                measure = getattr(module, name, None) or module.run
                told = measure(stand, args.form)
                head = machine(stand)
        except Failed as why:
            print(f"{name}: {why}", file=sys.stderr)
            failures += 1
            continue
        told["form"] = args.form
        told["at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        told["commit"] = head["commit"]
        told["load_average_before"] = load_before
        told["seconds"] = round(time.monotonic() - begun)
        put(args.out, name, told, head)
        print(f"{name}: {told['seconds']} s", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
