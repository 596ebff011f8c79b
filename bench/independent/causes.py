"""The nine causes of misdirected batches, each in several of the forms in which it happens.

A variant is a function of a scene (the world, the tenant and its campaigns of the hour). It may change the campaigns,
and returns `draw(campaign, position)`, which gives the wrong target of one message: (recipient, loan id). All of them
are in one file, long as it is, so that they can be read beside each other. What a variant says about itself before any
message is sent:

  rate       range of the share of messages that go wrong once it has begun
  loan_ids   True or False where the form only exists, or only does harm, with or without loan ids
  spread     the scopes that it may have: one campaign, or several that share a vendor, template, sender or tenant
  whole      the campaign was wrong from its first message on: its sender or vendor is
  unknowable why the messages alone cannot tell it from another cause, where they cannot
"""

from dataclasses import dataclass

VARIANTS = []


@dataclass
class Variant:
    cause: str
    name: str
    draw: object
    rate: tuple
    loan_ids: bool
    spread: tuple
    unknowable: str
    size: tuple
    at_night: bool
    whole: bool


def variant(cause, rate=(0.1, 1.0), loan_ids=None, spread=("campaign",), unknowable=None, size=(50, 5000),
            at_night=False, whole=False):
    def register(function):
        VARIANTS.append(Variant(cause, function.__name__, function, rate, loan_ids, spread, unknowable, size, at_night,
                                whole))
        return function
    return register


@dataclass
class Scene:
    world: object
    tenant: object
    campaigns: list
    size: int
    random: object

    def others(self):
        return [tenant for tenant in self.world.tenants if tenant is not self.tenant]

    def set_all(self, **values):
        for campaign in self.campaigns:
            for name, value in values.items():
                setattr(campaign, name, value)

    def strange_credentials(self):
        """What nobody at the lender has set up: a text and a sender of its own."""
        self.set_all(template_id=f"tpl{self.random.randrange(10**6):06d}",
                     sender_id=f"106{self.random.randrange(10**8):08d}")


def in_order(items):
    """Takes each of the items once, from the first on; from the first again when they are used up."""
    taken = iter(range(1 << 60))
    return lambda campaign, position: items[next(taken) % len(items)]


def one_by_one(make):
    """Makes each target when it is asked for."""
    return lambda campaign, position: make()


# ---- wrong list: the right campaign got somebody else's file ---------------------------------------------------------

@variant("wrong_list", rate=(0.6, 1.0), loan_ids=True)
def shifted_by_a_row(scene):
    """The numbers slipped by a row or a few against the loans: everybody hears of a neighbour's debt."""
    slip = scene.random.choice([1, 1, 1, -1, 2, 10])
    healthy = {id(c): list(c.targets) for c in scene.campaigns}
    return lambda campaign, position: (
        healthy[id(campaign)][(position + slip) % len(campaign.targets)][0], healthy[id(campaign)][position][1])


@variant("wrong_list", rate=(0.8, 1.0), loan_ids=True, spread=("campaign", "template"))
def one_column_sorted(scene):
    """Somebody sorted the column of numbers and not the one of loans."""
    def pairs(campaign):
        people = sorted((person for person, _ in campaign.targets), key=lambda person: person.number)
        return [(person, loan_id) for person, (_, loan_id) in zip(people, campaign.targets)]
    mixed = {id(campaign): pairs(campaign) for campaign in scene.campaigns}
    return lambda campaign, position: mixed[id(campaign)][position]


@variant("wrong_list", rate=(0.5, 1.0), loan_ids=True)
def another_products_list(scene):
    """Customers of another product, some of them of long ago, with the loans of this one."""
    tenant = scene.tenant
    people = [tenant.borrower() for _ in range(scene.size * 8 // 10)]
    people += [tenant.former(scene.world.days_ago(5, 800)) for _ in range(scene.size - len(people))]
    scene.random.shuffle(people)
    next_person = in_order(people)
    return lambda campaign, position: (next_person(campaign, position)[0], campaign.targets[position][1])


@variant("wrong_list", rate=(0.7, 1.0), spread=("campaign", "vendor"))
def another_lenders_list(scene):
    """A vendor that works for two lenders loaded the file of the other."""
    other = scene.random.choice(scene.others())
    listed = [target for target in other.healthy_targets(min(scene.size, 5000))]
    return in_order(listed)


@variant("wrong_list", size=(50, 1500), rate=(0.7, 1.0), loan_ids=False)
def test_list_in_production(scene):
    """The numbers of staff and testers, again and again, because the loop is a load test."""
    testers = [(scene.world.stranger(scene.tenant.city()), None) for _ in range(scene.random.randint(20, 150))]
    return one_by_one(lambda: scene.random.choice(testers))


@variant("wrong_list", size=(50, 500), rate=(0.9, 1.0), loan_ids=False,
         unknowable="a test list of numbers in a row is number walking to whoever sees only the messages")
def test_numbers_in_a_row(scene):
    """Made-up test numbers, 13800000001 and on."""
    block = scene.random.choice(["1380000", "1390000", "1300000", "1880000"])
    return in_order([(f"{block}{i:04d}", None) for i in range(1, scene.size + 1)])


@variant("wrong_list", rate=(0.6, 1.0), loan_ids=False,
         unknowable="strangers from all over under the usual template: a bought list looks the same")
def depositors_list(scene):
    """The bank's depositors instead of its borrowers; a few are both."""
    tenant = scene.tenant
    def depositor():
        if scene.random.random() < 0.06:
            return scene.random.choice(tenant.owing)
        return scene.world.stranger(tenant.city()), None
    return one_by_one(depositor)


# ---- closed loans ----------------------------------------------------------------------------------------------------

@variant("closed_loans", rate=(0.1, 0.6), spread=("campaign", "vendor"))
def stale_snapshot(scene):
    """The list was exported weeks or months ago; who has paid since is still on it."""
    age = scene.world.log_uniform(8, 150)
    return one_by_one(lambda: scene.tenant.former(scene.world.days_ago(3.5, age)))


@variant("closed_loans", rate=(0.5, 1.0))
def status_filter_missing(scene):
    """Everybody who ever had a loan."""
    status = ["closed"] * 8 + ["sold"] * 2
    return one_by_one(lambda: scene.tenant.former(scene.world.days_ago(10, 1800), scene.random.choice(status)))


@variant("closed_loans", rate=(0.4, 1.0), spread=("campaign", "template", "tenant"))
def settled_on_one_day(scene):
    """A promotion or a batch booking settled thousands of loans on one day, and collection was not told."""
    day = scene.random.randint(4, 25)
    return one_by_one(lambda: scene.tenant.former(scene.world.days_ago(day, day + 0.9)))


@variant("closed_loans", rate=(0.6, 1.0), spread=("campaign", "vendor"))
def sold_portfolio(scene):
    """The debts were sold; the seller's vendor goes on collecting."""
    sold_at = scene.world.days_ago(5, 120)
    return one_by_one(lambda: scene.tenant.former(sold_at, "sold"))


@variant("closed_loans", rate=(0.2, 0.9))
def closed_without_a_date(scene):
    """An old system that keeps no date of closing."""
    return one_by_one(lambda: scene.tenant.former(None))


# ---- shifted column: the recipient is not a number of the recipient --------------------------------------------------

def identity_card(random):
    area = random.choice(["110105", "330106", "510107", "440305", "320508", "420111", "610113", "350203"])
    born = f"{random.randint(1958, 2004)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
    return f"{area}{born}{random.randrange(1000):03d}{random.choice('0123456789X')}"


def keeping_loans(make):
    """The other columns are right: the loan id stays."""
    return lambda campaign, position: (make(), campaign.targets[position][1])


@variant("shifted_column", rate=(0.3, 1.0), spread=("campaign", "template", "vendor"))
def identity_column(scene):
    """The identity card or its tail. Eleven digits from the year of birth on are a possible number: 1990 01 01 123."""
    cut = scene.random.choice([slice(None), slice(-6, None), slice(-8, None), slice(-4, None), slice(6, 17),
                               slice(6, 17)])
    return keeping_loans(lambda: identity_card(scene.random)[cut])


@variant("shifted_column", rate=(0.3, 1.0), spread=("campaign", "template"))
def amount_column(scene):
    """What is owed, as plain numbers, with separators or in cents."""
    form = scene.random.choice(["{:.2f}", "{:,.2f}", "\u00a5{:,.2f}", "{:.0f}"])
    return keeping_loans(lambda: form.format(scene.world.log_uniform(300, 90_000)))


@variant("shifted_column", rate=(0.3, 1.0), spread=("campaign", "sender"))
def date_column(scene):
    """The due date."""
    form = scene.random.choice(["{y}-{m:02d}-{d:02d}", "{y}{m:02d}{d:02d}", "{y}/{m}/{d}",
                                "{y}-{m:02d}-{d:02d} 00:00:00"])
    return keeping_loans(lambda: form.format(y=2026, m=scene.random.randint(6, 12), d=scene.random.randint(1, 28)))


@variant("shifted_column", rate=(0.3, 1.0))
def landline_column(scene):
    """The telephone at work. Not every row has one; where there is none the cell is a dash."""
    areas = ["010", "021", "020", "028", "0571", "0755", "0512", "0531", "0591", "0371", "0731"]
    dash = scene.random.choice([0.0, 0.2, 0.5])
    joint = scene.random.choice(["-", "", " "])
    def landline():
        if scene.random.random() < dash:
            return "-"
        return f"{scene.random.choice(areas)}{joint}8{scene.random.randint(1, 8)}{scene.random.randrange(10**6):06d}"
    return keeping_loans(landline)


@variant("shifted_column", rate=(0.3, 1.0), spread=("campaign", "vendor"))
def mangled_by_a_spreadsheet(scene):
    """1.38E+10, a digit lost, or two cells run together."""
    def mangled(number):
        kind = scene.random.random()
        if kind < 0.5:
            return f"{int(number) / 10**10:.2f}E+10"
        return number[:-1] if kind < 0.8 else number + scene.random.choice(["1", "0571"])
    return lambda campaign, position: (mangled(campaign.targets[position][0].number[3:]), campaign.targets[position][1])


@variant("shifted_column", rate=(0.9, 1.0), loan_ids=True,
         unknowable="the neighbouring column holds the contact's number: a rule that takes in contacts does the same")
def contact_column(scene):
    """The column beside the borrower's number is the one of the emergency contact."""
    def contact(campaign, position):
        loan_id = campaign.targets[position][1]
        return scene.tenant.contact(loan_id)
    return contact


# ---- number walking --------------------------------------------------------------------------------------------------

def walk(scene, numbers, loan=None):
    return in_order([(number, loan) for number in numbers])


@variant("number_walking", rate=(0.3, 1.0), loan_ids=False)
def one_by_one_upwards(scene):
    """A loop over a range, up or down."""
    first = scene.random.randrange(10**8)
    prefix = scene.random.choice(["138", "139", "186", "177", "150", "159"])
    step = scene.random.choice([1, 1, 1, -1, 2, 3])
    return walk(scene, [f"{prefix}{(first + step * i) % 10**8:08d}" for i in range(scene.size)])


@variant("number_walking", rate=(0.5, 1.0), loan_ids=False)
def a_block_in_random_order(scene):
    """A dialler that draws from the ten thousand numbers of a block, each once."""
    block = scene.random.choice(scene.world.cities[scene.tenant.city()])
    return walk(scene, [f"{block}{i:04d}" for i in scene.random.sample(range(10_000), min(scene.size, 9_999))])


@variant("number_walking", rate=(0.5, 1.0), loan_ids=False, spread=("campaign", "sender"))
def workers_side_by_side(scene):
    """Several workers, each with a range of its own, one message of one after one of another."""
    workers = scene.random.randint(3, 12)
    blocks = [scene.random.choice(scene.world.cities[scene.random.randrange(36)]) for _ in range(workers)]
    first = [scene.random.randrange(5_000) for _ in range(workers)]
    return walk(scene, [f"{blocks[i % workers]}{(first[i % workers] + i // workers) % 10_000:04d}"
                        for i in range(scene.size)])


@variant("number_walking", rate=(0.3, 1.0), loan_ids=False)
def numbers_of_active_phones(scene):
    """A range that was checked before: only numbers in use, about two of three, in shuffled hundreds."""
    block = scene.random.choice(scene.world.cities[scene.tenant.city()])
    first = scene.random.randrange(9_999)
    used = [n for n in range(first, first + scene.size * 2) if scene.random.random() < 0.65][:scene.size]
    hundreds = [used[i:i + 100] for i in range(0, len(used), 100)]
    for hundred in hundreds:
        scene.random.shuffle(hundred)
    base = int(block) * 10_000
    return walk(scene, [str(base + n) for hundred in hundreds for n in hundred])


@variant("number_walking", rate=(0.5, 1.0), loan_ids=True)
def walk_with_a_borrowed_loan_id(scene):
    """A stolen credential: made-up numbers under a few loan ids that exist."""
    loans = [loan_id for _, loan_id in scene.random.sample(scene.tenant.owing, 5)]
    first = int(scene.random.choice(scene.world.cities[scene.tenant.city()])) * 10_000
    step = scene.random.choice([1, 1, 5, 10])
    numbers = in_order([str(first + step * i) for i in range(scene.size)])
    return lambda campaign, position: (numbers(campaign, position), scene.random.choice(loans))


# ---- feed lag: the lists are right, the relationship data is behind --------------------------------------------------

def not_yet_known(scene, city=None):
    """A new loan that the data does not have. Some of these people had one before, or have one elsewhere."""
    tenant, world = scene.tenant, scene.world
    city = tenant.city() if city is None else city
    loan_id = tenant.new_loan_id()
    kind = scene.random.random()
    if kind < 0.80:
        return world.stranger(city), loan_id
    if kind < 0.92:
        return tenant.former(world.days_ago(40, 900), city=city)[0], loan_id
    if kind < 0.97:
        return scene.random.choice(scene.others()).borrower(city=city)[0], loan_id
    return tenant.borrower(city=city)[0], loan_id


@variant("feed_lag", rate=(0.1, 0.5), spread=("tenant",), size=(200, 5000))
def feed_of_the_lender_stopped(scene):
    """Whatever was lent since some hour is missing, in every campaign of the lender."""
    return one_by_one(lambda: not_yet_known(scene))


@variant("feed_lag", rate=(0.6, 1.0), spread=("template",), size=(100, 3000))
def first_instalments(scene):
    """New loans only: the campaigns that remind of the first instalment, of several products."""
    scene.set_all(purpose="reminder")
    return one_by_one(lambda: not_yet_known(scene))


@variant("feed_lag", rate=(0.6, 1.0), spread=("campaign",), loan_ids=True,
         unknowable="one campaign of new loans only: a list of strangers looks the same until the records come")
def first_instalments_of_one_product(scene):
    scene.set_all(purpose="reminder")
    return one_by_one(lambda: not_yet_known(scene))


@variant("feed_lag", rate=(0.3, 0.9), spread=("sender", "vendor"))
def a_branch_is_missing(scene):
    """The file of one region's branch did not come; its campaigns go out by its own sender."""
    city = scene.tenant.city()
    return one_by_one(lambda: not_yet_known(scene, city))


@variant("feed_lag", rate=(0.1, 0.4), spread=("tenant",), size=(200, 5000))
def changed_numbers_are_missing(scene):
    """Customers' new numbers are in the lists and not in the data; the loans are old ones."""
    def moved(campaign, position):
        return scene.world.stranger(scene.tenant.city()), campaign.targets[position][1]
    return moved


@variant("feed_lag", rate=(0.25, 0.7), spread=("tenant",), size=(300, 5000))
def half_a_file(scene):
    """The lender's export broke off: a part of its customers, old and new, is not there."""
    def lost(campaign, position):
        return scene.world.stranger(scene.tenant.city()), campaign.targets[position][1]
    return lost


@variant("feed_lag", rate=(0.7, 1.0), spread=("campaign", "vendor"),
         unknowable="a portfolio that was bought and still stands under its seller: another lender's list, to the eye")
def bought_portfolio(scene):
    seller = scene.random.choice(scene.others())
    sold = scene.random.random() < 0.5
    sold_at = scene.world.days_ago(1, 20)
    def debtor():
        person, _ = seller.former(sold_at, "sold") if sold else seller.borrower()
        return person, scene.tenant.new_loan_id()
    return one_by_one(debtor)


# ---- recycled numbers ------------------------------------------------------------------------------------------------

def reassigned(scene, since_days, city=None, dated=True, blocks=None):
    person, loan_id = scene.tenant.borrower(status=scene.random.choice(["overdue", "written_off"]), city=city)
    person.reassigned = "yes"
    person.reassigned_at = scene.world.days_ago(1, since_days) if dated else None
    return person, loan_id


@variant("recycled_numbers", rate=(0.2, 0.8), spread=("campaign", "vendor"))
def an_old_portfolio(scene):
    """Written off years ago, taken up again: many have given up their number since."""
    return one_by_one(lambda: reassigned(scene, 2500))


@variant("recycled_numbers", rate=(0.1, 0.5), spread=("campaign", "tenant"))
def a_carrier_recycles(scene):
    """A carrier gives out the frozen numbers of a city again within a month."""
    city = scene.tenant.city()
    return one_by_one(lambda: reassigned(scene, 30, city))


@variant("recycled_numbers", rate=(0.3, 1.0), spread=("campaign", "vendor"))
def reassigned_without_a_date(scene):
    """The check answers yes and no more."""
    return one_by_one(lambda: reassigned(scene, 0, dated=False))


@variant("recycled_numbers", rate=(0.3, 1.0), spread=("campaign", "vendor"))
def numbers_found_by_a_tracer(scene):
    """A tracing firm filled in earlier numbers of lost debtors: some changed hands, some the data does not have."""
    def traced():
        if scene.random.random() < 0.3:
            return scene.world.stranger(scene.tenant.city()), scene.tenant.old_loan_id()
        return reassigned(scene, 1500)
    return one_by_one(traced)


@variant("recycled_numbers", rate=(0.3, 1.0))
def links_already_removed(scene):
    """The data knows that the number has changed hands and has dropped its links for it."""
    def unlinked():
        person, loan_id = reassigned(scene, 900)
        if scene.random.random() < 0.7:
            person.parties.clear()
        return person, loan_id
    return one_by_one(unlinked)


# ---- unregistered vendor ---------------------------------------------------------------------------------------------

def same_as_planned(campaign, position):
    return campaign.targets[position]


@variant("unregistered_vendor", rate=(1.0, 1.0), spread=("vendor", "campaign"), whole=True)
def silent_subcontractor(scene):
    """The vendor passed the work on. The list is right; who sends is not known here."""
    scene.set_all(vendor_id=f"sub-{scene.random.randrange(10**4):04d}")
    return same_as_planned


@variant("unregistered_vendor", rate=(1.0, 1.0), whole=True)
def account_with_a_suffix(scene):
    """A second account of a registered vendor that nobody registered."""
    vendor = scene.random.choice(scene.tenant.vendors)
    scene.set_all(vendor_id=scene.random.choice([vendor + "-02", vendor.upper(), vendor + "_hz", vendor + " "]))
    return same_as_planned


@variant("unregistered_vendor", rate=(1.0, 1.0), whole=True)
def vendor_of_another_lender(scene):
    """Registered, but for others."""
    foreign = [vendor for other in scene.others() for vendor in other.vendors if vendor not in scene.tenant.vendors]
    scene.set_all(vendor_id=scene.random.choice(foreign))
    return same_as_planned


@variant("unregistered_vendor", rate=(1.0, 1.0), whole=True)
def contract_that_has_ended(scene):
    """It sends what it still has: lists of last year, on which a good part has paid; perhaps good ones before."""
    scene.set_all(vendor_id=scene.random.choice(["old-partner", "jinqiao-collect", "wanjia"]))
    paid = scene.random.uniform(0.1, 0.6)
    good_before = scene.random.choice([0, 0, 0.3, 0.6])
    def aged(campaign, position):
        if position < good_before * len(campaign.targets):
            return campaign.targets[position]
        if scene.random.random() < paid:
            return scene.tenant.former(scene.world.days_ago(20, 500))
        return campaign.targets[position]
    return aged


@variant("unregistered_vendor", rate=(1.0, 1.0), loan_ids=False, at_night=True, whole=True)
def stolen_credential(scene):
    """Somebody sends to strangers in the lender's name, by a vendor that nobody knows."""
    scene.strange_credentials()
    scene.set_all(vendor_id=f"api-{scene.random.randrange(16**6):06x}")
    return one_by_one(lambda: (scene.world.stranger(), None))


# ---- leaked list -----------------------------------------------------------------------------------------------------

@variant("leaked_list", rate=(0.85, 1.0), loan_ids=False, at_night=True, whole=True)
def bought_for_a_region(scene):
    """A few thousand numbers of one city, from a few dozen blocks; hardly anybody is known here or elsewhere."""
    scene.strange_credentials()
    city = scene.random.randrange(36)
    blocks = scene.random.sample(scene.world.cities[city], min(scene.random.randint(4, 40), 25))
    hits = scene.random.uniform(0.005, 0.05)
    def bought():
        if scene.random.random() < hits:
            return scene.random.choice(scene.others()).borrower(city=city)[0], None
        return scene.world.person(city, listed=False, number=scene.world.free_number(blocks)), None
    return one_by_one(bought)


@variant("leaked_list", rate=(0.85, 1.0), loan_ids=False, spread=("campaign", "sender"), at_night=True, whole=True)
def scraped_from_several_lenders(scene):
    """A broker's file of people who borrow: customers of several lenders, and many of none on this platform."""
    scene.strange_credentials()
    sources = scene.random.sample(scene.others(), scene.random.randint(3, 6))
    known = scene.random.uniform(0.3, 0.8)
    def scraped():
        if scene.random.random() >= known:
            return scene.world.stranger(), None
        return scene.random.choice(scene.random.choice(sources).owing)[0], None
    return one_by_one(scraped)


@variant("leaked_list", rate=(0.85, 1.0), loan_ids=False, at_night=True, whole=True)
def taken_along_by_an_employee(scene):
    """Former customers, copied years ago: most are deleted, some closed, some numbers have changed hands."""
    scene.strange_credentials()
    tenant, world = scene.tenant, scene.world
    def former():
        kind = scene.random.random()
        if kind < 0.55:
            return world.stranger(tenant.city()), None
        if kind < 0.85:
            return tenant.former(world.days_ago(700, 2500))
        if kind < 0.95:
            return reassigned(scene, 700)
        return scene.random.choice(tenant.owing)
    return one_by_one(former)


@variant("leaked_list", rate=(0.85, 1.0), loan_ids=False, at_night=True, whole=True)
def leads_of_a_loan_supermarket(scene):
    """People who once asked for a loan somewhere: strangers from all over the country, a few customers of others."""
    scene.strange_credentials()
    def lead():
        if scene.random.random() < 0.06:
            return scene.random.choice(scene.random.choice(scene.others()).owing)[0], None
        return scene.world.stranger(), None
    return one_by_one(lead)


@variant("leaked_list", rate=(0.5, 1.0), loan_ids=False,
         unknowable="strangers under the usual template and sender, no region, no other lenders: any list of strangers")
def slipped_into_a_usual_campaign(scene):
    """A vendor's clerk adds bought numbers to a real campaign to be paid by the piece."""
    return one_by_one(lambda: (scene.world.stranger(), None))


# ---- broad rule ------------------------------------------------------------------------------------------------------

@variant("broad_rule", rate=(0.3, 0.8), spread=("campaign", "template"))
def every_number_of_the_loan(scene):
    """The rule takes all numbers that are linked to an overdue loan: contacts, not borrowers only."""
    def contact(campaign, position):
        return scene.tenant.contact(campaign.targets[position][1])
    return contact


@variant("broad_rule", rate=(0.4, 0.9), spread=("campaign", "template"))
def everybody_in_the_crm(scene):
    """All conditions fell away: leads, former customers, contacts, and those who owe."""
    tenant, world = scene.tenant, scene.world
    def anybody():
        kind = scene.random.random()
        if kind < 0.35:
            return tenant.former(world.days_ago(10, 1500))
        if kind < 0.60:
            return tenant.contact(scene.random.choice(tenant.owing)[1])
        if kind < 0.90:
            person = world.person(tenant.city())
            return person, tenant.old_loan_id()
        return scene.random.choice(tenant.owing)
    return one_by_one(anybody)


@variant("broad_rule", rate=(0.5, 0.95), spread=("campaign", "template"))
def tenant_condition_missing(scene):
    """A shared platform without the condition on the lender: everybody's customers in proportion."""
    def anybody():
        other = scene.random.choice(scene.world.tenants)
        return scene.random.choice(other.owing + other.ended + other.contacts)
    return one_by_one(anybody)


@variant("broad_rule", rate=(0.5, 1.0), spread=("campaign",))
def reminder_to_all_roles(scene):
    """A reminder of a household or company goes to whoever stands in the file: contacts, old contacts, guarantors."""
    tenant = scene.tenant
    def in_the_file(campaign, position):
        loan_id = campaign.targets[position][1]
        kind = scene.random.random()
        if kind < 0.6:
            return tenant.contact(loan_id)
        if kind < 0.75:
            person = scene.world.person(tenant.city())
            tenant.link(person, role="guarantor", status="overdue", loan_id=loan_id)
            return person, loan_id
        if kind < 0.9:
            person = scene.world.person(tenant.city())
            tenant.link(person, role="contact", status="closed", closed_at=scene.world.days_ago(10, 600),
                        loan_id=loan_id)
            return person, loan_id
        return campaign.targets[position]
    return in_the_file


@variant("broad_rule", rate=(0.3, 0.9), spread=("campaign", "template"),
         unknowable="applicants who never got a loan: to the data strangers, as on any list that is not of borrowers")
def registered_users(scene):
    """Whoever opened an account; half of them never took a loan."""
    return one_by_one(lambda: (scene.world.stranger(scene.tenant.city()), None))


def audience_before(variant_name):
    """Share of the audience that a rule had before it was broadened, where the plan still says so."""
    return {"every_number_of_the_loan": 0.5, "everybody_in_the_crm": 0.15, "tenant_condition_missing": 0.1,
            "reminder_to_all_roles": 0.3, "registered_users": 0.3}.get(variant_name)
