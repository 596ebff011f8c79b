// Loader lines: what is read from the good ones, and the reason with which each bad one is refused.
#include "relationship/ndjson.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "tests/support/unit.h"

enum { WHY_CEILING = 4096, ARENA_CEILING = 8 << 20, TEXT_CEILING = 4 << 20 };

struct fixture {
    struct ndjson *ndjson;
    struct arena *arena;
    struct strbuf why;
    struct relationship rel;
};

static void fixture_init(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(ndjson_create(&f->ndjson, "CN"), ERR_NONE);
    f->arena = arena_create(ARENA_CEILING);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->arena);
    strbuf_init(&f->why, WHY_CEILING);
}

static void fixture_fini(struct fixture *f)
{
    strbuf_fini(&f->why);
    arena_destroy(f->arena);
    ndjson_destroy(f->ndjson);
}

static enum err parse(struct fixture *f, struct view line)
{
    arena_reset(f->arena);
    strbuf_reset(&f->why);
    return ndjson_parse(f->ndjson, line, f->arena, &f->rel, &f->why);
}

static void check_view(const char *what, struct view got, const char *expected)
{
    if (!view_equal(got, view_of(expected))) {
        printf("\n%s: got %.*s, expected %s\n", what, VIEW_ARGS(got), expected);
    }
    CU_ASSERT_TRUE(view_equal(got, view_of(expected)));
}

static void reads_a_whole_line(void)
{
    struct fixture f;
    fixture_init(&f);
    static const char line[] =
            " {\"recipient\": \"+8613800138000\", \"parties\": [{\"tenant_id\": \"t1\", "
            "\"loan_id\": "
            "\"L\\u00e9[},\\\"1\", \"borrower_id\": \"B1\", \"role\": \"co_borrower\", \"status\": "
            "\"written_off\", \"closed_at\": \"2026-11-20\"} , "
            "{\"tenant_id\":12,\"loan_id\":-1.50e1,"
            "\"role\":\"contact\",\"status\":\"sold\",\"closed_at\":null,\"x\":[[],{\"role\":1}]}],"
            " "
            "\"reassigned\": \"yes\", \"reassigned_at\": \"2026-10-01T08:00:00+08:00\", "
            "\"opted_out\": [\"sms\", \"v\\u006fice\", \"sms\"], \"new\": {\"recipient\": 1}}\r";
    CU_ASSERT_EQUAL_FATAL(parse(&f, view_of(line)), ERR_NONE);
    const struct relationship *rel = &f.rel;
    CU_ASSERT_EQUAL(rel->recipient.kind, RECIPIENT_PHONE);
    check_view("recipient", rel->recipient.canonical, "+8613800138000");
    CU_ASSERT_FALSE(rel->deleted);
    CU_ASSERT_EQUAL(rel->reassigned, REASSIGNED_YES);
    CU_ASSERT_EQUAL(rel->reassigned_at_ms, 1790812800000);
    CU_ASSERT_EQUAL_FATAL(rel->opted_out_count, 2);
    check_view("first channel", rel->opted_out[0], "sms");
    check_view("second channel", rel->opted_out[1], "voice");
    CU_ASSERT_EQUAL_FATAL(rel->party_count, 2);
    check_view("tenant", rel->parties[0].tenant_id, "t1");
    check_view("loan", rel->parties[0].loan_id, "L\xc3\xa9[},\"1");
    CU_ASSERT_EQUAL(rel->parties[0].role, ROLE_CO_BORROWER);
    CU_ASSERT_EQUAL(rel->parties[0].status, STATUS_WRITTEN_OFF);
    CU_ASSERT_EQUAL(rel->parties[0].closed_at_ms, 1795132800000);
    check_view("tenant by value", rel->parties[1].tenant_id, "12");
    check_view("loan by value", rel->parties[1].loan_id, "-15");
    CU_ASSERT_EQUAL(rel->parties[1].role, ROLE_CONTACT);
    CU_ASSERT_EQUAL(rel->parties[1].status, STATUS_SOLD);
    CU_ASSERT_EQUAL(rel->parties[1].closed_at_ms, TIME_NONE);
    fixture_fini(&f);
}

static void takes_absent_for_absent(void)
{
    static const char *const lines[] = {
            "{\"recipient\":\"+8613800138000\"}",
            ("{\"recipient\":\"+8613800138000\",\"parties\":null,\"reassigned\":null,"
             "\"reassigned_at\":null,\"opted_out\":null,\"deleted\":null,\"kind\":null}"),
            "{\"recipient\":\"+8613800138000\",\"parties\":[ ],\"opted_out\":[],\"deleted\":false}",
            "{\"recipient\":13800138000}", // a whole number, in the default region
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        CU_ASSERT_EQUAL_FATAL(parse(&f, view_of(lines[i])), ERR_NONE);
        check_view("recipient", f.rel.recipient.canonical, "+8613800138000");
        CU_ASSERT_FALSE(f.rel.deleted);
        CU_ASSERT_EQUAL(f.rel.reassigned, REASSIGNED_NO_DATA);
        CU_ASSERT_EQUAL(f.rel.reassigned_at_ms, TIME_NONE);
        CU_ASSERT_EQUAL(f.rel.party_count, 0);
        CU_ASSERT_EQUAL(f.rel.opted_out_count, 0);
    }
    CU_ASSERT_EQUAL_FATAL(
            parse(&f, VIEW("{\"recipient\":\"13800138000\",\"parties\":[{}]}")), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(f.rel.party_count, 1);
    CU_ASSERT_TRUE(view_is_none(f.rel.parties[0].tenant_id));
    CU_ASSERT_TRUE(view_is_none(f.rel.parties[0].loan_id));
    CU_ASSERT_EQUAL(f.rel.parties[0].role, ROLE_BORROWER);
    CU_ASSERT_EQUAL(f.rel.parties[0].status, STATUS_ACTIVE);
    CU_ASSERT_EQUAL(parse(&f, VIEW("{\"recipient\":\"13800138000\",\"deleted\":true}")), ERR_NONE);
    CU_ASSERT_TRUE(f.rel.deleted);
    fixture_fini(&f);
}

static void keeps_kinds_apart(void)
{
    struct fixture f;
    fixture_init(&f);
    CU_ASSERT_EQUAL_FATAL(
            parse(&f, VIEW("{\"recipient\":\"A@b.example\",\"kind\":\"email\"}")), ERR_NONE);
    CU_ASSERT_EQUAL(f.rel.recipient.kind, RECIPIENT_EMAIL);
    check_view("address", f.rel.recipient.canonical, "A@b.example");
    CU_ASSERT_EQUAL_FATAL(parse(&f, VIEW("{\"recipient\":\"x\",\"kind\":\"wechat\"}")), ERR_NONE);
    CU_ASSERT_EQUAL(f.rel.recipient.kind, RECIPIENT_WECHAT);
    fixture_fini(&f);
}

#define R "\"recipient\":\"+8613800138000\""
#define P(members) "{" R ",\"parties\":[{" members "}]}"

static void refuses_with_a_reason(void)
{
    static const struct {
        const char *line;
        const char *why;
    } rows[] = {
            {"", "not JSON from byte 1 on"},
            {"x", "not JSON from byte 1 on"},
            {"{" R, "not JSON from byte 30 on"},
            {"{" R "} {", "not JSON from byte 32 on"},
            {"{" R ",}", "not JSON from byte 31 on"},
            {"{\"recipient\":\"+8613800138000\xff\"}", "not UTF-8"},
            {"{\"recipient\":\"+861380013800\x01\"}", "not JSON from byte 28 on"},
            {"[]", "no JSON object"},
            {"\"+8613800138000\"", "no JSON object"},
            {"null", "no JSON object"},
            {"{}", "recipient is missing"},
            {"{\"recipient\":null}", "recipient is missing"},
            {"{\"recipient\":\"\"}", "recipient is missing"},
            {"{\"recipient\":true}", "recipient is no string"},
            {"{\"recipient\":[]}", "recipient is no string"},
            {"{\"recipient\":1.5}", "recipient is a number, but no whole one within 2^53 - 1"},
            {"{\"recipient\":\"12\"}", "recipient is no possible phone number"},
            {"{\"recipient\":\"13800138000\\u0000\"}",
                    "recipient has \\u0000 or half a surrogate pair in it"},
            {"{" R "," R "}", "recipient is given twice"},
            {"{" R ",\"re\\u0063ipient\":1}", "recipient is given twice"},
            {"{" R ",\"parties\":[],\"parties\":[]}", "parties is given twice"},
            {"{" R ",\"kind\":\"fax\"}", "kind is none of phone, email, push, wechat"},
            {"{" R ",\"kind\":\"invalid\"}", "kind is none of phone, email, push, wechat"},
            {"{" R ",\"kind\":1}", "kind is no string"},
            {"{" R ",\"deleted\":\"true\"}", "deleted is neither true nor false"},
            {"{" R ",\"deleted\":1}", "deleted is neither true nor false"},
            {"{" R ",\"reassigned\":\"maybe\"}", "reassigned is none of no_data, no, yes"},
            {"{" R ",\"reassigned\":true}", "reassigned is no string"},
            {"{" R ",\"reassigned_at\":\"yesterday\"}",
                    "reassigned_at is no RFC 3339 time, no date and no epoch milliseconds"},
            {"{" R ",\"reassigned_at\":\"1999-12-31\"}",
                    "reassigned_at is a time outside 2000-2100"},
            {"{" R ",\"reassigned_at\":\"9999-01-01\"}",
                    "reassigned_at is a time outside 2000-2100"},
            {"{" R ",\"reassigned_at\":0}", "reassigned_at is a time outside 2000-2100"},
            {"{" R ",\"opted_out\":\"sms\"}", "opted_out is no array"},
            {"{" R ",\"opted_out\":[1]}", "opted_out is no string"},
            {"{" R ",\"opted_out\":[null]}", "opted_out is no string"},
            {"{" R ",\"opted_out\":[\"\"]}", "opted_out has an empty channel in it"},
            {"{" R ",\"opted_out\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
                    "opted_out has more than 16 channels"},
            {"{" R ",\"parties\":{}}", "parties is no array"},
            {"{" R ",\"parties\":[1]}", "parties has an element that is no object"},
            {"{" R ",\"parties\":[null]}", "parties has an element that is no object"},
            {"{" R ",\"parties\":[[]]}", "parties has an element that is no object"},
            {P("\"tenant_id\":true"), "tenant_id is no string"},
            {P("\"tenant_id\":0.5"), "tenant_id is a number, but no whole one within 2^53 - 1"},
            {P("\"loan_id\":9007199254740992"),
                    "loan_id is a number, but no whole one within 2^53 - 1"},
            {P("\"loan_id\":\"\\ud800\""), "loan_id has \\u0000 or half a surrogate pair in it"},
            {P("\"borrower_id\":{}"), "borrower_id is no string"},
            {P("\"role\":\"BORROWER\""),
                    "role is none of borrower, co_borrower, guarantor, contact"},
            {P("\"status\":\"paid\""),
                    "status is none of active, overdue, closed, written_off, sold"},
            {P("\"status\":2"), "status is no string"},
            {P("\"closed_at\":\"2026-02-30\""),
                    "closed_at is no RFC 3339 time, no date and no epoch milliseconds"},
            {P("\"closed_at\":1.5"),
                    "closed_at is no RFC 3339 time, no date and no epoch milliseconds"},
            {P("\"closed_at\":true"), "closed_at is no string"},
            {P("\"loan_id\":\"a\",\"loan_id\":\"a\""), "loan_id is given twice"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f.rel.party_count = 77;
        CU_ASSERT_EQUAL(parse(&f, view_of(rows[i].line)), ERR_DATA);
        unit_check_text(rows[i].line, strbuf_view(&f.why).p, rows[i].why);
        CU_ASSERT_EQUAL(f.rel.party_count, 77);
        CU_ASSERT_PTR_NULL(strstr(strbuf_view(&f.why).p, "138001")); // never the number
    }
    fixture_fini(&f);
}

// A line with `count` times `piece` between its head and tail.
static enum err parse_repeated(
        struct fixture *f, const char *head, const char *piece, size_t count, const char *tail)
{
    struct strbuf line;
    strbuf_init(&line, TEXT_CEILING);
    strbuf_add_text(&line, head);
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(&line, piece);
    }
    strbuf_add_text(&line, tail);
    enum err e = line.failed != ERR_NONE ? line.failed : parse(f, strbuf_view(&line));
    f->rel.parties = NULL; // the line is gone
    strbuf_fini(&line);
    return e;
}

static void has_ceilings(void)
{
    static const struct {
        const char *head;
        const char *piece;
        size_t count;
        const char *tail;
        enum err e;
        const char *why;
    } rows[] = {
            {"{" R ",\"parties\":[{\"loan_id\":\"", "a", 256, "\"}]}", ERR_NONE, ""},
            {"{" R ",\"parties\":[{\"loan_id\":\"", "a", 257, "\"}]}", ERR_DATA,
                    "loan_id is too long"},
            {"{" R ",\"parties\":[{\"loan_id\":\"", "\\u00e9", 128, "\"}]}", ERR_NONE, ""},
            {"{" R ",\"parties\":[{\"loan_id\":\"", "\\u00e9", 129, "\"}]}", ERR_DATA,
                    "loan_id is too long"},
            {"{\"recipient\":\"", "1", 257, "\"}", ERR_DATA, "recipient is too long"},
            {"{" R ",\"opted_out\":[\"", "a", 255, "\"]}", ERR_NONE, ""},
            {"{" R ",\"opted_out\":[\"", "a", 256, "\"]}", ERR_DATA, "opted_out is too long"},
            {"{" R ",\"parties\":[", "{},", PARTY_MAX - 1, "{}]}", ERR_NONE, ""},
            {"{" R ",\"parties\":[", "{},", PARTY_MAX, "{}]}", ERR_DATA,
                    "parties has more than 1000 elements"},
            {"{" R ",\"x\":", "[", 10000, "", ERR_DATA, "nested deeper than 64"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(
                parse_repeated(&f, rows[i].head, rows[i].piece, rows[i].count, rows[i].tail),
                rows[i].e);
        unit_check_text("why", strbuf_view(&f.why).p, rows[i].why);
    }
    struct arena *tiny = arena_create(1);
    CU_ASSERT_EQUAL(ndjson_parse(f.ndjson, VIEW("{" R ",\"parties\":[{}]}"), tiny, &f.rel, &f.why),
            ERR_CEILING);
    arena_destroy(tiny);
    fixture_fini(&f);
}

// Every prefix of a good line, in a block of its own size: nothing is read past the end.
static void survives_every_cut(void)
{
    static const char line[] = "{" R ",\"parties\":[{\"loan_id\":\"a\\\"]\",\"role\":\"contact\"}],"
                               "\"opted_out\":[\"sms\"],\"reassigned_at\":\"2026-10-01\"}";
    struct fixture f;
    fixture_init(&f);
    for (size_t n = 0; n < sizeof line - 1; n++) {
        char *copy = malloc(n > 0 ? n : 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        memcpy(copy, line, n);
        CU_ASSERT_EQUAL(parse(&f, view_bytes(copy, n)), ERR_DATA);
        free(copy);
    }
    CU_ASSERT_EQUAL(parse(&f, view_bytes(line, sizeof line - 1)), ERR_NONE);
    CU_ASSERT_EQUAL(parse(&f, view_bytes("{" R "}\0", 32)), ERR_DATA);
    fixture_fini(&f);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"reads_a_whole_line", reads_a_whole_line},
            {"takes_absent_for_absent", takes_absent_for_absent},
            {"keeps_kinds_apart", keeps_kinds_apart},
            {"refuses_with_a_reason", refuses_with_a_reason},
            {"has_ceilings", has_ceilings},
            {"survives_every_cut", survives_every_cut},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "ndjson", tests);
}
