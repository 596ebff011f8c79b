"""What the verdict of a message ought to be, by the rules of the design (verdicts and reasons) and by nothing else.

It was written from the page, not from the processor, so that replaying a generated day compares two readings of the
same rules. Phone numbers: only the spellings and columns that the generator makes are understood.
"""

import re
import unicodedata

DAY_MS = 86_400_000
CLOSED_GRACE_MS = 3 * DAY_MS
WATCHED = ("collection", "reminder")
REASONS = ("no_record", "other_tenant", "wrong_debt", "third_party", "closed_loan", "reassigned_number", "opted_out",
           "invalid_number")
ENDED = ("closed", "sold")

MOBILE = re.compile(r"1[3-9]\d{9}")
SERVICE = re.compile(r"(?:10|2[0-57-9])9[56]\d{3,4}")      # 96xxx and 95xxx behind an area code
LANDLINE = re.compile(r"(?:10|2[0-57-9])[2-8]\d{7}|[3-9]\d\d[2-8]\d{6,7}")
SEPARATORS = str.maketrans("", "", " -()./\u00a0")


def normalise(recipient):
    """E.164 of a Chinese number in any usual spelling, or None where it is no possible number."""
    digits = unicodedata.normalize("NFKC", recipient).strip().translate(SEPARATORS)
    if digits.startswith("+"):
        if not digits.startswith("+86"):
            return None
        digits = digits[3:]
    elif digits.startswith("0086"):
        digits = digits[4:]
    elif re.fullmatch(r"86" + MOBILE.pattern, digits):
        digits = digits[2:]
    if MOBILE.fullmatch(digits):
        return "+86" + digits
    if digits.startswith("0") and LANDLINE.fullmatch(digits[1:]):
        return "+86" + digits[1:]
    if SERVICE.fullmatch(digits.removeprefix("0")):
        return "+86" + digits.removeprefix("0")
    return None


def applying_links(person, tenant_id, loan_id):
    """The reason that rests on a miss, if any, and the links that are left to be looked at."""
    parties = person.parties if person is not None and person.listed else []
    if not parties:
        return "no_record", []
    own = [party for party in parties if tenant_id is None or party.tenant_id == tenant_id]
    if not own:
        return "other_tenant", []
    if loan_id is not None:
        own = [party for party in own if party.loan_id == loan_id]
        if not own:
            return "wrong_debt", []
    return None, own


def expect(people, event, at_ms):
    """(verdict, reasons) of an event at a time; `people` maps E.164 to persons."""
    watched = (event.get("purpose") or "collection") in WATCHED
    number = normalise(event["recipient"])
    if number is None:
        return ("unknown" if watched else "exempt"), ["invalid_number"]

    person = people.get(number)
    reasons, counts = set(), False
    missing, links = applying_links(person, event.get("tenant_id"), event.get("loan_id"))
    if missing:
        reasons.add(missing)
        counts = True
    elif all(link.role == "contact" for link in links):
        reasons.add("third_party")
        counts = True
    if links and all(link.status in ENDED and (link.closed_at is None or link.closed_at <= at_ms) for link in links):
        reasons.add("closed_loan")
        dates = [link.closed_at for link in links if link.closed_at is not None]
        counts = counts or not dates or at_ms - max(dates) > CLOSED_GRACE_MS
    if person is not None and person.listed:
        if person.reassigned == "yes" and (person.reassigned_at is None or person.reassigned_at <= at_ms):
            reasons.add("reassigned_number")
            counts = True
        if event.get("channel") in person.opted_out:
            reasons.add("opted_out")
    verdict = "exempt" if not watched else "misdirected" if counts else "clear"
    return verdict, [reason for reason in REASONS if reason in reasons]
