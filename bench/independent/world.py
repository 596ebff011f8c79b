"""The world of the independent generator: lenders, their customers, numbers as Chinese carriers give them out, and the
healthy campaigns of a day with the ordinary mistakes that every list has.

People are made as they are needed. A person who is not `listed` exists, but the relationship data does not know them.
"""

import math
import random
from dataclasses import dataclass, field

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

# Three-digit prefixes in use, roughly by their share of subscribers.
PREFIXES = {"134": 3, "135": 5, "136": 5, "137": 5, "138": 6, "139": 6, "147": 1, "150": 4, "151": 4, "152": 3,
            "157": 2, "158": 4, "159": 4, "178": 2, "182": 3, "183": 3, "184": 2, "187": 4, "188": 4, "198": 1,
            "130": 3, "131": 3, "132": 3, "155": 2, "156": 3, "166": 1, "175": 1, "176": 2, "185": 2, "186": 4,
            "133": 3, "153": 3, "173": 2, "177": 3, "180": 3, "181": 3, "189": 4, "191": 1, "199": 1}
LENDER_NAMES = ("huarong", "lanqiao", "yinshan", "puhui", "dongjin", "xinye", "minsheng", "baitong", "kaida", "ruixin",
                "anhe", "chengtai", "fubang", "jinding", "longmen", "nanfeng")
VENDOR_NAMES = ("north-call", "sms-gate", "zhonglian", "blue-wave", "tongda", "jk-outsourcing", "haoxin", "rapid-link",
                "silk-road", "yunda", "shenghe", "credit-aid")


@dataclass
class Party:
    tenant_id: str
    loan_id: str
    borrower_id: str
    role: str = "borrower"
    status: str = "overdue"
    closed_at: int = None


@dataclass
class Person:
    number: str
    city: int
    parties: list = field(default_factory=list)
    listed: bool = True
    reassigned: str = "no_data"
    reassigned_at: int = None
    opted_out: tuple = ()


@dataclass
class Campaign:
    tenant: object
    campaign_id: str
    template_id: str
    sender_id: str
    vendor_id: str
    channel: str
    purpose: str
    with_loan_ids: bool
    planned_size: int
    start_ms: int
    rate_per_s: float
    targets: list = field(default_factory=list)     # (recipient as a person or as text, loan id or None)
    planted: dict = field(default_factory=dict)     # position -> incident


class World:
    """Everything that exists on one day."""

    def __init__(self, seed, tenant_count=11):
        self.random = random.Random(seed)
        self.midnight_ms = 1_792_886_400_000 - 8 * HOUR_MS + self.random.randrange(0, 25) * DAY_MS
        self.people = {}
        self.cities = [self._blocks_of_a_city() for _ in range(36)]
        names = self.random.sample(LENDER_NAMES, tenant_count)
        self.tenants = [Tenant(self, name) for name in names]
        for tenant in self.tenants:
            tenant.settle_customers()

    def _blocks_of_a_city(self):
        """A city's numbers lie in short runs of neighbouring blocks of ten thousand under many prefixes."""
        blocks = []
        for _ in range(self.random.randint(25, 90)):
            prefix = self.random.choices(list(PREFIXES), list(PREFIXES.values()))[0]
            first = self.random.randrange(10_000)
            blocks += [f"{prefix}{(first + i) % 10_000:04d}" for i in range(self.random.randint(1, 10))]
        return blocks

    def free_number(self, blocks):
        while True:
            number = f"+86{self.random.choice(blocks)}{self.random.randrange(10_000):04d}"
            if number not in self.people:
                return number

    def person(self, city, listed=True, number=None):
        number = number or self.free_number(self.cities[city])
        person = Person(number, city, listed=listed)
        draw = self.random.random()
        if draw < 0.3:
            person.reassigned = "no"
        elif draw < 0.3005:
            person.reassigned, person.reassigned_at = "yes", self.midnight_ms + 20 * DAY_MS
        if self.random.random() < 0.01:
            person.opted_out = ("sms",) if self.random.random() < 0.5 else ("voice",)
        self.people[number] = person
        return person

    def stranger(self, city=None):
        """Somebody who has a phone and nothing to do with any lender."""
        return self.person(self.random.randrange(len(self.cities)) if city is None else city, listed=False)

    def days_ago(self, low, high):
        """A time between so many days ago, at whole seconds."""
        return self.midnight_ms - int(self.random.uniform(low, high) * 86_400) * 1000

    def log_uniform(self, low, high):
        return math.exp(self.random.uniform(math.log(low), math.log(high)))


class Tenant:
    """A lender: where its customers live, how it writes ids and numbers, who sends for it, and how often it errs."""

    def __init__(self, world, name):
        draw = world.random
        self.world, self.id = world, name
        if draw.random() < 0.5:
            home = draw.sample(range(len(world.cities)), draw.randint(1, 3))
            self.city_weights = [30.0 if i in home else 0.3 for i in range(len(world.cities))]
        else:
            self.city_weights = [1 / (1 + rank) ** 0.7 for rank in draw.sample(range(36), 36)]
        self.first_loan = draw.randrange(10_000, 900_000)
        self.newest_loan = self.first_loan + 60_000
        self.used_loans = set()
        self.loan_prefix = draw.choice(["L", "HT2026-", name[:2].upper() + "-", ""])
        self.spelling = draw.choice(["plain", "e164", "spaced", "idd", "country", "e164", "plain"])
        self.numeric_times = draw.random() < 0.3
        self.with_loan_ids = draw.random() < 0.7
        self.error_rate = world.log_uniform(0.001, 0.01)
        self.vendors = draw.sample(VENDOR_NAMES, draw.randint(2, 4))
        self.senders = [f"1069{draw.randrange(10**7):07d}" for _ in range(draw.randint(3, 6))]
        self.templates = [f"t-{name[:3]}-{i + 1:02d}" for i in range(draw.randint(6, 10))]
        self.campaign_count = 0
        self.owing, self.ended, self.contacts = [], [], []

    def city(self):
        return self.world.random.choices(range(len(self.city_weights)), self.city_weights)[0]

    def new_loan_id(self):
        """Of a loan younger than all others."""
        self.newest_loan += self.world.random.randint(1, 9)
        return f"{self.loan_prefix}{self.newest_loan:08d}"

    def old_loan_id(self):
        """Of a loan of any age, so that a list in the order of loans says nothing of who is on it by mistake."""
        while True:
            number = self.world.random.randrange(self.first_loan, self.first_loan + 60_000)
            if number not in self.used_loans:
                self.used_loans.add(number)
                return f"{self.loan_prefix}{number:08d}"

    def link(self, person, role="borrower", status="overdue", closed_at=None, loan_id=None):
        loan_id = loan_id or self.old_loan_id()
        party = Party(self.id, loan_id, "B" + loan_id[-6:], role, status, closed_at)
        person.parties.append(party)
        return party

    def borrower(self, status=None, city=None):
        """A new customer who owes: (person, loan id)."""
        person = self.world.person(self.city() if city is None else city)
        status = status or self.world.random.choices(["overdue", "active", "written_off"], [6, 3, 1])[0]
        return person, self.link(person, status=status).loan_id

    def former(self, closed_at, status="closed", city=None):
        """A customer whose only loan has ended."""
        person = self.world.person(self.city() if city is None else city)
        return person, self.link(person, status=status, closed_at=closed_at).loan_id

    def contact(self, loan_id):
        """Somebody whom the borrower of a loan has named."""
        person = self.world.person(self.city())
        self.link(person, role="contact", loan_id=loan_id)
        return person, loan_id

    def settle_customers(self):
        draw, world = self.world.random, self.world
        for _ in range(draw.randint(1200, 2200)):
            person, loan_id = self.borrower()
            self.owing.append((person, loan_id))
            if draw.random() < 0.12:
                self.link(person, status="closed", closed_at=world.days_ago(30, 1500))
            if draw.random() < 0.03:
                self.link(person, role="contact")
            if draw.random() < 0.04:
                other = draw.choice(world.tenants) if hasattr(world, "tenants") else self
                other.link(person, status=draw.choice(["overdue", "active", "closed"]),
                           closed_at=world.days_ago(10, 900))
            if draw.random() < 0.35:
                self.contacts.append(self.contact(loan_id))
            if draw.random() < 0.05:
                self.owing.append((world.person(self.city()), loan_id))
                self.link(self.owing[-1][0], role=draw.choice(["guarantor", "co_borrower"]), loan_id=loan_id)
        for _ in range(draw.randint(300, 700)):
            self.ended.append(self.former(world.days_ago(5, 1200), status=draw.choice(["closed"] * 9 + ["sold"])))
            if draw.random() < 0.1:
                self.link(self.ended[-1][0], status="closed", closed_at=draw.choice([None, world.days_ago(-1, 900)]))

    def mistake(self):
        """None, or once in a while what a good list gets wrong: a message that should not be, or barely should."""
        draw, world = self.world.random, self.world
        if draw.random() < 0.002:
            return self.former(world.days_ago(-0.2, 2.0))
        if draw.random() >= self.error_rate:
            return None
        kind = draw.choices(["deleted", "reassigned", "closed", "contact", "typing"], [30, 20, 30, 15, 5])[0]
        if kind == "deleted":
            return world.stranger(self.city()), self.old_loan_id()
        if kind == "reassigned":
            person, loan_id = self.borrower()
            person.reassigned, person.reassigned_at = "yes", world.days_ago(5, 700)
            return person, loan_id
        if kind == "closed":
            return draw.choice(self.ended)
        if kind == "contact":
            return draw.choice(self.contacts)
        person, _ = draw.choice(self.owing)
        return person, draw.choice(self.owing)[1]

    def healthy_targets(self, size):
        """A good list: people who owe, each loan once, with the ordinary mistakes among them."""
        while len(self.owing) < size:
            self.owing.append(self.borrower())
        listed = self.world.random.sample(self.owing, size)
        return [self.mistake() or target for target in listed]

    def history(self):
        """Small batches of the early morning, so that no text, sender or vendor of the lender is new to who watches."""
        start_ms = self.world.midnight_ms + 7 * HOUR_MS
        count = max(len(self.templates), len(self.senders), len(self.vendors))
        for i in range(count):
            yield self.campaign(self.world.random.randint(20, 60), start_ms + i * HOUR_MS // 8,
                                template_id=self.templates[i % len(self.templates)],
                                sender_id=self.senders[i % len(self.senders)],
                                vendor_id=self.vendors[i % len(self.vendors)])

    def campaign(self, size, start_ms, with_loan_ids=None, **fixed):
        """A healthy campaign; `fixed` pins some of its ids."""
        draw = self.world.random
        self.campaign_count += 1
        stage = draw.choice(["due-soon", "m1", "m2", "m3", "promise", "recall"])
        campaign = Campaign(
            tenant=self, campaign_id=f"{stage}-{self.campaign_count:03d}",
            template_id=draw.choice(self.templates), sender_id=draw.choice(self.senders),
            vendor_id=draw.choice(self.vendors), channel=draw.choices(["sms", "voice"], [5, 1])[0],
            purpose="reminder" if stage == "due-soon" else "collection",
            with_loan_ids=self.with_loan_ids if with_loan_ids is None else with_loan_ids,
            planned_size=size if draw.random() < 0.5 else None,
            start_ms=start_ms, rate_per_s=self.world.log_uniform(0.5, 12))
        for name, value in fixed.items():
            setattr(campaign, name, value)
        campaign.targets = self.healthy_targets(size)
        order = draw.random()
        if order < 0.15:
            campaign.targets.sort(key=lambda target: target[0].number)
        elif order < 0.4:
            campaign.targets.sort(key=lambda target: target[1])
        return campaign


def spell(recipient, spelling):
    """A person's number as the lender's system writes it; text from another column stays as it is."""
    if isinstance(recipient, str):
        return recipient
    national = recipient.number[3:]
    return {"plain": national, "e164": recipient.number, "idd": "0086" + national, "country": "86" + national,
            "spaced": f"{national[:3]} {national[3:7]} {national[7:]}"}[spelling]
