"""score_story.py: a run of a hundred messages, small enough to score by hand.

Message i goes out at second i, and into tally frame i.

    rows 0..79    even: campaign good, vendor v1; odd: campaign bad, vendor v2; all with template t1
    rows 80..89   vendor v3, campaigns x and y in turn, all misdirected: incident silent, which nobody notices
    rows 90..94   campaign lag, all misdirected: incident late, healthy traffic with late data
    rows 95..99   campaign good again, with template t2

Incident batch is in campaign bad: its odd rows 21..79 are misdirected, but those that end in 5 (six of thirty).
Row 4 is misdirected too, by chance.

    hold 1   campaign bad, caused by row 27: the third misdirected message (21, 23, 27)
    hold 2   campaign good, caused by row 50, released by row 60: nothing was wrong with it
    hold 3   template t1, caused by row 69: all of batch, and campaign good with it
    hold 4   campaign lag, caused by row 93
"""

import datetime
import json

START = datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.timezone.utc)
SCOPES = {
    "batch": {"kind": "campaign", "id": "bad", "tenant_id": "acme"},
    "good": {"kind": "campaign", "id": "good", "tenant_id": "acme"},
    "template": {"kind": "template", "id": "t1", "tenant_id": "acme"},
    "silent": {"kind": "vendor", "id": "v3", "tenant_id": "acme"},
    "late": {"kind": "campaign", "id": "lag", "tenant_id": "acme"},
}


def at(row, hours=0):
    time = START + datetime.timedelta(seconds=row, hours=hours)
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def truth(row):
    """(expected, incident, cause) of a message."""
    if row < 80:
        if row % 2 == 1 and row >= 21 and row % 10 != 5:
            return "misdirected", "batch", "wrong_list"
        return ("misdirected", None, "scattered") if row == 4 else ("clear", None, None)
    if row < 90:
        return "misdirected", "silent", "leaked_list"
    return ("misdirected", "late", "feed_lag") if row < 95 else ("clear", None, None)


def names(row):
    """(campaign, template, vendor) of a message."""
    if row < 80:
        return ("bad", "t1", "v2") if row % 2 else ("good", "t1", "v1")
    if row < 90:
        return "xy"[row % 2], "t3", "v3"
    return ("lag", "t4", "v4") if row < 95 else ("good", "t2", "v1")


def label(row):
    expected, incident, cause = truth(row)
    return {
        "message_id": f"m{row}",
        "expected": expected,
        "reasons": ["no_record"] if expected == "misdirected" else [],
        "incident": incident,
        "cause": cause,
    }


def verdict(row):
    """As expected, but for row 29, which is missed, and row 2, which is clear."""
    expected = truth(row)[0]
    said = {29: "clear", 2: "misdirected"}.get(row, expected)
    campaign, template, vendor = names(row)
    return {
        "message_id": f"m{row}",
        "occurred_at": at(row),
        "tenant_id": "acme",
        "verdict": said,
        "reasons": ["no_record"] if said == "misdirected" else [],
        "recipient_pseudonym": None,
        "campaign_id": campaign,
        "template_id": template,
        "sender_id": None,
        "vendor_id": vendor,
        "source": {"topic": "events.ndjson", "partition": 0, "offset": row},
        "policy_version": "0" * 16,
    }


def command(action, scope, incident, row, frame):
    return {
        "command_id": "0" * 32,
        "sequence": frame,
        "action": action,
        "target": SCOPES[scope],
        "tier": "quarantine",
        "reason": "",
        "incident_id": incident * 32,
        "issued_at": at(row),
        "expires_at": at(row, 24) if action == "hold" else None,
        "mode": "enforce",
    }


def alert(kind, tier, scope, incident, row, change, likely, interval):
    return {
        "incident_id": incident * 32,
        "type": f"incident.{kind}",
        "tier": tier,
        "scope": SCOPES[scope],
        "occurred_at": at(row),
        "cause": {"likely": likely, "ranked": []},
        "evidence": {
            "scope": SCOPES[scope],
            "interval": interval,
            "false_alarm_budget": 200000000,
            "change_point": {"offset": change, "message_id": f"m{change}"},
        },
    }


SCENARIO = {
    "seed": 0,
    "class": "story",
    "incidents": [
        {"id": "batch", "kind": "wrong_list", "cause": "wrong_list", "scope": SCOPES["batch"], "healthy_rate": 0.005,
         "first_message_id": "m21", "last_message_id": "m79"},
        {"id": "silent", "kind": "leaked_list", "cause": "leaked_list", "scope": SCOPES["silent"],
         "first_message_id": "m80", "last_message_id": "m89"},
        {"id": "late", "kind": "feed_lag", "cause": "feed_lag", "scope": SCOPES["late"], "healthy_lag": True,
         "first_message_id": "m90", "last_message_id": "m94"},
    ],
    "negatives": [{"id": "n", "kind": "two_of_five", "scope": SCOPES["good"]}],
}

ALERTS = [
    alert("opened", "alert", "batch", "a", 23, 21, "closed_loans", [0.1, 1]),
    alert("escalated", "quarantine", "batch", "a", 27, 23, "closed_loans", [0.4, 0.9]),
    alert("updated", "quarantine", "batch", "a", 40, 23, "wrong_list", [0.5, 0.7]),
    alert("opened", "quarantine", "good", "b", 50, 40, "wrong_list", [0.1, 0.2]),
    alert("opened", "quarantine", "template", "d", 69, 61, "wrong_list", [0.1, 0.2]),
    alert("opened", "quarantine", "late", "c", 93, 90, "feed_lag", [0.9, 1]),
]


def commands(frame_messages):
    """As a run with so many messages a frame gives them: a hold comes at the end of its frame."""
    def given(action, scope, incident, row):
        frame = row // frame_messages
        return command(action, scope, incident, min(99, (frame + 1) * frame_messages - 1), frame)

    return [
        # holds of single messages are counted, not scored
        {"action": "hold", "target": {"kind": "message", "id": "m4", "tenant_id": "acme"}, "mode": "enforce"},
        given("hold", "batch", "a", 27),
        given("hold", "good", "b", 50),
        given("release", "good", "b", 60),
        # an old command again: a reader ignores it
        given("hold", "good", "b", 50),
        given("hold", "template", "d", 69),
        given("hold", "late", "c", 93),
    ]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write(folder, frame_messages=1):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.json").write_text(json.dumps(SCENARIO, indent=2), encoding="utf-8")
    write_lines(folder / "labels.ndjson", map(label, range(100)))
    write_lines(folder / "verdicts.ndjson", map(verdict, range(100)))
    write_lines(folder / "alerts.ndjson", ALERTS)
    write_lines(folder / "quarantine-commands.ndjson", commands(frame_messages))
    (folder / "summary.json").write_text(json.dumps({"frame_messages": frame_messages}), encoding="utf-8")
