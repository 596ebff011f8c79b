#!/usr/bin/env python3
"""score_generated.py LABELS_DIR RUN_DIR SCORE: what must hold of a scored day whose incidents are strong.

And the score's main figures once more, counted in the plainest way: a replay's frames are single messages, so a hold's
sequence is a line number. Exit status: 0 when all holds, 1 when not.
"""

import json
import pathlib
import sys

KINDS = ("campaign", "template", "sender", "vendor", "tenant")


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def count_again(day, run):
    """Per incident: misdirected messages until its first hold, and those that no hold stopped; good messages held."""
    labels = {row["message_id"]: row for row in lines(day / "labels.ndjson")}
    holds = {}
    for command in lines(run / "quarantine-commands.ndjson"):
        target = command["target"]
        if target["kind"] in KINDS and command["action"] == "hold":
            holds.setdefault((target["kind"], target["id"], target["tenant_id"]), command["sequence"])
    until, escaped, good_held, seen = {}, {}, 0, set()
    for row in lines(run / "verdicts.ndjson"):
        if row["message_id"] in seen:
            continue
        seen.add(row["message_id"])
        label = labels[row["message_id"]]
        tenant = row["tenant_id"] or "default"
        scopes = [(kind, tenant if kind == "tenant" else row[f"{kind}_id"], tenant) for kind in KINDS]
        held = any(holds.get(scope, 1 << 60) < row["source"]["offset"] for scope in scopes)
        good_held += held and label["expected"] == "clear"
        incident = label["incident"]
        if incident is not None and label["expected"] == "misdirected":
            stopped = until.setdefault(incident, [0, False])
            stopped[1] = stopped[1] or held
            stopped[0] += not stopped[1]
            escaped[incident] = escaped.get(incident, 0) + (not held)
    return until, escaped, good_held


def main(day, run, score_path):
    day, run = pathlib.Path(day), pathlib.Path(run)
    score = json.loads(pathlib.Path(score_path).read_text(encoding="utf-8"))
    wrong = []

    def expect(what, got, expected):
        if got != expected:
            wrong.append(f"{what} is {got}, not {expected}")

    def expect_within(what, got, low, high):
        if got is None or not low <= got <= high:
            wrong.append(f"{what} is {got}, not within {low} and {high}")

    expect("recall of the detectable", score["recall"]["detectable"], 1)
    expect("false quarantines", score["false_quarantines"]["count"], 0)
    expect("recall of misdirected messages", score["verdicts"]["recall"], 1)
    expect("precision of misdirected messages", score["verdicts"]["precision"], 1)
    expect("verdicts with other reasons", score["verdicts"]["reasons_differ"], 0)
    expect("holds without a place", score["holds"]["unplaced"], 0)
    expect("precision of quarantine", score["precision"]["quarantine"]["precision"], 1)
    until, escaped, good_held = count_again(day, run)
    expect("good messages held", score["over_block"]["good_held"], good_held)
    for incident in score["incidents"]:
        name = incident["id"]
        expect(f"escapes of {name}", incident["escaped_scope"], escaped.get(name, 0))
        if incident["misdirected_until_quarantine"] is None:
            continue
        expect(f"{name} until quarantine", incident["misdirected_until_quarantine"], until[name][0])
        expect(f"incident ids of {name}", incident["incident_ids"], 1)
        if incident["healthy"]:
            continue
        # The oracle sees no clump guard and no cold start; nobody beats it by much.
        expect_within(f"{name} against the oracle", incident["oracle"]["ratio"], 0.6, 4)
        expect_within(f"{name} against the bank", incident["misdirected_until_quarantine"], 2,
                      3 * incident["bank_guard_on"]["p95"])
    print("\n".join(wrong) if wrong else f"{len(score['incidents'])} incidents as expected")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
