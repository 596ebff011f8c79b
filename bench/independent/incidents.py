#!/usr/bin/env python3
"""Days of messages with planted incidents, to measure the classifier of likely causes.

Why a second generator: a classifier that is measured on the traffic it was tuned on tells how well it was tuned. This
one was written from the domain, as things go wrong in the life of a lender, by someone who has not read the classifier,
and it shares no code with the processor or with `wrongnumber-bench generate`. See causes.py for what is planted.

A day has several lenders. One incident of each cause happens, each in a lender of its own and at an hour of its own;
the other lenders stay healthy. Same seed, same bytes.

    incidents.py --seed 7 --out DIR
        relationships.ndjson  events.ndjson  labels.ndjson  scenario.json  vendors.txt  config.yaml
"""

import argparse
import datetime
import json
import pathlib

from causes import VARIANTS, Scene, audience_before
from verdict import expect
from world import HOUR_MS, World, spell

CAUSES = ("wrong_list", "closed_loans", "shifted_column", "number_walking", "feed_lag", "recycled_numbers",
          "unregistered_vendor", "leaked_list", "broad_rule")
MESSAGES_OF_AN_INCIDENT = 6000          # with the healthy ones among them
SHARED_IDS = {"vendor": "vendor_id", "template": "template_id", "sender": "sender_id"}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def choose_variants(seed):
    """One variant of each cause; over consecutive seeds each variant of a cause has its turn equally often."""
    chosen = []
    for number, cause in enumerate(CAUSES):
        variants = [variant for variant in VARIANTS if variant.cause == cause]
        chosen.append(variants[(seed + number) % len(variants)])
    return chosen


def plan_incident(world, tenant, variant, start_ms, number):
    """Makes the campaigns of an incident and plants the wrong targets in them."""
    draw = world.random
    rate = draw.uniform(*variant.rate)
    size = int(min(world.log_uniform(*variant.size), MESSAGES_OF_AN_INCIDENT * rate))
    spread = draw.choice(variant.spread)
    count = 1 if spread == "campaign" else draw.randint(3, 7) if spread == "tenant" else draw.randint(2, 4)
    with_loan_ids = draw.random() < 0.6 if variant.loan_ids is None else variant.loan_ids
    begins_mid = draw.random() < 0.5 and not variant.whole

    shared = {}
    if spread in SHARED_IDS:
        pool = {"vendor": tenant.vendors, "template": tenant.templates, "sender": tenant.senders}[spread]
        shared[SHARED_IDS[spread]] = draw.choice(pool)
    faulty_messages = max(20, round(size / rate / count))
    healthy_before = int(faulty_messages * draw.uniform(0.1, 0.8)) + 20 if begins_mid else 0
    campaigns = [tenant.campaign(faulty_messages + healthy_before, start_ms, with_loan_ids, **shared)
                 for _ in range(count)]
    for campaign in campaigns:      # one speed for all, so that the hour is not left
        campaign.rate_per_s = max(campaigns[0].rate_per_s, len(campaign.targets) * count / 3000)
        if campaign.planned_size and draw.random() < 0.5 and audience_before(variant.name):
            campaign.planned_size = int(campaign.planned_size * audience_before(variant.name))

    incident = {"id": f"incident-{number}", "kind": variant.cause, "cause": variant.cause, "variant": variant.name,
                "unknowable": variant.unknowable, "rate": round(rate, 3), "size": size, "begins_mid": begins_mid,
                "campaigns": count, "with_loan_ids": with_loan_ids}
    wrong_target = variant.draw(Scene(world, tenant, campaigns, size, draw))
    replaced = []
    for position in range(healthy_before, healthy_before + faulty_messages):
        for campaign in campaigns:
            if draw.random() < rate:
                replaced.append((campaign, position, wrong_target(campaign, position)))
    for campaign, position, target in replaced:
        campaign.targets[position] = target
        campaign.planted[position] = incident

    first = campaigns[0]
    identity = {"campaign": first.campaign_id, "tenant": tenant.id, "vendor": first.vendor_id,
                "template": first.template_id, "sender": first.sender_id}[spread]
    incident["scope"] = {"kind": spread, "id": identity, "tenant_id": tenant.id}
    return campaigns, incident


def plan_day(world, variants, cold):
    """All campaigns of the day, the healthy ones too, and the incidents."""
    draw = world.random
    campaigns, incidents = [], []
    hours = list(range(len(variants)))
    draw.shuffle(hours)
    lenders = draw.sample(world.tenants, len(variants))
    for number, (variant, tenant, hour) in enumerate(zip(variants, lenders, hours), 1):
        start_ms = world.midnight_ms + 10 * HOUR_MS + int((hour * 1.3 + draw.uniform(0, 0.3)) * HOUR_MS)
        if variant.at_night and draw.random() < 0.4:
            start_ms = world.midnight_ms + int(draw.uniform(22.5, 25.5) * HOUR_MS)
        wrong, incident = plan_incident(world, tenant, variant, start_ms, number)
        campaigns += wrong
        incidents.append(incident)
    for tenant in world.tenants:
        if not cold:
            campaigns += tenant.history()
        for _ in range(draw.randint(4, 8)):
            start_ms = world.midnight_ms + int(draw.uniform(8, 20) * HOUR_MS)
            campaigns.append(tenant.campaign(int(world.log_uniform(60, 1200)), start_ms))
        for _ in range(2):          # every lender has sent something before the first hour at which things go wrong
            start_ms = world.midnight_ms + int(draw.uniform(8, 8.7) * HOUR_MS)
            campaigns.append(tenant.campaign(int(world.log_uniform(200, 900)), start_ms))
        service = tenant.campaign(draw.randint(20, 200), world.midnight_ms + 9 * HOUR_MS)
        service.purpose = draw.choice(["otp", "service", "marketing"])
        campaigns.append(service)
    return campaigns, incidents


def messages_of(world, campaign):
    """(time, campaign, position) of each message, as a sender works a list off."""
    at_ms = float(campaign.start_ms)
    for position in range(len(campaign.targets)):
        at_ms += world.random.expovariate(campaign.rate_per_s) * 1000
        yield int(at_ms), campaign, position


def event_of(campaign, position, at_ms, message_id):
    recipient, loan_id = campaign.targets[position]
    tenant = campaign.tenant
    event = {"message_id": message_id, "recipient": spell(recipient, tenant.spelling),
             "occurred_at": at_ms if tenant.numeric_times else rfc3339(at_ms), "channel": campaign.channel,
             "purpose": campaign.purpose, "tenant_id": tenant.id, "campaign_id": campaign.campaign_id,
             "template_id": campaign.template_id, "sender_id": campaign.sender_id, "vendor_id": campaign.vendor_id}
    if campaign.with_loan_ids and loan_id is not None:
        event["loan_id"] = loan_id
    if campaign.planned_size:
        event["planned_size"] = campaign.planned_size
    return event


def written_oddly(event, random):
    """What some systems leave out, null or write in full width. None of it makes a message wrong."""
    oddity = random.randrange(5)
    if oddity == 0:
        event["recipient"] = event["recipient"].translate(FULL_WIDTH)
    elif oddity == 1:
        event.pop("tenant_id")
    elif oddity == 2 and event["purpose"] == "collection":
        event.pop("purpose")
    elif oddity == 3 and event["purpose"] == "collection":
        event["purpose"] = None
    elif oddity == 4:
        event["loan_id"] = None


def rfc3339(at_ms):
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, CHINA)
    return moment.isoformat(timespec="milliseconds")


def relationship_of(person):
    parties = []
    for party in person.parties:
        line = {"tenant_id": party.tenant_id, "loan_id": party.loan_id, "borrower_id": party.borrower_id,
                "role": party.role, "status": party.status}
        if party.closed_at is not None:
            line["closed_at"] = rfc3339(party.closed_at)
        parties.append(line)
    line = {"recipient": person.number, "parties": parties, "reassigned": person.reassigned}
    if person.reassigned_at is not None:
        line["reassigned_at"] = rfc3339(person.reassigned_at)
    if person.opted_out:
        line["opted_out"] = list(person.opted_out)
    return line


def write_lines(path, records):
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_day(world, seed, campaigns, incidents, out):
    out.mkdir(parents=True, exist_ok=True)
    schedule = sorted((message for campaign in campaigns for message in messages_of(world, campaign)),
                      key=lambda message: (message[0], message[1].tenant.id, message[1].campaign_id, message[2]))
    events, labels = [], []
    spans = {incident["id"]: [] for incident in incidents}
    for number, (at_ms, campaign, position) in enumerate(schedule):
        event = event_of(campaign, position, at_ms, f"{campaign.tenant.id[:3]}{number:07d}")
        incident = campaign.planted.get(position)
        if not incident and world.random.random() < 0.02:
            written_oddly(event, world.random)
        verdict, reasons = expect(world.people, event, at_ms)
        labels.append({"message_id": event["message_id"], "expected": verdict, "reasons": reasons,
                       "incident": incident["id"] if incident else None,
                       "cause": incident["cause"] if incident else None})
        if incident:
            spans[incident["id"]].append(event["message_id"])
        events.append(event)
    for incident in incidents:
        ids = spans[incident["id"]]
        incident["first_message_id"], incident["last_message_id"] = (ids[0], ids[-1]) if ids else (None, None)
        incident["planted"] = len(ids)

    known = [person for person in world.people.values() if person.listed]
    world.random.shuffle(known)
    vendors = {f"{tenant.id}/{vendor}" for tenant in world.tenants for vendor in tenant.vendors}
    # Messages that name no lender count as the tenant "default".
    vendors |= {"default/" + vendor for tenant in world.tenants for vendor in tenant.vendors}
    vendors = sorted(vendors)
    write_lines(out / "relationships.ndjson", map(relationship_of, known))
    write_lines(out / "events.ndjson", events)
    write_lines(out / "labels.ndjson", labels)
    (out / "scenario.json").write_text(json.dumps({"seed": seed, "incidents": incidents}, indent=1) + "\n")
    (out / "vendors.txt").write_text("\n".join(vendors) + "\n")
    (out / "config.yaml").write_text("policy:\n  vendors:\n" + "".join(f"    - {vendor}\n" for vendor in vendors))


def generate(seed, out, cold=False):
    world = World(seed)
    campaigns, incidents = plan_day(world, choose_variants(seed), cold)
    write_day(world, seed, campaigns, incidents, pathlib.Path(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--cold", action="store_true", help="leave out the early batches: texts and senders may be new")
    arguments = parser.parse_args()
    generate(arguments.seed, arguments.out, arguments.cold)


if __name__ == "__main__":
    main()
