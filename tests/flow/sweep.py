#!/usr/bin/env python3
"""sweep.py BENCH DAY FOLDER: each row of a sweep equals a replay with such a configuration file, scored.

Exit status: 0 when all do, 1 when one does not.
"""

import json
import pathlib
import subprocess
import sys

BUDGETS = ("1e6", "2e8")
RATES = (0.002, 0.02)
GUARDS = ("on", "off")
# Beside the detector's settings the second one judges otherwise: fewer reasons count.
POLICIES = {"plain.yaml": "", "mild.yaml": "policy:\n  closed_grace: 30d\n"}


def bench(*arguments):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{arguments[1]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def brute_force(program, day, folder, policy, budget, rate, guard):
    config = folder / "one.yaml"
    config.write_text(
        f"{policy}detector:\n  budget: {budget}\n  prior_rate: {rate * 100:g}%\n  clump_guard: {guard}\n", encoding="utf-8")
    run = folder / "run"
    bench(program, "replay", "--events", day / "events.ndjson", "--relationships", day / "relationships.ndjson",
          "-c", config, "--out", run)
    score = json.loads(bench(program, "score", "--labels", day / "labels.ndjson", "--run", run))
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    delay = score["delay"]["misdirected"]
    return {
        "policy_version": summary["policy_version"],
        "messages": summary["messages"],
        "alerts": summary["alerts"],
        "holds": score["holds"]["scopes"],
        "messages_held": score["over_block"]["held"],
        "false_quarantines": score["false_quarantines"]["count"],
        "healthy_messages": score["false_quarantines"]["healthy_messages"],
        "planted": score["recall"]["incidents"],
        "quarantined": score["recall"]["quarantined"],
        "escaped_scope": score["escapes"]["escaped_scope"],
        "good_held": score["over_block"]["good_held"],
        "until": delay and round(delay["mean"], 4),
    }


def main(program, day, folder):
    day, folder = pathlib.Path(day), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in POLICIES.items():
        (folder / name).write_text(text or "{}\n", encoding="utf-8")
    rows = json.loads(bench(
        program, "sweep", "--events", day / "events.ndjson", "--relationships", day / "relationships.ndjson",
        "--labels", day / "labels.ndjson", "-c", folder / "plain.yaml", "-c", folder / "mild.yaml",
        "--budgets", ",".join(BUDGETS), "--prior-rates", ",".join(map(str, RATES)), "--guards", ",".join(GUARDS)))
    wrong = []
    if len(rows) != len(BUDGETS) * len(RATES) * len(GUARDS) * len(POLICIES):
        wrong.append(f"{len(rows)} rows")
    for row in rows:
        setting = row["setting"]
        policy = POLICIES[pathlib.Path(setting["config"]).name]
        guard = "true" if setting["clump_guard"] else "false"
        expected = brute_force(program, day, folder, policy, setting["budget"], setting["prior_rate"], guard)
        mean = row["mean_misdirected_until_quarantine"]
        got = {**row, "policy_version": setting["policy_version"], "until": mean and round(mean, 4)}
        wrong += [f"{setting}: {key} is {got[key]}, not {value}" for key, value in expected.items() if got[key] != value]
    if len({json.dumps({**row, "setting": None}) for row in rows}) < len(rows) / 2:
        wrong.append("most rows are alike: the settings made no difference")
    print("\n".join(wrong) if wrong else f"{len(rows)} rows as expected")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
