// What decide keeps of each tenant, for the likely cause: what all of its messages came to, held ones
// too, and how often its campaigns come with a template, a sender or a vendor that it never had. One
// tally partition's; one thread.
//
// Tenants share TENANT_SLOTS rows; one that finds its row taken by another takes it over, and then is
// known as little as a new one. So nothing grows, and all that is lost is evidence.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/delta.h"

enum { TENANT_SLOTS = 2048 };

struct tenant_sums {
    int64_t judged;
    int64_t misdirected;
    int64_t no_record; // of all messages, the exempt ones too
};

struct tenants;

MUST_CHECK enum err tenants_create(struct tenants **ret_tenants);
void tenants_destroy(struct tenants *tenants);

void tenants_note(struct tenants *tenants, const struct delta *delta);
// One misdirected message of the tenant is clear after all.
void tenants_take_back(struct tenants *tenants, int32_t tenant, bool has_no_record);
// All 0 of a tenant that is not known.
struct tenant_sums tenants_sums(const struct tenants *tenants, int32_t tenant);
// How many campaigns in a row had come without a new scope of that kind (template, sender or vendor)
// when the last new one came: the more, the more a new one says. Stops at 255.
uint32_t tenants_campaigns_without(
        const struct tenants *tenants, int32_t tenant, enum scope_kind kind);

// Saves them, or restores new ones.
void tenants_archive(struct archive *archive, struct tenants *tenants);
