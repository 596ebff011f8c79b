#!/usr/bin/env python3
"""score.py BENCH FOLDER: `score` against figures that were counted by hand (score_story.py), and what it refuses.

Prints one `ok`/`not ok` line a case. Exit status: 0 when all hold, 1 when one does not.
"""

import json
import pathlib
import subprocess
import sys

import score_story

failures = 0


def check(name, holds, why=""):
    global failures
    failures += not holds
    print(f"ok score: {name}" if holds else f"not ok score: {name}: {why}")


def run_score(bench, folder):
    return subprocess.run(
        [bench, "score", "--labels", folder / "labels.ndjson", "--run", folder], capture_output=True, text=True,
        check=False)


def at(document, path):
    for key in path.split("/"):
        document = document[int(key) if isinstance(document, list) else key]
    return document


def compare(name, document, expected):
    wrong = []
    for path, value in expected.items():
        got = at(document, path)
        same = abs(got - value) <= 1e-5 * abs(value) if isinstance(value, float) and got is not None else got == value
        if not same:
            wrong.append(f"{path} is {got}, not {value}")
    check(name, not wrong, "; ".join(wrong))


# By hand; the story is told in score_story.py.
BY_HAND = {
    "class": "story",
    "recall/overall": 0.5,
    "recall/detectable": 0.5,
    "recall/incidents": 2,
    "recall/quarantined": 1,
    "precision/notice/raised": 4,
    "precision/quarantine/raised": 4,
    "precision/quarantine/planted": 3,
    "precision/quarantine/of_late_data": 1,
    "precision/quarantine/precision": 0.75,
    "precision/stop/precision": None,
    "false_quarantines/count": 1,
    # 100 - 39 of incidents - 6 good ones in batch's stretch
    "false_quarantines/healthy_messages": 55,
    "false_quarantines/per_1e8": 1e8 / 55,
    "false_quarantines/interval_per_1e8/0": 0.0253178 * 1e8 / 55,
    "false_quarantines/interval_per_1e8/1": 5.571643 * 1e8 / 55,
    "false_quarantines/scopes/0/scope/id": "good",
    "false_quarantines/scopes/0/line": 3,
    "negatives": [{"kind": "two_of_five", "planted": 1, "false_quarantines": 1, "false_alerts": 1}],
    "recall/alerted": 0.5,
    "unexplained": [{"scope": score_story.SCOPES["good"], "tier": "quarantine", "node": None, "cause": "wrong_list",
                     "line": 4}],
    "holds/scopes": 4,
    "holds/exact": 2,
    "holds/wider": 1,
    "holds/narrower": 0,
    "holds/of_late_data": 1,
    "holds/wrong_scope_rate": 1 / 3,
    "holds/messages": 1,
    "delay/misdirected/mean": 3,
    "escapes/misdirected": 34,
    "escapes/escaped_scope": 13,
    "escapes/framing_at_most": 0,
    "escapes/flagged": 33,
    "over_block/good": 60,
    # 35, 45, 55, 65, 75 of batch; 52 to 60 of good; 70 to 78 of good by its template
    "over_block/good_held": 15,
    "over_block/good_held_in_incidents": 5,
    # and 21 misdirected ones of batch, and row 94
    "over_block/held": 37,
    "change_point/error/mean": 1,
    "rate_interval/covered": 1,
    "alerts/incidents_raised": 1,
    "alerts/raised_as_one": 0,
    "alerts/records": 4,
    "cause/right_when_raised": 0,
    "cause/right_at_last": 1,
    # 13 + 0.05 * 15 + 2000; the oracle: batch at row 29 (4) and five good ones held, silent after 6
    "harm/cost": 2013.75,
    "harm/oracle": 10.25,
    "verdicts/recall": 39 / 40,
    "verdicts/precision": 39 / 40,
    "verdicts/confusion/misdirected/clear": 1,
    "verdicts/reasons_differ": 2,
    "incidents/0/p1": 0.8,
    "incidents/0/least_misdirected": 4,
    "incidents/0/misdirected_until_quarantine": 3,
    "incidents/0/misdirected_until_alert": 2,
    "incidents/0/relation": "exact",
    "incidents/0/oracle/same_messages": 4,
    "incidents/0/escaped_scope": 3,
    "incidents/0/good_held": 5,
    "incidents/0/incident_ids": 2,
    "incidents/1/misdirected_until_quarantine": None,
    # 0.0179 ^ -5 < 8e8: five in a row do not do
    "incidents/1/oracle/same_messages": 6,
    "incidents/1/escaped_scope": 10,
    "incidents/2/healthy": True,
    "incidents/2/misdirected_until_quarantine": 4,
    "classes/1/class": "leaked_list",
    "classes/1/recall/overall": 0,
}

# Ten messages a frame: batch is held after row 29, good from 60 to 69.
BY_FRAMES = {
    "frame_messages": 10,
    "holds/unplaced": 0,
    "incidents/0/misdirected_until_quarantine": 4,
    "incidents/0/framing_at_most": 3,
    "incidents/0/escaped_scope": 4,
    "over_block/good_held": 15,
    "false_quarantines/count": 1,
}


def by_hand(bench, folder):
    score_story.write(folder)
    done = run_score(bench, folder)
    if done.returncode != 0:
        check("the story", False, done.stderr.strip())
        return
    compare("by hand", json.loads(done.stdout), BY_HAND)
    check("the same bytes twice", done.stdout == run_score(bench, folder).stdout)
    (folder / "summary.json").unlink()
    without = json.loads(run_score(bench, folder).stdout)
    expected = {path: value for path, value in BY_HAND.items() if not path.startswith("frame")}
    compare("by time, where frames are not numbered", without, expected)
    score_story.write(folder, 10)
    compare("ten messages a frame", json.loads(run_score(bench, folder).stdout), BY_FRAMES)


def drills_apart(bench, folder):
    """A run in which a drill took place is scored as one without: its records are about nobody, and counted apart."""
    score_story.write(folder)
    without = json.loads(run_score(bench, folder).stdout)
    scope = {"kind": "campaign", "id": "drill-1", "tenant_id": "wn-drill"}
    verdict = {**score_story.verdict(50), "message_id": "drill-1-0", "tenant_id": "wn-drill", "campaign_id": "drill-1",
               "verdict": "misdirected"}
    alert = {**score_story.alert("opened", "quarantine", "batch", "a", 50, 50, "wrong_list", [0.1, 1]), "scope": scope,
             "incident_id": "f" * 32}
    command = {**score_story.command("hold", "batch", "a", 50, 50), "target": scope, "incident_id": "f" * 32}
    for name, record in (("verdicts", verdict), ("alerts", alert), ("quarantine-commands", command)):
        with open(folder / f"{name}.ndjson", "a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "drill": True}) + "\n")
    done = run_score(bench, folder)
    document = json.loads(done.stdout) if done.returncode == 0 else {"messages": {}}
    check("drills are counted apart", document["messages"].pop("drill_records", None) == 3, done.stderr.strip())
    check("drills change nothing else", without["messages"].pop("drill_records") == 0 and document == without)


def relations(bench, folder):
    """Holds of other scopes than the incidents': by another name, of a part, of everything."""
    score_story.write(folder)
    scopes = {
        "v2": {"kind": "vendor", "id": "v2", "tenant_id": "acme"},
        "x": {"kind": "campaign", "id": "x", "tenant_id": "acme"},
        "acme": {"kind": "tenant", "id": "acme", "tenant_id": "acme"},
    }
    score_story.SCOPES.update(scopes)
    score_story.write_lines(folder / "alerts.ndjson", [
        score_story.alert("opened", "quarantine", "v2", "a", 27, 21, "wrong_list", [0.1, 1]),
        score_story.alert("opened", "quarantine", "late", "c", 93, 90, "feed_lag", [0.1, 1]),
        # five messages of silent in it, four of late
        score_story.alert("opened", "quarantine", "acme", "e", 93, 85, "wrong_list", [0.1, 1]),
        score_story.alert("opened", "quarantine", "x", "d", 84, 80, "wrong_list", [0.1, 1]),
    ])
    score_story.write_lines(folder / "quarantine-commands.ndjson", [
        score_story.command("hold", "v2", "a", 27, 27),
        score_story.command("hold", "x", "d", 84, 84),
        score_story.command("hold", "acme", "e", 93, 93),
    ])
    compare("relations of scopes", json.loads(run_score(bench, folder).stdout), {
        "holds/exact": 0,
        "holds/equivalent": 1,
        "holds/narrower": 1,
        "holds/wider": 1,
        "holds/of_late_data": 0,
        "recall/quarantined": 2,
        "incidents/0/relation": "equivalent",
        "incidents/1/relation": "narrower",
        # 80 to 84, then the odd ones up to 89
        "incidents/1/misdirected_until_quarantine": 5,
        "incidents/1/escaped_scope": 8,
        "incidents/1/incident_ids": 2,
        "incidents/2/escaped_scope": 4,
        "incidents/2/incident_ids": 1,
    })


def false_start(bench, folder):
    """An alarm of the oracle's before the incident is no use to it: it starts anew.

    In nats, of a threshold of 17.1: rows 1 to 7 make it 20.3, an alarm; 9 and 11 make 10.2, four good ones take 6.4; 21
    and 23 make 13.9, a good one takes 1.6; 27 makes 17.4.
    """
    score_story.write(folder)
    labels = [score_story.label(row) for row in range(100)]
    for row in range(1, 12, 2):
        labels[row]["expected"] = "misdirected"
    score_story.write_lines(folder / "labels.ndjson", labels)
    compare("chance before an incident", json.loads(run_score(bench, folder).stdout), {
        "incidents/0/oracle/same_messages": 3,
        "incidents/0/misdirected": 24,
    })


def without_optional_members(bench, folder):
    """A generator that gives the pinned members and no more, on one line."""
    score_story.write(folder)
    pinned = {"id", "kind", "cause", "scope", "first_message_id", "last_message_id"}
    scenario = {
        "seed": 1,
        "incidents": [{k: v for k, v in one.items() if k in pinned} for one in score_story.SCENARIO["incidents"]],
    }
    (folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
    document = json.loads(run_score(bench, folder).stdout)
    compare("only pinned members", document, {"recall/quarantined": 1, "incidents/2/healthy": True})
    rate = document["incidents"][0]["p0"]
    check("a rate is estimated where none is given", 0.005 < rate < 0.05, rate)


def replace_line(path, number, text):
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def refuse(bench, folder, name, status, says, spoil):
    score_story.write(folder)
    spoil(folder)
    done = run_score(bench, folder)
    fine = done.returncode == status and says in done.stderr and done.stdout == ""
    check(f"refuses {name}", fine, f"status {done.returncode}: {done.stderr.strip()}")


def refusals(bench, folder):
    def line(file, number, text):
        return lambda folder: replace_line(folder / file, number, text)

    def changed(file, number, make, **members):
        return line(file, number, json.dumps({**make(number - 1), **members}))

    label, verdict = score_story.label, score_story.verdict
    cases = [
        ("a missing file", 66, "labels.ndjson: No such file", lambda f: (f / "labels.ndjson").unlink()),
        ("a missing scenario", 66, "scenario.json: No such file", lambda f: (f / "scenario.json").unlink()),
        ("a run without commands", 66, "quarantine-commands.ndjson: No such file",
         lambda f: (f / "quarantine-commands.ndjson").unlink()),
        ("a label that is no JSON", 65, "labels.ndjson:3: no JSON", line("labels.ndjson", 3, '{"message_id": "m2"')),
        ("a label that is no object", 65, "labels.ndjson:3: no JSON object", line("labels.ndjson", 3, "[1]")),
        ("a label without an id", 65, "labels.ndjson:3: message_id is missing",
         line("labels.ndjson", 3, '{"expected": "clear"}')),
        ("a label without a verdict", 65, "labels.ndjson:3: expected is missing",
         line("labels.ndjson", 3, '{"message_id": "m2"}')),
        ("an unknown verdict", 65, "labels.ndjson:3: expected is none of its words: fine",
         changed("labels.ndjson", 3, label, expected="fine")),
        ("an unknown reason", 65, "labels.ndjson:3: reasons has an unknown word",
         changed("labels.ndjson", 3, label, reasons=["because"])),
        ("two labels that contradict each other", 65, "labels.ndjson:4: message m2 has another label above",
         changed("labels.ndjson", 4, label, message_id="m2", expected="exempt")),
        ("a member given twice", 65, "labels.ndjson:3: a member is given twice",
         line("labels.ndjson", 3, '{"message_id":"m2","message_id":"m3","expected":"clear"}')),
        ("an incident that was not planted", 65, "labels.ndjson:3: incident other is not in the scenario",
         changed("labels.ndjson", 3, label, incident="other")),
        ("a scenario that is no JSON", 65, "scenario.json:2: no JSON",
         lambda f: (f / "scenario.json").write_text('{\n"incidents": nothing}')),
        ("a scenario without incidents", 65, "scenario.json:1: there is no array of incidents",
         lambda f: (f / "scenario.json").write_text('{"seed": 1}')),
        ("an incident without a scope", 65, "scenario.json:3: an incident has no scope",
         lambda f: (f / "scenario.json").write_text('{"incidents": [\n\n{"id": "batch", "kind": "x"}]}')),
        ("two incidents of one id", 65, "scenario.json:1: two incidents have the same id",
         lambda f: (f / "scenario.json").write_text(
             json.dumps({"incidents": [score_story.SCENARIO["incidents"][0]] * 2}))),
        ("a verdict without a word", 65, "verdicts.ndjson:7: verdict is missing",
         changed("verdicts.ndjson", 7, verdict, verdict=None)),
        ("a time that is none", 65, "verdicts.ndjson:7: occurred_at is no time",
         changed("verdicts.ndjson", 7, verdict, occurred_at="noon")),
        ("an unknown tier", 65, "alerts.ndjson:2: tier is none of its words",
         line("alerts.ndjson", 2, json.dumps({**score_story.ALERTS[1], "tier": "red"}))),
        ("an alert without a scope", 65, "alerts.ndjson:2: incident_id or scope is missing",
         line("alerts.ndjson", 2, json.dumps({**score_story.ALERTS[1], "scope": None}))),
        ("a command without a target", 65, "quarantine-commands.ndjson:2: target is missing",
         line("quarantine-commands.ndjson", 2, json.dumps({**score_story.commands(1)[1], "target": None}))),
        ("a run of other messages", 65, "verdicts.ndjson:1: no label is about any of these messages",
         lambda f: score_story.write_lines(f / "verdicts.ndjson", [{**verdict(1), "message_id": "z"}])),
        ("a run of no messages", 65, "verdicts.ndjson:1: there are no verdicts",
         lambda f: (f / "verdicts.ndjson").write_text("")),
    ]
    for case in cases:
        refuse(bench, folder, *case)


def main(bench, folder):
    folder = pathlib.Path(folder)
    by_hand(bench, folder / "story")
    drills_apart(bench, folder / "drills")
    relations(bench, folder / "relations")
    false_start(bench, folder / "false_start")
    without_optional_members(bench, folder / "pinned")
    refusals(bench, folder / "broken")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
