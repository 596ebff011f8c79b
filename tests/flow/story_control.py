"""story_control.py: the commands of operators in a story: read, written as replay reads them, and held against their outcomes."""

import collections
import datetime
import json
import shlex

import story as stories

ACTIONS = ("hold", "release", "confirm", "acknowledge", "mode", "drill")
BEHIND_MS = 500  # so long behind its message, which is a second ahead of the next


class Control:
    """A line of the file of controls and what must come of it: its outcomes in order, or the reason of its dead letter."""

    def __init__(self, label, after, record, expected):
        self.label, self.after, self.record = label, after, record
        self.expected = expected
        self.at_ms = None

    @property
    def is_dead(self):
        return self.expected[:1] == ["dead"]


def read_object(word, record):
    """tenant/kind/id, rule:WORD, incident:HEX, or the id of a record that is confirmed"""
    kind, colon, value = word.partition(":")
    if colon and kind in ("rule", "incident"):
        record["incident_id" if kind == "incident" else "rule"] = value
    elif record["action"] == "confirm":
        record["confirms"] = word
    else:
        parts = word.split("/", 2)
        if len(parts) != 3:
            raise stories.StoryError(f"{word}: expected tenant/kind/id, rule:WORD or incident:HEX")
        record["scope"] = {"kind": parts[1], "id": parts[2], "tenant_id": parts[0]}


def read_control(text):
    """`label after=MESSAGE action object [name=value...] => outcome[,outcome...]`, or `... json TEXT => ...`"""
    text, arrow, expected = text.rpartition("=>")
    if not arrow:
        raise stories.StoryError(f"{text}: has no => with what is expected")
    words = expected.split()
    expected = words if words[:1] == ["dead"] else [state for word in words for state in word.split(",")]
    head = text.split(None, 3)
    if len(head) < 4 or not head[1].startswith("after="):
        raise stories.StoryError(f"{text}: expected a label, after=MESSAGE, an action and an object")
    label, after = head[0], head[1].removeprefix("after=")
    if head[2] == "json":
        return Control(label, after, head[3].strip(), expected)
    if head[2] not in ACTIONS:
        raise stories.StoryError(f"{text}: {head[2]} is no action")
    record = {"control_id": label, "action": head[2], "operator": "li.wei", "reason": "as the story has it"}
    thing, *settings = shlex.split(head[3])
    read_object(thing, record)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if name == "for":
            record["for_ms"] = stories.read_duration_ms("+" + value)
        elif name == "at_once" and not equals:
            record["at_once"] = True
        elif name == "channel" and "scope" in record:
            record["scope"]["channel"] = value
        elif name in ("operator", "reason", "mode", "id", "tenant_id", "issued_at", "expires_at"):
            record["control_id" if name == "id" else name] = value
        else:
            raise stories.StoryError(f"{text}: {setting} is not known")
    return Control(label, after, record, expected)


def iso_ms(ms):
    return stories.iso(datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc))


def place(story, times_of):
    """Gives each control its time, a while behind its message (those behind one message in the story's order)."""
    times, behind = times_of(story), collections.Counter()
    for control in story.controls:
        if control.after not in times:
            raise stories.StoryError(f"{control.label}: there is no message {control.after} with a time")
        control.at_ms = times[control.after] + BEHIND_MS + behind[control.after]
        behind[control.after] += 1
    story.controls.sort(key=lambda control: control.at_ms)


def line_of(number, control):
    record = control.record
    if isinstance(record, dict):
        record = dict(record)
        record.setdefault("issued_at", iso_ms(control.at_ms))
        if "for_ms" in record:
            record["expires_at"] = iso_ms(control.at_ms + record.pop("for_ms"))
        record = json.dumps(record, ensure_ascii=False)
    envelope = {"topic": "control", "partition": 0, "offset": number, "tstype": "create", "ts": control.at_ms,
                "broker": 0, "headers": [], "key": None, "payload": record}  # fmt: skip
    return json.dumps(envelope)


def write(story, path):
    path.write_text("".join(f"{line_of(n, c)}\n" for n, c in enumerate(story.controls)), "utf-8")


def is_of_controls(letter):
    headers = letter["headers"]
    return dict(zip(headers[::2], headers[1::2]))["__connect.errors.topic"] == "controls.ndjson"


def check(story, run):
    """Each control's outcomes, in order, or its dead letter."""
    found = collections.defaultdict(list)
    for alert in run["alerts"]:
        if alert["type"] == "control.outcome":
            found[alert["control"]["control_id"]].append(alert["control"]["state"])
    for letter in filter(is_of_controls, run["dead-letter"]):
        headers = dict(zip(letter["headers"][::2], letter["headers"][1::2]))
        label = story.controls[int(headers["__connect.errors.offset"])].label
        found[label] += ["dead", headers["wn.reason"]]
    trouble = []
    for control in story.controls:
        control_id = control.record["control_id"] if isinstance(control.record, dict) else control.label
        got = found.pop(control.label if control.is_dead else control_id, [])
        if got != control.expected:
            trouble.append(f"{control.label}: expected {','.join(control.expected)}, came {','.join(got) or 'nothing'}")
    return trouble + [f"{label}: {','.join(states)}, though no control of the story has that id"
                      for label, states in found.items()]  # fmt: skip


def frame_labels(story, times):
    """Of each tally frame, a message each: the label of its message or control."""
    labels, controls = [], [c for c in story.controls if not c.is_dead]
    for message, at_ms in zip(story.messages, times):
        while controls and at_ms is not None and controls[0].at_ms < at_ms:
            labels.append(controls.pop(0).label)
        labels.append(message.label)
    return labels + [control.label for control in controls]
