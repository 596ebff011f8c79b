"""story.py: reads a story (tests/flow/*.case, described in README.md) into messages and what is expected of them."""

import base64
import datetime
import json
import re
import shlex

BASE_TIME = datetime.datetime(2026, 11, 20, 8, 0, 0, tzinfo=datetime.timezone.utc)
FIELDS = {
    "tenant": "tenant_id",
    "campaign": "campaign_id",
    "template": "template_id",
    "sender": "sender_id",
    "vendor": "vendor_id",
    "loan": "loan_id",
    "borrower": "borrower_id",
    "channel": "channel",
    "purpose": "purpose",
    "planned_size": "planned_size",
    "zone": "recipient_zone",
}
VERDICTS = {"clear", "misdirected", "unknown", "exempt", "dead"}
CACHES = {"loaded", "empty", "stale", "unreachable", "without-buckets"}
UNITS = {"d": 86400_000, "h": 3600_000, "m": 60_000, "s": 1000, "ms": 1}


class StoryError(Exception):
    """The story itself is wrong; says where."""


class Message:
    """A line of the events file and what must come of it."""

    def __init__(self, label, line, expected):
        self.label = label
        self.line = line  # bytes, without the line feed
        self.verdict, self.reasons, self.held = expected
        self.same_as = None  # the label of a message to the same recipient
        self.occurred_at = None  # where it is given as a time in UTC, to the millisecond


class Story:
    def __init__(self, name):
        self.name = name
        self.title = ""
        self.cache = "loaded"
        self.config = ""
        self.people = []  # loader lines
        self.messages = []
        self.controls = []  # of story_control.py
        self.alerts = {1: []}  # by messages a frame
        self.commands = {1: []}


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def read_duration_ms(text):
    """+3d, -2h30m: how far from the first moment of the story."""
    parts = re.fullmatch(r"([+-])((?:\d+(?:ms|[dhms]))+)", text)
    if not parts:
        raise StoryError(f"{text}: expected a duration such as +3d or -2h30m")
    total = sum(int(n) * UNITS[u] for n, u in re.findall(r"(\d+)(ms|[dhms])", parts[2]))
    return -total if parts[1] == "-" else total


def spread(line):
    """One line for each step of its {1..9}, which count together: a{1..2} b{08..09} is a1 b08 and a2 b09."""
    ranges = re.findall(r"\{(\d+)\.\.(\d+)\}", line)
    if not ranges:
        return [line]
    sizes = {int(last) - int(first) + 1 for first, last in ranges}
    if len(sizes) != 1 or min(sizes) < 1:
        raise StoryError(f"{line}: its ranges are not equally long")
    return [
        re.sub(r"\{(\d+)\.\.\d+\}", lambda m: str(int(m[1]) + step).zfill(len(m[1])), line)
        for step in range(sizes.pop())
    ]


def substitute(line, values):
    """{c} and {c:03} by the value of c."""

    def value(match):
        if match[1] not in values:
            raise StoryError(f"{line}: nothing is called {match[1]}")
        return format(values[match[1]], match[2] or "")

    return re.sub(r"\{([a-z]+)(?::(\w+))?\}", value, line)


def unroll(rows, values=None):
    """The lines of a block, its repeats written out. A row is (indent, text)."""
    values = values or {}
    at = 0
    while at < len(rows):
        indent, text = rows[at]
        at += 1
        if text.startswith(("line ", "bytes ", "json ")):
            yield text
            continue
        repeat = re.fullmatch(r"repeat ([a-z]+) (\d+)\.\.(\d+)", text)
        if not repeat:
            yield from spread(substitute(text, values))
            continue
        end = at
        while end < len(rows) and rows[end][0] > indent:
            end += 1
        if end == at:
            raise StoryError(f"{text}: nothing stands under it")
        for n in range(int(repeat[2]), int(repeat[3]) + 1):
            yield from unroll(rows[at:end], {**values, repeat[1]: n})
        at = end


# --- people -------------------------------------------------------------------------------------


def read_party(word):
    """tenant/loan[:role[:status[@date]]]"""
    parts = re.fullmatch(r"([^/]+)/([^:]*)(?::(\w*)(?::(\w+)(?:@(\S+))?)?)?", word)
    if not parts:
        raise StoryError(f"{word}: expected tenant/loan:role:status@date")
    party = {"tenant_id": parts[1]}
    for name, value in zip(("loan_id", "role", "status", "closed_at"), parts.groups()[1:]):
        if value:
            party[name] = value
    return party


def read_person(text):
    if text.startswith("json "):
        return text[5:]
    words = shlex.split(text)
    record = {"recipient": words[0], "parties": []}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            record["parties"].append(read_party(word))
        elif name == "reassigned":
            answer, _, date = value.partition("@")
            record["reassigned"] = answer
            if date:
                record["reassigned_at"] = date
        elif name == "opted_out":
            record["opted_out"] = value.split(",")
        elif name == "kind":
            record["kind"] = value
        else:
            raise StoryError(f"{text}: {word} is not known")
    return json.dumps(record, ensure_ascii=False)


# --- messages -----------------------------------------------------------------------------------


def read_expectation(text):
    """Verdict, reasons, and how the message is held where that is not by the verdict and the policy's mode."""
    words = text.split()
    held = words.pop().removeprefix("held=") if words and words[-1].startswith("held=") else None
    if not words or words[0] not in VERDICTS or len(words) > 2 or held not in (None, "no", "enforce", "monitor"):
        raise StoryError(f"{text}: expected a verdict, its reasons and held=no, enforce or monitor")
    return words[0], words[1].split(",") if len(words) == 2 else [], held


class MessageReader:
    def __init__(self):
        self.defaults = {"channel": "sms", "purpose": "collection"}
        self.count = 0

    def event(self, label, recipient, settings):
        """The event of a message line, and the envelope's timestamp where it has one."""
        moment = BASE_TIME + datetime.timedelta(seconds=self.count)
        event = {"message_id": label, "recipient": recipient, "occurred_at": iso(moment)}
        timestamp = None
        for name, value in {**self.defaults, **settings}.items():
            if name == "at":
                event["occurred_at"] = self.moment(value) if value[0] in "+-" else value
            elif name == "ts":
                timestamp = int((BASE_TIME.timestamp()) * 1000) + read_duration_ms(value)
            elif name == "id":
                event["message_id"] = value
            elif name not in FIELDS:
                raise StoryError(f"{name}={value}: there is no such field")
            elif value != "-":
                event[FIELDS[name]] = int(value) if name == "planned_size" else value
        return event, timestamp

    @staticmethod
    def moment(text):
        return iso(BASE_TIME + datetime.timedelta(milliseconds=read_duration_ms(text)))

    def read(self, text):
        text, arrow, expectation = text.rpartition("=>")
        if not arrow:
            raise StoryError(f"{text}: has no => with what is expected")
        expected = read_expectation(expectation)
        if text.startswith(("line ", "bytes ")):
            message = self.read_raw(text, expected)
        else:
            message = self.read_fields(text, expected)
        self.count += 1
        return message

    def read_fields(self, text, expected):
        words = shlex.split(text)
        filling = 0
        if words[0] == "filled":
            filling = int(words[1])
            words = words[2:]
        settings, same_as = {}, None
        for word in words[2:]:
            name, _, value = word.partition("=")
            if name == "same":
                same_as = value
            else:
                settings[name] = value
        event, timestamp = self.event(words[0], words[1], settings)
        if filling:
            event["filling"] = "x" * filling
        line = json.dumps(event, ensure_ascii=False)
        if timestamp is not None:
            line = json.dumps(
                {"topic": "t", "partition": 0, "offset": self.count, "tstype": "create",
                 "ts": timestamp, "broker": 0, "headers": [], "key": None, "payload": line}
            )  # fmt: skip
        message = Message(words[0], line.encode(), expected)
        message.same_as = same_as
        message.occurred_at = event["occurred_at"]
        return message

    def read_raw(self, text, expected):
        """`line LABEL RECIPIENT TEXT` is the line; `bytes LABEL RECIPIENT PART...` a payload of hex and 'text'."""
        kind, label, recipient, rest = text.strip().split(None, 3)
        event, _ = self.event(label, recipient, {})
        plain = json.dumps(event)
        rest = rest.replace("<event>", plain).replace('<"event">', json.dumps(plain))
        rest = rest.replace("<base64>", base64.b64encode(plain.encode()).decode())
        if kind == "line":
            return Message(label, rest.encode(), expected)
        parts = re.findall(r"'([^']*)'|(\S+)", rest)
        value = b"".join(quoted.encode() or bytes.fromhex(digits) for quoted, digits in parts)
        envelope = {"topic": "t", "partition": 0, "offset": self.count,
                    "key": None, "payload_base64": base64.b64encode(value).decode()}  # fmt: skip
        return Message(label, json.dumps(envelope).encode(), expected)


# --- the whole ----------------------------------------------------------------------------------


def read_blocks(text):
    """(heading, rows) of each block; a row is (indent, text). Comments and empty lines are left out."""
    blocks = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if line[0] != " ":
            blocks.append((stripped, []))
        elif not blocks:
            raise StoryError(f"{stripped}: stands under nothing")
        else:
            blocks[-1][1].append((len(line) - len(line.lstrip()), stripped))
    return blocks


def read_story(path, read_control):
    text = path.read_text("utf-8")
    story = Story(path.stem)
    story.title = text.splitlines()[0].lstrip("# ") if text.startswith("#") else ""
    if not story.title:
        raise StoryError("the first line is to be a comment that says what the story is about")
    reader = MessageReader()
    for heading, rows in read_blocks(text):
        words = shlex.split(heading)
        if words[0] == "defaults":
            reader.defaults.update(word.split("=", 1) for word in words[1:])
        elif words[0] == "cache" and len(words) == 2 and words[1] in CACHES:
            story.cache = words[1]
        elif words == ["config"]:
            least = min(indent for indent, _ in rows)
            story.config = "".join(" " * (i - least) + t + "\n" for i, t in rows)
        elif words == ["people"]:
            story.people += [read_person(t) for t in unroll(rows)]
        elif words == ["messages"]:
            story.messages += [reader.read(t) for t in unroll(rows)]
        elif words == ["control"]:
            story.controls += [read_control(t) for t in unroll(rows)]
        elif words[0] in ("alerts", "commands") and len(words) in (1, 3):
            frame = int(words[2]) if len(words) == 3 else 1
            getattr(story, words[0])[frame] = [" ".join(t.split()) for t in unroll(rows)]
        else:
            raise StoryError(f"{heading}: there is no such block")
    if not story.messages:
        raise StoryError("has no messages")
    return story
