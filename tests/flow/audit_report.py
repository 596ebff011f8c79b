#!/usr/bin/env python3
"""audit_report.py REPORT.json PAGE.html DATA COMMANDS [OTHER.json]: what an incident's report must say of a generated day with one wrong
list; COMMANDS is what stands on the topic, as kcat's envelopes. With OTHER.json this one was made from topics, and says the same."""
import json
import re
import sys


def fail(why):
    sys.exit(f"audit_report: {why}")


with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    page = file.read()
with open(f"{sys.argv[3]}/scenario.json", encoding="utf-8") as file:
    planned = json.load(file)["incidents"][0]["scope"]

clocks = report["clocks"]
if not clocks["first_seen"]["utc"] or not clocks["first_alert"]["utc"] <= report["made_at"]["utc"]:
    fail(f"clocks: {clocks}")
if clocks["first_hold"] is None or not clocks["first_hold"]["local"].endswith("+08:00"):
    fail(f"no hold, or another zone: {clocks}")
if (report["scope"]["kind"], report["scope"]["id"]) != (planned["kind"], planned["id"]):
    fail(f"scope {report['scope']}, and {planned} was planned")
low, high = report["people"]["interval_95"]
messages = report["messages"]["escaped"] + report["messages"]["held"]
if not 0 < low < report["people"]["distinct_recipients"] <= high <= messages:
    fail(f"people: {report['people']}")
limits = [limit for limit in report["time_limits"] if limit.get("within_hours") == 4]
if not limits or limits[0]["due"]["utc"] <= clocks["first_alert"]["utc"]:
    fail(f"time limits: {report['time_limits']}")
if not any(command["action"] == "hold" for command in report["remedy"]):
    fail("no hold among what was done")
# Exactly the commands about messages of its campaign; the incident is open, and the day began before it.
with open(sys.argv[4], encoding="utf-8") as file:
    sent = [json.loads(json.loads(line)["payload"]) for line in file]
scope = report["scope"]
ours = {(c["action"], c["target"]["id"]) for c in sent
        if c["target"]["kind"] == "message" and c["target"]["tenant_id"] == scope["tenant_id"]
        and c["message"].get(f"{scope['kind']}_id") == scope["id"]}
told = {(c["action"], c["target"]["id"]) for c in report["remedy"] if c["target"]["kind"] == "message"}
if ours != told or not ours or report["message_commands"]["holds"] < len(ours) or report["message_commands"]["unsure"]:
    fail(f"{len(told)} commands about messages, {len(ours)} on the topic: {report['message_commands']}")
# Each message was held by itself, so that nobody was reached; a legal hold keeps those commands in the log.
reached, spared = report["reached"], report["spared"]
if reached["people"] != 0 or reached["people"] + spared["people"] < 100:
    fail(f"reached {reached['people']}, spared {spared['people']}, {report['message_commands_taken_out']} taken out")
if not spared["held_one_by_one"] <= spared["messages"] or reached["held_one_by_one"] != 0:
    fail(f"held one by one: {reached['held_one_by_one']} and {spared['held_one_by_one']}")
if not all(re.fullmatch(r"[^:]+:[A-Za-z0-9_-]{22}", name) for name in reached["pseudonyms"] + spared["pseudonyms"]):
    fail("somebody is no pseudonym")
if len(sys.argv) > 5:
    with open(sys.argv[5], encoding="utf-8") as file:
        other = json.load(file)
    for who in (reached, spared, other["reached"], other["spared"]):
        who["pseudonyms"].sort()  # in the order in which they were read
    if (reached, spared) != (other["reached"], other["spared"]) or other["topics"]:
        fail("from topics it says something else")
    if [topic["whole"] for topic in report["topics"]] != [True, True] or not all(topic["records"] for topic in report["topics"]):
        fail(f"topics: {report['topics']}")
audit = report["audit"]
if not audit["verified"] or not audit["keyed"] or len(audit["trail"]) != len(report["alerts"]) + len(report["remedy"]):
    fail("the trail is not whole")
if report["incident_id"] not in page or "<script" in page or re.search(r"(src|href)=", page):
    fail("the page is not what it should be")
