#!/usr/bin/env python3
"""What must come of messages, worked out a second time: written from the design's text, sharing no code with the product.

    oracle.py RELATIONSHIPS EVENTS    prints a line of JSON for each line of EVENTS: verdict and reasons, or the dead letter

The fault suite (run) holds what was written to the topics against it: a verdict or a dead letter for each offset, a hold
for each misdirected message, and the counts of each chunk and leaf. Policy, fields and key are those by default; the
relationship data are taken to be believed, so that it never says `cache_...`.
"""

import base64
import calendar
import hashlib
import hmac
import json
import re
import sys

CHUNK_BITS = 12
MESSAGE_BYTES_MAX = 1 << 20
DEPTH_MAX = 64
ID_BYTES_MAX = 256
CLOSED_GRACE_MS = 3 * 24 * 3600 * 1000
TIME_MIN_MS = calendar.timegm((2000, 1, 1, 0, 0, 0)) * 1000
TIME_END_MS = calendar.timegm((2101, 1, 1, 0, 0, 0)) * 1000

REASONS = ["no_record", "other_tenant", "wrong_debt", "third_party", "closed_loan", "reassigned_number", "opted_out",
           "invalid_number", "cache_unreachable", "cache_untrusted", "cache_stale"]
MISDIRECTING = {"no_record", "other_tenant", "wrong_debt", "third_party", "closed_loan", "reassigned_number"}
WATCHED = {"collection", "reminder"}
OWN_NAMESPACE = {"email", "push", "wechat"}
TEXT_FIELDS = ["message_id", "recipient", "channel", "purpose", "tenant_id", "campaign_id", "template_id", "sender_id",
               "vendor_id", "loan_id", "borrower_id"]
FIELDS = TEXT_FIELDS + ["occurred_at", "planned_size"]
LEAF = ["tenant_id", "campaign_id", "template_id", "sender_id", "vendor_id", "channel"]


class DeadLetter(Exception):
    """A message that cannot be read; the argument is its reason."""


# --- times ---------------------------------------------------------------------------------------------------------------

TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


def days_of(year, month):
    return calendar.monthrange(year, month)[1] if 1 <= month <= 12 and year > 0 else 0


def read_time(text):
    """Milliseconds since 1970 of an RFC 3339 time, a date, or a number; None where it is none of them."""
    if isinstance(text, (int, float)):
        return int(text) if text == int(text) else None
    date = DATE.fullmatch(text)
    if date:
        year, month, day = map(int, date.groups())
        return calendar.timegm((year, month, day, 0, 0, 0)) * 1000 if 1 <= day <= days_of(year, month) else None
    found = TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    if not 1 <= day <= days_of(year, month) or hour > 23 or minute > 59 or second > 60:
        return None
    ms = calendar.timegm((year, month, day, hour, minute, min(second, 59))) * 1000
    ms += int((found[7] or "0").ljust(3, "0")[:3])
    if found[8]:
        offset = (int(found[9]) * 60 + int(found[10])) * 60000
        ms += -offset if found[8] == "+" else offset
    return ms


# --- recipients ------------------------------------------------------------------------------------------------------------

NOISE = re.compile(r"[\s().\-/·–—]+")
CHINESE = re.compile(r"1[3-9]\d{9}|(?:10|2\d)[2-9]\d{7}|[3-9]\d{2}[2-9]\d{6,7}")


def as_ascii(text):
    """Full-width digits and plus signs as the plain ones."""
    return "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)


def e164(text):
    """The number's one spelling, or None where it is no possible number. Numbers of other countries than China are
    judged by their length alone."""
    digits = NOISE.sub("", as_ascii(text).strip())
    if digits.startswith("+"):
        international = digits[1:]
    elif digits.startswith("00"):
        international = digits[2:]
    else:
        national = digits.lstrip("0")
        if not CHINESE.fullmatch(national) and national.startswith("86"):
            national = national[2:]
        international = "86" + national
    if not re.fullmatch(r"[1-9]\d{6,14}", international, re.ASCII):
        return None
    if international.startswith("86"):
        national = international[2:].lstrip("0")
        return "+86" + national if CHINESE.fullmatch(national) else None
    return "+" + international


def recipient_of(text, kind):
    """The name under which a recipient is known to all: kind and canonical form; None where there is none."""
    canonical = e164(text) if kind == "phone" else text
    return None if canonical is None else f"{kind}:{canonical}"


# --- relationship data ----------------------------------------------------------------------------------------------------------


def load(path):
    """Parties, reassignment and opt-outs by recipient: a later line replaces an earlier one."""
    known = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            name = recipient_of(record["recipient"], record.get("kind") or "phone")
            if record.get("deleted"):
                known.pop(name, None)
            elif name is not None:
                for party in record.get("parties") or []:
                    for field in ("tenant_id", "loan_id"):
                        party[field] = read_text(party[field]) if party.get(field) is not None else None
                known[name] = record
    return known


# --- reading a message --------------------------------------------------------------------------------------------------------------


def too_deep(text):
    depth = 0
    in_string = escaped = False
    for c in text:
        if in_string:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                in_string = False
        elif c == '"':
            in_string = True
        elif c in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                return True
        elif c in "]}":
            depth -= 1
    return False


def no_constant(name):
    raise ValueError(name)


class Pairs(list):
    """An object as it stands, each key as often as it is given."""


def read_json(value):
    if value.startswith(b"\xef\xbb\xbf"):
        value = value[3:]
    if value[:1] == b"\0":
        raise DeadLetter("unsupported_encoding")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DeadLetter("bad_utf8") from error
    # A pair of brackets costs two bytes: what is short cannot be deep.
    if (text.count("[") + text.count("{")) > DEPTH_MAX and too_deep(text):
        raise DeadLetter("too_deep")
    try:
        return json.loads(text, object_pairs_hook=Pairs, parse_constant=no_constant)
    except ValueError as error:
        raise DeadLetter("not_json") from error


def read_text(value):
    if isinstance(value, bool) or isinstance(value, list):
        raise DeadLetter("bad_type")
    if isinstance(value, (int, float)):
        if value != int(value) or abs(value) > 2**53 - 1:
            raise DeadLetter("bad_type")
        value = str(int(value))
    if "\0" in value or len(value.encode()) > ID_BYTES_MAX:
        raise DeadLetter("bad_type")
    return value


def read_event(value):
    """The fields of a message; raises DeadLetter."""
    if not value:
        raise DeadLetter("empty")
    if len(value) > MESSAGE_BYTES_MAX:
        raise DeadLetter("too_large")
    found = read_json(value)
    if not isinstance(found, Pairs):
        raise DeadLetter("missing_field")
    mapped = [name for name, _ in found if name in FIELDS]
    if len(mapped) != len(set(mapped)):
        raise DeadLetter("duplicate_key")
    given = {name: field for name, field in found if name in FIELDS and field is not None}
    event = {name: read_text(given[name]) if name in given else None for name in TEXT_FIELDS}
    for name in ("message_id", "recipient", "occurred_at"):
        if name not in given or given[name] == "":
            raise DeadLetter("missing_field")
    if isinstance(given["occurred_at"], (bool, list)):
        raise DeadLetter("bad_type")
    event["occurred_at"] = read_time(given["occurred_at"])
    if event["occurred_at"] is None or not TIME_MIN_MS <= event["occurred_at"] < TIME_END_MS:
        raise DeadLetter("bad_time")
    return event


# --- judging --------------------------------------------------------------------------------------------------------------------------


def has_ended(link, at):
    if link.get("status") not in ("closed", "sold"):
        return False
    return link.get("closed_at") is None or read_time(link["closed_at"]) <= at


def reasons_of_links(event, record):
    """Which of the five reasons apply, and whether `closed_loan` is within its grace."""
    parties = (record or {}).get("parties") or []
    if not parties:
        return ["no_record"], False
    own = [p for p in parties if event["tenant_id"] is None or p["tenant_id"] == event["tenant_id"]]
    if not own:
        return ["other_tenant"], False
    links = [p for p in own if event["loan_id"] is None or p["loan_id"] == event["loan_id"]]
    if not links:
        return ["wrong_debt"], False
    reasons, in_grace = [], False
    if all(p.get("role") == "contact" for p in links):
        reasons.append("third_party")
    if all(has_ended(p, event["occurred_at"]) for p in links):
        reasons.append("closed_loan")
        dates = [read_time(p["closed_at"]) for p in links if p.get("closed_at") is not None]
        in_grace = bool(dates) and event["occurred_at"] - max(dates) <= CLOSED_GRACE_MS
    return reasons, in_grace


def judge(event, known):
    """Verdict and reasons."""
    channel = event["channel"]
    kind = channel if channel in OWN_NAMESPACE else "phone"
    name = recipient_of(event["recipient"], kind)
    watched = (event["purpose"] or "collection") in WATCHED
    event["watched"] = watched
    # Of what is no number the text itself goes into the pseudonym, in a namespace of its own.
    event["name"] = name or "invalid:" + event["recipient"]
    if name is None:
        return ("unknown" if watched else "exempt"), ["invalid_number"]
    record = known.get(name)
    reasons, in_grace = reasons_of_links(event, record)
    record = record or {}
    if record.get("reassigned") == "yes":
        at = record.get("reassigned_at")
        if at is None or read_time(at) <= event["occurred_at"]:
            reasons.append("reassigned_number")
    if channel is not None and channel in (record.get("opted_out") or []):
        reasons.append("opted_out")
    counting = {r for r in reasons if r in MISDIRECTING and not (r == "closed_loan" and in_grace)}
    if not watched:
        return "exempt", reasons
    return ("misdirected" if counting else "clear"), reasons


class Oracle:
    """Answers for messages in the bytes in which they stand in the topic."""

    def __init__(self, relationships, key_id="demo", key=bytes(32)):
        self.known = load(relationships)
        self.key_id, self.key = key_id, key

    def pseudonym(self, name):
        if name is None:
            return None
        digest = hmac.new(self.key, name.encode(), hashlib.sha256).digest()[:16]
        return self.key_id + ":" + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def answer(self, value):
        """The verdict's fields (`leaf` and `watched` beside them), or {"dead_letter": reason}."""
        try:
            event = read_event(value)
        except DeadLetter as dead:
            return {"dead_letter": str(dead)}
        verdict, reasons = judge(event, self.known)
        return {
            "message_id": event["message_id"], "tenant_id": event["tenant_id"], "verdict": verdict, "reasons": reasons,
            "recipient_pseudonym": self.pseudonym(event["name"]), "occurred_at": event["occurred_at"],
            "leaf": (event["tenant_id"] or "default",) + tuple(event[name] or "" for name in LEAF[1:]),
        }


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 64
    oracle = Oracle(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        for line in file:
            print(json.dumps(oracle.answer(line.rstrip(b"\n")), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
