#!/usr/bin/env python3
"""audit_outcomes.py LOG_FOLDER COMMITTED UNCOMMITTED [--aborted]: what the audit log says became of its records, against the topics.

COMMITTED has alerts and commands as a reader with isolation.level read_committed sees them, UNCOMMITTED as anybody does
(kcat -J). Each carries its place in the log as header wn.audit. A record of which the log says that it was committed must be
seen; of which it says that it was aborted must not; what is seen must be in the log, and not as aborted. With --aborted some must
have been sent and aborted, and each of them be there once more, under its id."""
import glob
import json
import sys


def places(path):
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            envelope = json.loads(line)
            headers = envelope.get("headers") or []
            value = json.loads(envelope["payload"])
            if value.get("target", {}).get("kind") == "message":
                continue  # they wait for no transaction
            place = headers[headers.index("wn.audit") + 1].split(":")
            found[int(place[1])] = (place[2], envelope["topic"])
    return found


def main():
    folder, committed_path, any_path, *wanted = sys.argv[1:]
    visible, sent = places(committed_path), places(any_path)
    lines, outcome = {}, {}
    for path in sorted(glob.glob(f"{folder}/audit-*.ndjson")):
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, file):
                lines[line["seq"]] = line
                if line["type"] == "audit.outcome":
                    for first, last in line["record"]["records"]:
                        outcome.update(dict.fromkeys(range(first, last + 1), line["record"]["outcome"]))
    for seq, (mac, _) in visible.items():
        if lines.get(seq, {}).get("mac") != mac or outcome.get(seq) == "aborted":
            sys.exit(f"record {seq} is seen; the log says {outcome.get(seq)}, {lines.get(seq, {}).get('mac')}")
    told = {seq for seq, word in outcome.items() if word == "committed"}
    if told - visible.keys():
        sys.exit(f"said to be committed, and not seen: {sorted(told - visible.keys())[:5]}")
    aborted = {seq for seq, word in outcome.items() if word == "aborted"}
    unknown = [seq for seq, line in lines.items()
               if line["kind"] in ("alert", "command", "control") and outcome.get(seq) in (None, "unsure")]
    print(f"audit outcomes: {len(visible)} seen of {len(sent)} sent; the log says {len(told)} committed, {len(aborted)} aborted, "
          f"{len(unknown)} not known")
    if not told:
        sys.exit("no outcome is told")
    if wanted and not aborted & sent.keys():
        sys.exit("nothing that was sent is said to be aborted")
    if wanted and {lines[seq]["id"] for seq in aborted} - {lines[seq]["id"] for seq in told}:
        sys.exit("what was aborted did not come again")


main()
