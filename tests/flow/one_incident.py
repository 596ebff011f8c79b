#!/usr/bin/env python3
"""one_incident.py DAY RUN ALERTS: holds a replayed day with one planted event against what may be told of it: one incident,
at most ALERTS records, opened first, something held, and few of the wrong messages sent before that.

Exit status: 0 so it is, 1 not.
"""

import collections
import json
import pathlib
import sys

ESCAPES_MAX = 40


def read(path):
    with open(path, "rb") as lines:
        return [json.loads(line) for line in lines]


def findings(day, run, limit):
    planted = {label["message_id"] for label in read(day / "labels.ndjson") if label["incident"] is not None}
    alerts = read(run / "alerts.ndjson")
    holds = [c for c in read(run / "quarantine-commands.ndjson") if c["target"]["kind"] != "message"]
    counts = collections.Counter(alert["incident_id"] for alert in alerts)
    told = collections.Counter(alert["type"].removeprefix("incident.") for alert in alerts)
    scopes = sorted({f"{c['target']['kind']}/{c['target']['id']}" for c in holds})
    print(f"  {len(planted)} wrong messages: {dict(told)}, held: {', '.join(scopes) or 'nothing'}")
    if len(counts) != 1:
        for alert in alerts:
            print(f"  {alert['incident_id'][:8]} {alert['type']} {alert['tier']} {alert['scope']['kind']}"
                  f"/{alert['scope']['id']} at {alert['occurred_at']}")  # fmt: skip
        yield f"{len(counts)} incidents for one event"
    if max(counts.values(), default=0) > limit:
        yield f"{max(counts.values())} alert records, at most {limit} may be"
    if alerts and alerts[0]["type"] != "incident.opened":
        yield "is not opened first"
    if not holds:
        yield "nothing is held"
    escaped = max((alert["impact"]["escaped"] for alert in alerts), default=0)
    if escaped > ESCAPES_MAX:
        yield f"{escaped} wrong messages before a hold, at most {ESCAPES_MAX} may be"


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    trouble = list(findings(pathlib.Path(arguments[0]), pathlib.Path(arguments[1]), int(arguments[2])))
    for line in trouble:
        print(f"  {line}")
    return int(bool(trouble))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
