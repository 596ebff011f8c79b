#!/usr/bin/env python3
"""Measures the classifier of likely causes on days from incidents.py: planted cause against the cause that alerts name.

Each day is replayed by `wrongnumber-bench replay`, with its registered vendors in the configuration. An incident is
detected when an alert of tier `alert` or higher names, after its first wrong message, a scope that its messages share.
What counts is the cause in the last alert of the highest tier that was reached; the cause in the first such alert is
counted beside it. Verdicts are compared with what the design says of each message.

    confusion.py --bench BUILD/wrongnumber-bench --seed 1 --days 40 --work DIR [--misses FILE] [--results RESULTS.md]
"""

import argparse
import collections
import concurrent.futures
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess

import incidents as generator

TIERS = {"none": 0, "notice": 1, "alert": 2, "quarantine": 3, "stop": 4}
SPEAKING = ("incident.opened", "incident.escalated", "incident.updated")
HEADING = "## Likely cause, measured on an independent generator"
SHORT = {"wrong_list": "list", "closed_loans": "closed", "shifted_column": "column", "number_walking": "walk",
         "feed_lag": "feed", "recycled_numbers": "recycled", "unregistered_vendor": "vendor", "leaked_list": "leak",
         "broad_rule": "rule"}


def read_lines(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def milliseconds(time):
    if isinstance(time, int):
        return time
    return round(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)


def compare_verdicts(labels, verdicts):
    """The messages on which the processor and the design's rules, read by us, do not agree."""
    said = {verdict["message_id"]: verdict for verdict in verdicts}
    for label in labels:
        verdict = said.get(label["message_id"])
        if verdict is None or (verdict["verdict"], verdict["reasons"]) != (label["expected"], label["reasons"]):
            yield {"message_id": label["message_id"], "expected": [label["expected"], label["reasons"]],
                   "said": verdict and [verdict["verdict"], verdict["reasons"]]}


def scopes_of(events):
    return {(kind, event[kind + "_id"]) for event in events
            for kind in ("campaign", "template", "sender", "vendor", "tenant")}


def concerns(alert, tenant_id, scopes, first_ms):
    scope = alert["scope"]
    return (alert["type"] in SPEAKING and scope["tenant_id"] == tenant_id and (scope["kind"], scope["id"]) in scopes
            and milliseconds(alert["occurred_at"]) >= first_ms)


def told(alert):
    """What of an alert is needed to understand the cause that it names."""
    evidence = alert["evidence"]
    return {"occurred_at": alert["occurred_at"], "type": alert["type"], "tier": alert["tier"], "scope": alert["scope"],
            "stream": evidence.get("stream"), "judged": evidence["judged"], "misdirected": evidence["misdirected"],
            "reasons": {name: count for name, count in alert["reasons"].items() if count},
            "cause": alert["cause"], "contributors": alert["contributors"], "incident_id": alert["incident_id"]}


def measure_incident(incident, planted, labels, alerts, seed):
    """One row: the planted incident, and what was said of it."""
    reasons = collections.Counter("+".join(labels[event["message_id"]]["reasons"]) or "clear" for event in planted)
    heard = [alert for alert in alerts
             if concerns(alert, incident["scope"]["tenant_id"], scopes_of(planted),
                         milliseconds(planted[0]["occurred_at"]))]
    loud = [alert for alert in heard if TIERS[alert["tier"]] >= TIERS["alert"]]
    row = {"seed": seed, **incident, "planted_reasons": dict(reasons.most_common()),
           "scopes": sorted(scopes_of(planted)), "alerts": [told(alert) for alert in heard],
           "detected": bool(loud), "said": None, "said_first": None}
    if loud:
        highest = max(TIERS[alert["tier"]] for alert in loud)
        last = [alert for alert in loud if TIERS[alert["tier"]] == highest][-1]
        row["said"] = last["cause"]["likely"]
        row["first_two"] = [ranked["cause"] for ranked in last["cause"]["ranked"][:2]]
        row["rested_on"] = last["evidence"]["misdirected"]
        row["said_first"] = loud[0]["cause"]["likely"]
    return row


def measure_day(bench, seed, work, keep, cold):
    """Generates, replays and compares one day."""
    day = work / f"day-{seed}"
    generator.generate(seed, day, cold)
    subprocess.run([bench, "replay", "--events", day / "events.ndjson", "--relationships", day / "relationships.ndjson",
                    "-c", day / "config.yaml", "--out", day / "run"], check=True, stdout=subprocess.DEVNULL)
    labels = read_lines(day / "labels.ndjson")
    alerts = read_lines(day / "run" / "alerts.ndjson")
    differences = list(compare_verdicts(labels, read_lines(day / "run" / "verdicts.ndjson")))
    by_id = {label["message_id"]: label for label in labels}
    planted, events = collections.defaultdict(list), {}
    for event in read_lines(day / "events.ndjson"):
        events[event["message_id"]] = event
        if by_id[event["message_id"]]["incident"]:
            planted[by_id[event["message_id"]]["incident"]].append(event)
    scenario = json.loads((day / "scenario.json").read_text())
    rows = [measure_incident(incident, planted[incident["id"]], by_id, alerts, seed)
            for incident in scenario["incidents"] if planted[incident["id"]]]
    ours = {alert["incident_id"] for row in rows for alert in row["alerts"]}
    unexplained = [{"seed": seed, **told(alert)} for alert in alerts
                   if alert["type"] in SPEAKING and TIERS[alert["tier"]] >= TIERS["alert"]
                   and alert["incident_id"] not in ours]
    for difference in differences:
        difference["seed"] = seed
        difference["event"] = events[difference["message_id"]]
    if not keep:
        shutil.rmtree(day)
    return {"rows": rows, "differences": differences, "messages": len(labels), "unexplained": unexplained}


def matrix_lines(rows, key):
    """Planted causes down, named causes across; then how many were detected, the share that is right, the missed."""
    names = list(generator.CAUSES)
    said = sorted({row[key] for row in rows if row["detected"]} - set(names))
    lines = ["| planted \\ named | " + " | ".join(SHORT.get(name, name) for name in names + said)
             + " | detected | right | not detected |",
             "|--|" + "--:|" * (len(names + said) + 3)]
    for cause in names + ["all"]:
        mine = [row for row in rows if cause in (row["cause"], "all")]
        detected = [row for row in mine if row["detected"]]
        counts = collections.Counter(row[key] for row in detected)
        right = sum(row[key] == row["cause"] for row in detected)
        cells = [str(counts[name] or "·") for name in names + said]
        share = f"{100 * right / len(detected):.1f} %" if detected else "–"
        cells = [cause] + cells + [str(len(detected)), share, str(len(mine) - len(detected))]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def variant_lines(rows):
    lines = ["| cause | variant | knowable | detected | right | at the first alert | named instead |",
             "|--|--|--|--:|--:|--:|--|"]
    groups = collections.OrderedDict()
    for row in sorted(rows, key=lambda row: (generator.CAUSES.index(row["cause"]), row["variant"])):
        groups.setdefault((row["cause"], row["variant"]), []).append(row)
    for (cause, name), group in groups.items():
        detected = [row for row in group if row["detected"]]
        wrong = collections.Counter(row["said"] for row in detected if row["said"] != cause)
        cells = [cause, name, "no" if group[0]["unknowable"] else "yes", f"{len(detected)} of {len(group)}",
                 str(sum(row["said"] == cause for row in detected)),
                 str(sum(row["said_first"] == cause for row in detected)),
                 ", ".join(f"{count} {said}" for said, count in wrong.most_common())]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def share_right(rows, key="said"):
    detected = [row for row in rows if row["detected"]]
    right = sum(row[key] == row["cause"] for row in detected)
    return f"{right} of {len(detected)} ({100 * right / max(1, len(detected)):.1f} %)"


def named_second_at_worst(rows):
    detected = [row for row in rows if row["detected"]]
    return f"{100 * sum(row['cause'] in row['first_two'] for row in detected) / max(1, len(detected)):.1f} %"


def report(rows, messages, differences, arguments):
    knowable = [row for row in rows if not row["unknowable"]]
    return "\n".join([
        HEADING, "",
        f"{len(rows)} incidents on {arguments.days} days, {messages:,} messages; seeds {arguments.seed} to "
        f"{arguments.seed + arguments.days - 1}; {arguments.date}. Command, in `bench/independent`:", "",
        f"    ./confusion.py --bench BUILD/wrongnumber-bench --seed {arguments.seed} --days {arguments.days} --work DIR"
        + (" --cold" if arguments.cold else ""), "",
        "The generator is written from the domain by someone who has not read the classifier.",
        "Planted cause named first:", "",
        f"- in the last alert of the highest tier: **{share_right(rows)}** of the detected incidents;",
        f"- without the variants that messages cannot tell apart (marked before anything was measured): "
        f"**{share_right(knowable)}**;",
        f"- in the first alert of tier `alert` or higher: {share_right(rows, 'said_first')}; without those variants "
        f"{share_right(knowable, 'said_first')};",
        f"- first or second in the last alert: {named_second_at_worst(rows)}; without those variants "
        f"{named_second_at_worst(knowable)}.", "",
        f"Half of those alerts rest on {statistics.median(row['rested_on'] for row in rows if row['detected']):.0f} "
        f"misdirected messages or fewer.", "",
        *matrix_lines(rows, "said"), "",
        "Only variants that can be known from the messages:", "",
        *matrix_lines(knowable, "said"), "",
        *variant_lines(rows), "",
        f"Verdicts and reasons differ from the design's rules, read independently, on {len(differences):,} of "
        f"{messages:,} messages.", ""])


def put_section(path, section):
    """Replaces the section of that heading, or appends it; keeps the remarks in it, which begin at its first `### `."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    before, found, rest = text.partition(HEADING)
    remarks, after = "", ""
    if found:
        body, next_heading, tail = rest.partition("\n## ")
        after = next_heading.lstrip("\n") + tail
        _, remark_heading, remark = body.partition("\n### ")
        remarks = remark_heading.lstrip("\n") + remark
    parts = [before.rstrip("\n") + "\n", section]
    if remarks:
        parts.append(remarks.rstrip("\n") + "\n")
    if after:
        parts.append(after)
    path.write_text("\n".join(parts), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="the program wrongnumber-bench")
    parser.add_argument("--seed", type=int, default=1, help="of the first day")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="keep the files of all days")
    parser.add_argument("--cold", action="store_true", help="days without the early batches, see incidents.py")
    parser.add_argument("--misses", type=pathlib.Path, help="write misnamed and missed incidents here")
    parser.add_argument("--results", type=pathlib.Path, help="put the section into this file")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    arguments = parser.parse_args()

    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        waiting = [pool.submit(measure_day, arguments.bench, seed, arguments.work, arguments.keep, arguments.cold)
                   for seed in range(arguments.seed, arguments.seed + arguments.days)]
        days = [day.result() for day in waiting]
    rows = [row for day in days for row in day["rows"]]
    differences = [difference for day in days for difference in day["differences"]]
    section = report(rows, sum(day["messages"] for day in days), differences, arguments)
    print(section)
    for name, records in (("rows", rows), ("differences", differences),
                          ("unexplained", [alert for day in days for alert in day["unexplained"]])):
        generator.write_lines(arguments.work / f"{name}.ndjson", records)
    if arguments.misses:
        generator.write_lines(arguments.misses, [row for row in rows if row["said"] != row["cause"]])
    if arguments.results:
        put_section(arguments.results, section)


if __name__ == "__main__":
    main()
