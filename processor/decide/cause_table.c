#include "decide/cause_table.h"

const struct feature_kind feature_kinds[FEATURE_COUNT] = {
#define FEATURE_ROW(id, name, usual, votes, floor) [id] = {#name, SHAPE_##usual, votes, floor},
        FEATURE_TABLE(FEATURE_ROW)
#undef FEATURE_ROW
};

const char *const cause_names[CAUSE_COUNT] = {
        [CAUSE_WRONG_LIST] = "wrong_list",
        [CAUSE_CLOSED_LOANS] = "closed_loans",
        [CAUSE_SHIFTED_COLUMN] = "shifted_column",
        [CAUSE_NUMBER_WALKING] = "number_walking",
        [CAUSE_FEED_LAG] = "feed_lag",
        [CAUSE_RECYCLED_NUMBERS] = "recycled_numbers",
        [CAUSE_UNREGISTERED_VENDOR] = "unregistered_vendor",
        [CAUSE_LEAKED_LIST] = "leaked_list",
        [CAUSE_BROAD_RULE] = "broad_rule",
};

// A cell of the table.
#define IS(feature, shape) [FEATURE_##feature] = SHAPE_##shape

const struct cause_variant cause_variants[] = {
        // --- wrong_list: a real list that was not meant for this -----------------------------

        // Two columns joined a row apart: all are customers, each is told of another's loan.
        {CAUSE_WRONG_LIST, 5,
                {IS(WRONG_DEBT, ALL), IS(LOAN_NAMED, ALL), IS(WALKING, EITHER),
                        IS(SAME_BLOCK, EITHER), IS(ONE_CAMPAIGN, MOST)}},
        // The same over an import that several campaigns draw from.
        {CAUSE_WRONG_LIST, 5, {IS(WRONG_DEBT, ALL), IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, SOME)}},
        // Another tenant's list through this tenant's campaign; a few borrow from both.
        {CAUSE_WRONG_LIST, 10,
                {IS(OTHER_TENANT, ALL), IS(WRONG_DEBT, FEW), IS(MIXED_LENDERS, FEW),
                        IS(ONE_CAMPAIGN, MOST)}},
        // The same, sorted by number: customers lie dense in it, as nobody's numbers do not.
        {CAUSE_WRONG_LIST, 3,
                {IS(OTHER_TENANT, ALL), IS(WRONG_DEBT, FEW), IS(MIXED_LENDERS, FEW),
                        IS(WALKING, MOST), IS(SAME_BLOCK, ALL), IS(ONE_CAMPAIGN, MOST)}},
        // Another tenant's list, of which this cache knows only a part.
        {CAUSE_WRONG_LIST, 5,
                {IS(OTHER_TENANT, MOST), IS(NO_RECORD, SOME), IS(WRONG_DEBT, FEW),
                        IS(MIXED_LENDERS, FEW), IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, MOST)}},
        // Another product's list: customers, but not of that loan, and people not in this data.
        {CAUSE_WRONG_LIST, 5,
                {IS(WRONG_DEBT, MOST), IS(NO_RECORD, SOME), IS(OTHER_TENANT, FEW),
                        IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, MOST)}},
        // A little of everything: joined to whatever matched.
        {CAUSE_WRONG_LIST, 10,
                {IS(WRONG_DEBT, SOME), IS(NO_RECORD, HALF), IS(OTHER_TENANT, SOME),
                        IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, MOST)}},
        // The same in all that a vendor imports, ...
        {CAUSE_WRONG_LIST, 12,
                {IS(SOMEBODY_ELSES, SOME), IS(WRONG_DEBT, FEW), IS(NO_RECORD, MOST),
                        IS(OTHER_TENANT, FEW), IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, SOME),
                        IS(ONE_VENDOR, ALL), IS(NO_RECORD_ELSEWHERE, HARDLY)}},
        // ... or that a template or a sender is used for; nothing is wrong beside it.
        {CAUSE_WRONG_LIST, 5,
                {IS(SOMEBODY_ELSES, SOME), IS(WRONG_DEBT, SOME), IS(NO_RECORD, MOST),
                        IS(OTHER_TENANT, SOME), IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, SOME),
                        IS(NO_RECORD_ELSEWHERE, HARDLY)}},
        // A test list: a handful of strangers, again and again.
        {CAUSE_WRONG_LIST, 5, {IS(NO_RECORD, ALL), IS(REPEATED, MOST), IS(ONE_CAMPAIGN, MOST)}},
        // A test or prospect list in a live campaign: strangers who are told of somebody's loan.
        {CAUSE_WRONG_LIST, 15, {IS(NO_RECORD, ALL), IS(ONE_CAMPAIGN, MOST), IS(LOAN_NAMED, ALL)}},
        {CAUSE_WRONG_LIST, 15, {IS(NO_RECORD, ALL), IS(ONE_CAMPAIGN, MOST)}},
        // Such lists over many campaigns, and over nothing else.
        {CAUSE_WRONG_LIST, 5,
                {IS(NO_RECORD, ALL), IS(ONE_CAMPAIGN, SOME), IS(LOAN_NAMED, ALL),
                        IS(NO_RECORD_ELSEWHERE, NONE)}},

        // --- closed_loans: a list that nobody took the paid loans out of ---------------------

        // An old list: long settled, some numbers have changed hands since.
        {CAUSE_CLOSED_LOANS, 30,
                {IS(CLOSED_LOAN, ALL), IS(CLOSED_RECENTLY, NONE), IS(REASSIGNED_NUMBER, FEW)}},
        // Settlements that came after the list was cut, or that are booked late.
        {CAUSE_CLOSED_LOANS, 30, {IS(CLOSED_LOAN, ALL), IS(CLOSED_RECENTLY, MOST)}},
        // Both, and the contacts of the old loans too, though few.
        {CAUSE_CLOSED_LOANS, 15, {IS(CLOSED_LOAN, ALL), IS(THIRD_PARTY, FEW)}},
        // So old that some of its people have been deleted from the data.
        {CAUSE_CLOSED_LOANS, 25,
                {IS(CLOSED_LOAN, MOST), IS(NO_RECORD, SOME), IS(REASSIGNED_NUMBER, FEW)}},

        // --- shifted_column: amounts, dates, ids or other people's phones read as the number --
        // Ids in a row look like numbers in a row, so walking says nothing here.

        // What is read is no number; the few that could be one are nobody's.
        {CAUSE_SHIFTED_COLUMN, 57,
                {IS(MISREAD_NUMBER, ALL), IS(NO_RECORD, ALL), IS(OTHER_TENANT, ANY),
                        IS(SOMEBODY_ELSES, FEW), IS(WALKING, EITHER), IS(SAME_BLOCK, EITHER),
                        IS(NEW_TEMPLATE, ANY)}},
        // The few that could be one belong to just anybody.
        {CAUSE_SHIFTED_COLUMN, 20,
                {IS(MISREAD_NUMBER, MOST), IS(NO_RECORD, ANY), IS(OTHER_TENANT, ANY),
                        IS(WRONG_DEBT, ANY), IS(CLOSED_LOAN, ANY), IS(WALKING, EITHER),
                        IS(SAME_BLOCK, EITHER)}},
        // The column of work or contact phones: landlines with extensions beside mobiles.
        {CAUSE_SHIFTED_COLUMN, 10,
                {IS(MISREAD_NUMBER, HALF), IS(NO_RECORD, MOST), IS(THIRD_PARTY, ANY),
                        IS(SOMEBODY_ELSES, FEW), IS(WALKING, EITHER), IS(SAME_BLOCK, EITHER)}},
        // The column of the contacts' phones: nobody of whom the list is about is left on it, as most
        // are when a rule takes in contacts beside them.
        {CAUSE_SHIFTED_COLUMN, 3,
                {IS(THIRD_PARTY, ALL), IS(CLOSED_LOAN, HARDLY), IS(MISDIRECTED, ALL),
                        IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, MOST), IS(MISREAD_NUMBER, ANY)}},
        // An import that all of a tenant's campaigns draw from, on top of what is wrong on any day.
        {CAUSE_SHIFTED_COLUMN, 10,
                {IS(MISREAD_NUMBER, HALF), IS(NO_RECORD, MOST), IS(SOMEBODY_ELSES, FEW),
                        IS(LOAN_NAMED, ALL), IS(WALKING, EITHER), IS(SAME_BLOCK, EITHER),
                        IS(ONE_CAMPAIGN, SOME), IS(MISDIRECTED, SOME)}},

        // --- number_walking: numbers are counted up, not read from a list --------------------

        // In order through one source: nearly each is near the last, nearly none is known.
        {CAUSE_NUMBER_WALKING, 40,
                {IS(WALKING, ALL), IS(SAME_BLOCK, ALL), IS(NO_RECORD, ALL), IS(NEW_TEMPLATE, ANY),
                        IS(NEW_SENDER, HALF)}},
        // Through a range where lenders' customers are dense.
        {CAUSE_NUMBER_WALKING, 20,
                {IS(WALKING, ALL), IS(SAME_BLOCK, ALL), IS(NO_RECORD, MOST), IS(OTHER_TENANT, SOME),
                        IS(WRONG_DEBT, FEW), IS(NEW_TEMPLATE, ANY), IS(NEW_SENDER, HALF)}},
        // Split over many partitions, or in strides: neighbours meet less often.
        {CAUSE_NUMBER_WALKING, 20,
                {IS(WALKING, HALF), IS(SAME_BLOCK, MOST), IS(NO_RECORD, MOST),
                        IS(OTHER_TENANT, FEW), IS(NEW_TEMPLATE, ANY), IS(NEW_SENDER, HALF)}},
        // A block in random order.
        {CAUSE_NUMBER_WALKING, 20,
                {IS(WALKING, FEW), IS(SAME_BLOCK, ALL), IS(NO_RECORD, ALL), IS(NEW_TEMPLATE, ANY),
                        IS(NEW_SENDER, HALF)}},

        // --- feed_lag: right messages, whose customers have not reached the cache yet ---------
        // A share of each campaign of all of the tenant's vendors.

        // Whom it knows it knows rightly: hardly another tenant's customer, or another's loan.
        {CAUSE_FEED_LAG, 50,
                {IS(NO_RECORD, ALL), IS(OTHER_TENANT, HARDLY), IS(WRONG_DEBT, HARDLY),
                        IS(LOAN_NAMED, ALL), IS(ONE_CAMPAIGN, SOME), IS(ONE_TEMPLATE, HALF),
                        IS(ONE_SENDER, SOME), IS(ONE_VENDOR, HALF), IS(MISDIRECTED, SOME),
                        IS(NO_RECORD_ELSEWHERE, MOST)}},
        // A tenant of one vendor, or few campaigns; it names no loans, perhaps.
        {CAUSE_FEED_LAG, 30,
                {IS(NO_RECORD, ALL), IS(OTHER_TENANT, HARDLY), IS(WRONG_DEBT, HARDLY),
                        IS(ONE_CAMPAIGN, SOME), IS(MISDIRECTED, SOME),
                        IS(NO_RECORD_ELSEWHERE, MOST)}},
        // New loans of people some of whom are known already, by loans of their own ...
        {CAUSE_FEED_LAG, 5,
                {IS(NO_RECORD, MOST), IS(OTHER_TENANT, HARDLY), IS(WRONG_DEBT, SOME),
                        IS(ONE_CAMPAIGN, SOME), IS(ONE_VENDOR, HALF), IS(MISDIRECTED, SOME),
                        IS(NO_RECORD_ELSEWHERE, MOST)}},
        // ... or as customers of old, or of others.
        {CAUSE_FEED_LAG, 15,
                {IS(NO_RECORD, MOST), IS(OTHER_TENANT, FEW), IS(WRONG_DEBT, FEW),
                        IS(CLOSED_LOAN, FEW), IS(SOMEBODY_ELSES, FEW), IS(ONE_CAMPAIGN, SOME),
                        IS(ONE_VENDOR, HALF), IS(MISDIRECTED, HALF),
                        IS(NO_RECORD_ELSEWHERE, MOST)}},

        // --- recycled_numbers: the customer's old number, somebody else's now -----------------

        // The old customer's loan stands.
        {CAUSE_RECYCLED_NUMBERS, 50,
                {IS(REASSIGNED_NUMBER, ALL), IS(WALKING, EITHER), IS(SAME_BLOCK, EITHER)}},
        // The old customer's loan is over or deleted, or the new owner borrows elsewhere.
        {CAUSE_RECYCLED_NUMBERS, 35,
                {IS(REASSIGNED_NUMBER, ALL), IS(NO_RECORD, ANY), IS(CLOSED_LOAN, ANY),
                        IS(OTHER_TENANT, FEW), IS(WALKING, EITHER), IS(SAME_BLOCK, EITHER)}},
        // A long unused list: what is not reassigned has no record or is closed.
        {CAUSE_RECYCLED_NUMBERS, 15,
                {IS(REASSIGNED_NUMBER, MOST), IS(NO_RECORD, SOME), IS(CLOSED_LOAN, SOME)}},

        // --- unregistered_vendor: somebody outside the chain sends in the tenant's name -------
        // It has come from nowhere, with campaigns of its own, and texts whom it can.

        // Contacts of debtors, taken from an address book.
        {CAUSE_UNREGISTERED_VENDOR, 20,
                {IS(UNREGISTERED_VENDOR, ALL), IS(NEW_VENDOR, ALL), IS(THIRD_PARTY, MOST),
                        IS(NO_RECORD, SOME), IS(OTHER_TENANT, FEW), IS(ONE_VENDOR, ALL),
                        IS(NEW_SENDER, MOST), IS(NEW_TEMPLATE, ANY)}},
        // Strangers and other lenders' customers.
        {CAUSE_UNREGISTERED_VENDOR, 25,
                {IS(UNREGISTERED_VENDOR, ALL), IS(NEW_VENDOR, ALL), IS(NO_RECORD, MOST),
                        IS(OTHER_TENANT, SOME), IS(WRONG_DEBT, FEW), IS(ONE_VENDOR, ALL),
                        IS(NEW_SENDER, MOST), IS(NEW_TEMPLATE, ANY)}},
        // Strangers alone.
        {CAUSE_UNREGISTERED_VENDOR, 15,
                {IS(UNREGISTERED_VENDOR, ALL), IS(NEW_VENDOR, ALL), IS(NO_RECORD, ALL),
                        IS(ONE_VENDOR, ALL), IS(NEW_SENDER, MOST), IS(NEW_TEMPLATE, ANY)}},
        // A mixture of all that one can get wrong.
        {CAUSE_UNREGISTERED_VENDOR, 25,
                {IS(UNREGISTERED_VENDOR, ALL), IS(NEW_VENDOR, ALL), IS(NO_RECORD, SOME),
                        IS(OTHER_TENANT, SOME), IS(THIRD_PARTY, SOME), IS(WRONG_DEBT, FEW),
                        IS(CLOSED_LOAN, FEW), IS(ONE_VENDOR, ALL), IS(NEW_SENDER, MOST),
                        IS(NEW_TEMPLATE, ANY)}},
        // It has been at it before, in small numbers: only the list of vendors tells.
        {CAUSE_UNREGISTERED_VENDOR, 15,
                {IS(UNREGISTERED_VENDOR, ALL), IS(NEW_VENDOR, ANY), IS(NO_RECORD, ANY),
                        IS(OTHER_TENANT, ANY), IS(THIRD_PARTY, ANY), IS(WRONG_DEBT, ANY),
                        IS(CLOSED_LOAN, FEW), IS(ONE_VENDOR, ALL), IS(NEW_SENDER, ANY),
                        IS(NEW_TEMPLATE, ANY)}},

        // --- leaked_list: bought or stolen, people whom nobody here has lent to ---------------
        // A text and a sender of its own; it knows people and phones, not loans, and does not meet the
        // lender's own people with loans of others.

        // Strangers, among them other lenders' customers; loans are left out, or invented.
        {CAUSE_LEAKED_LIST, 35,
                {IS(NO_RECORD, MOST), IS(WRONG_DEBT, HARDLY), IS(OTHER_TENANT, SOME),
                        IS(NEW_SENDER, ALL), IS(NEW_TEMPLATE, MOST), IS(NEW_VENDOR, FEW),
                        IS(NO_RECORD_ELSEWHERE, FEW)}},
        // Of one region: numbers of a few blocks, in no order.
        {CAUSE_LEAKED_LIST, 20,
                {IS(NO_RECORD, MOST), IS(WRONG_DEBT, HARDLY), IS(OTHER_TENANT, SOME),
                        IS(SAME_BLOCK, HALF), IS(WALKING, HARDLY), IS(NEW_SENDER, HALF),
                        IS(NEW_TEMPLATE, MOST), IS(NEW_VENDOR, FEW), IS(MISREAD_NUMBER, FEW),
                        IS(NO_RECORD_ELSEWHERE, FEW)}},
        // The same, nobody's customers: numbers in no order, some with a loan and some without, as
        // numbers that are counted up do not have them.
        {CAUSE_LEAKED_LIST, 10,
                {IS(NO_RECORD, ALL), IS(WRONG_DEBT, HARDLY), IS(LOAN_NAMED, HALF),
                        IS(SAME_BLOCK, SOME), IS(WALKING, HARDLY), IS(NEW_SENDER, MOST),
                        IS(NEW_TEMPLATE, MOST), IS(NEW_VENDOR, FEW), IS(NO_RECORD_ELSEWHERE, FEW)}},
        // Another lender's customers, stolen.
        {CAUSE_LEAKED_LIST, 10,
                {IS(NO_RECORD, SOME), IS(WRONG_DEBT, HARDLY), IS(OTHER_TENANT, MOST),
                        IS(LOAN_NAMED, NONE), IS(NEW_SENDER, ALL), IS(NEW_TEMPLATE, MOST),
                        IS(NEW_VENDOR, FEW), IS(NO_RECORD_ELSEWHERE, FEW)}},
        // By an insider, through the usual sender: strangers without a loan.
        {CAUSE_LEAKED_LIST, 15,
                {IS(NO_RECORD, MOST), IS(WRONG_DEBT, HARDLY), IS(OTHER_TENANT, FEW),
                        IS(LOAN_NAMED, NONE), IS(NEW_TEMPLATE, HALF),
                        IS(NO_RECORD_ELSEWHERE, FEW)}},
        // Former customers whom somebody has taken along: old loans, deleted ones, numbers given up.
        {CAUSE_LEAKED_LIST, 10,
                {IS(NO_RECORD, HALF), IS(CLOSED_LOAN, SOME), IS(CLOSED_RECENTLY, NONE),
                        IS(REASSIGNED_NUMBER, FEW), IS(NEW_SENDER, ALL), IS(NEW_TEMPLATE, MOST),
                        IS(NEW_VENDOR, FEW)}},

        // --- broad_rule: a selection that took in too many of the right tenant's people -------

        // Contacts are written to as if they owed.
        {CAUSE_BROAD_RULE, 25, {IS(THIRD_PARTY, ALL), IS(CLOSED_LOAN, FEW), IS(MISDIRECTED, HALF)}},
        // Contacts, and the loans that are over.
        {CAUSE_BROAD_RULE, 20, {IS(THIRD_PARTY, MOST), IS(CLOSED_LOAN, SOME)}},
        {CAUSE_BROAD_RULE, 15, {IS(THIRD_PARTY, HALF), IS(CLOSED_LOAN, HALF), IS(WRONG_DEBT, FEW)}},
        {CAUSE_BROAD_RULE, 10, {IS(THIRD_PARTY, SOME), IS(CLOSED_LOAN, MOST)}},
        // Everybody whom a shared platform has on file, of all lenders.
        {CAUSE_BROAD_RULE, 15,
                {IS(OTHER_TENANT, ALL), IS(MIXED_LENDERS, MOST), IS(NO_RECORD, HARDLY),
                        IS(THIRD_PARTY, FEW), IS(CLOSED_LOAN, FEW), IS(WRONG_DEBT, FEW)}},
        // Everybody whom the tenant has on file, applicants without a loan too.
        {CAUSE_BROAD_RULE, 15,
                {IS(THIRD_PARTY, SOME), IS(CLOSED_LOAN, SOME), IS(NO_RECORD, SOME),
                        IS(WRONG_DEBT, FEW)}},
};
const uint32_t cause_variant_count = sizeof cause_variants / sizeof *cause_variants;
