"""alert_lines.py: alerts of wrongnumber as lines for a chat, or to a webhook. Python 3 and its standard library.

    kcat -b BROKER -G chat -X auto.offset.reset=earliest -J -u collections.alerts.v1 | python3 alert_lines.py --seen seen.txt
    kcat -b BROKER -G chat -X auto.offset.reset=earliest -J -u collections.alerts.v1 | python3 alert_lines.py --seen seen.txt --shape feishu --webhook URL

Each alert is told once, however often it is read: its alert_id is kept in the file --seen once the webhook has answered 2xx. A
webhook that does not answer is asked again for about a minute; then the program ends with status 75, and what was not told is
told when it is read again.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request

TIERS = ["none", "notice", "alert", "quarantine", "stop"]
SHAPES = {
    "slack": lambda line: {"text": line},
    "feishu": lambda line: {"msg_type": "text", "content": {"text": line}},
    "dingtalk": lambda line: {"msgtype": "text", "text": {"content": line}},  # WeCom takes the same
}
TRIES, SEEN_MAX = 7, 100_000


def line_of(alert, lowest):
    """What people are told, or None: of incidents from a tier on, of the relationship data always, of the rest nothing."""
    kind, scope, evidence = alert["type"], alert["scope"], alert["evidence"]
    if kind.startswith("cache."):
        return "%s: relationship data (%s)" % (kind, alert["cause"]["likely"])
    if alert.get("drill") or not kind.startswith("incident.") or TIERS.index(alert["tier"]) < lowest:
        return None
    text = "%s [%s] %s %s of %s" % (kind, alert["tier"], scope["kind"], scope["id"], scope["tenant_id"])
    if kind in ("incident.opened", "incident.escalated"):
        text += ": %d of %d messages to people who owe nothing, likely %s" % (
            evidence["misdirected"], evidence["judged"], alert["cause"]["likely"])  # fmt: skip
        if evidence.get("withheld"):
            text += ", NOT HELD (%s)" % evidence["withheld"]
    elif "impact" in alert:
        text += ": %d went out, %d were held" % (alert["impact"]["escaped"], alert["impact"]["held"])
    if alert.get("release"):
        text += ", release: " + alert["release"]["state"]
    if alert.get("unacknowledged"):
        text += ", NOBODY HAS ACKNOWLEDGED IT"
    return "%s (%s)" % (text, alert["incident_id"])


def tell(line, webhook, shape):
    """False when the webhook has not taken it."""
    if webhook is None:
        print(line, flush=True)
        return True
    body = json.dumps(SHAPES[shape](line), ensure_ascii=False).encode()
    for attempt in range(TRIES):
        try:
            request = urllib.request.Request(webhook, body, {"Content-Type": "application/json; charset=utf-8"})
            with urllib.request.urlopen(request, timeout=10):
                return True
        except (urllib.error.URLError, OSError) as why:
            print("webhook: %s" % why, file=sys.stderr)
            if attempt < TRIES - 1:
                time.sleep(0.5 * 2**attempt)
    return False


def main():
    parser = argparse.ArgumentParser(description="Tells alerts to a chat.")
    parser.add_argument("--seen", required=True, help="file of the alert_ids that were told")
    parser.add_argument("--tier", choices=TIERS[1:], default="alert", help="the lowest that is told")
    parser.add_argument("--webhook")
    parser.add_argument("--shape", choices=SHAPES, default="slack")
    options = parser.parse_args()
    with open(options.seen, "a+", encoding="utf-8", buffering=1) as seen_file:
        seen_file.seek(0)
        seen = dict.fromkeys(seen_file.read().split())
        for text in sys.stdin:
            alert = json.loads(json.loads(text)["payload"])
            if alert["alert_id"] in seen:
                continue
            line = line_of(alert, TIERS.index(options.tier))
            if line is not None and not tell(line, options.webhook, options.shape):
                return 75
            seen[alert["alert_id"]] = None
            seen_file.write(alert["alert_id"] + "\n")
            if len(seen) > SEEN_MAX:
                del seen[next(iter(seen))]
    return 0


if __name__ == "__main__":
    sys.exit(main())
