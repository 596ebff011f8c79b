// Zones: their offsets against Python's zoneinfo, rules in footers, names that lead nowhere, and files that
// are not as they must be.
#include "common/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "unit.h"

enum { WHY_MAX = 4096, LINES_MIN = 10000, FILE_MAX = ZONE_FILE_MAX_BYTES + 1 };

#define DAY_MS INT64_C(86400000)

// --- against zoneinfo -------------------------------------------------------------------------

static void test_zoneinfo(void)
{
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    struct zones *zones = NULL;
    CU_ASSERT_EQUAL_FATAL(zones_open(&zones, ZONE_DIRECTORY, &why), ERR_NONE);
    FILE *oracle = popen("python3 tests/support/zone_oracle.py", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(oracle);
    char name[ZONE_NAME_MAX + 1];
    long long at_ms;
    int offset_s;
    size_t lines = 0;
    size_t wrong = 0;
    while (fscanf(oracle, "%64s %lld %d", name, &at_ms, &offset_s) == 3) {
        const struct zone *zone = zones_find(zones, view_of(name));
        bool right = zone != NULL && zone_offset_s(zone, at_ms) == offset_s;
        if (!right && ++wrong < 10) {
            fprintf(stderr, "%s at %lld: %d, expected %d\n", name, at_ms,
                    zone != NULL ? zone_offset_s(zone, at_ms) : -1, offset_s);
        }
        lines++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(lines > LINES_MIN);
    CU_ASSERT_EQUAL(pclose(oracle), 0);
    CU_ASSERT_PTR_NULL(zones_find(zones, VIEW("posix/Asia/Shanghai")));
    CU_ASSERT_PTR_NULL(zones_find(zones, VIEW("Asia")));
    CU_ASSERT_PTR_NULL(zones_find(zones, VIEW_NONE));
    zones_destroy(zones);
    strbuf_fini(&why);
}

// --- files of our own -------------------------------------------------------------------------

struct made {
    char version;
    int leap_count;
    int time_count;
    int64_t times[4];
    uint8_t types[4];
    int type_count;
    int32_t offsets[2];
    const char *footer;
};

static void add_block(struct strbuf *sb, const struct made *made, unsigned time_bytes)
{
    strbuf_add_text(sb, "TZif");
    strbuf_add_byte(sb, (uint8_t)made->version);
    strbuf_add(sb, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    strbuf_add_be(sb, 0, 4);
    strbuf_add_be(sb, 0, 4);
    strbuf_add_be(sb, (uint64_t)made->leap_count, 4);
    strbuf_add_be(sb, (uint64_t)made->time_count, 4);
    strbuf_add_be(sb, (uint64_t)made->type_count, 4);
    strbuf_add_be(sb, 4, 4);
    for (int i = 0; i < made->time_count; i++) {
        strbuf_add_be(sb, (uint64_t)made->times[i], time_bytes);
    }
    strbuf_add(sb, made->types, (size_t)made->time_count);
    for (int i = 0; i < made->type_count; i++) {
        strbuf_add_be(sb, (uint32_t)made->offsets[i], 4);
        strbuf_add_be(sb, 0, 2);
    }
    strbuf_add(sb, "ABC\0", 4);
    for (int i = 0; i < made->leap_count; i++) {
        strbuf_add_be(sb, 0, time_bytes);
        strbuf_add_be(sb, 0, 4);
    }
}

static enum err parse(const struct made *made, struct zone **ret_zone, struct strbuf *why)
{
    struct strbuf bytes;
    strbuf_init(&bytes, ZONE_FILE_MAX_BYTES);
    add_block(&bytes, made, 4);
    add_block(&bytes, made, 8);
    strbuf_printf(&bytes, "\n%s\n", made->footer);
    strbuf_reset(why);
    enum err e = zone_parse(ret_zone, VIEW("Made/Up"), strbuf_view(&bytes), why);
    strbuf_fini(&bytes);
    return e;
}

static void test_rules(void)
{
    static const struct {
        const char *footer;
        const char *at;
        int offset_s;
    } rows[] = {
            {"EST5EDT,M3.2.0,M11.1.0", "2060-03-14T06:59:59Z", -18000},
            {"EST5EDT,M3.2.0,M11.1.0", "2060-03-14T07:00:00Z", -14400},
            {"EST5EDT,M3.2.0,M11.1.0", "2060-11-07T05:59:59Z", -14400},
            {"EST5EDT,M3.2.0,M11.1.0", "2060-11-07T06:00:00Z", -18000},
            // south of the equator, by half an hour
            {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2060-04-03T14:59:59Z", 39600},
            {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2060-04-03T15:00:00Z", 37800},
            {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2060-10-02T15:30:00Z", 39600},
            // days of the year; J60 is 1 March, 59 is 29 February in leap years
            {"AAA0BBB,J60/0,J300/0", "2024-02-29T23:59:59Z", 0},
            {"AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00Z", 3600},
            {"AAA0BBB,59/0,300/0", "2024-02-28T23:59:59Z", 0},
            {"AAA0BBB,59/0,300/0", "2024-02-29T00:00:00Z", 3600},
            // the last Thursday, 26 hours behind its beginning and before it
            {"AAA0BBB,M3.5.4/26,M10.5.4/-26", "2026-03-27T01:59:59Z", 0},
            {"AAA0BBB,M3.5.4/26,M10.5.4/-26", "2026-03-27T02:00:00Z", 3600},
            {"AAA0BBB,M3.5.4/26,M10.5.4/-26", "2026-10-27T20:59:59Z", 3600},
            {"AAA0BBB,M3.5.4/26,M10.5.4/-26", "2026-10-27T21:00:00Z", 0},
            // all the year
            {"XXX3<+02>-2,0/0,J365/29", "2026-01-01T02:59:59Z", 7200},
            {"XXX3<+02>-2,0/0,J365/29", "2026-12-31T23:59:59Z", 7200},
            {"AAA0", "2060-07-01", 0},
            {"", "2060-07-01", 0},
    };
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct made made = {.version = '2', .type_count = 1, .footer = rows[i].footer};
        struct zone *zone = NULL;
        int64_t at_ms = 0;
        CU_ASSERT_EQUAL(clock_parse_rfc3339(view_of(rows[i].at), &at_ms), CLOCK_OK);
        CU_ASSERT_EQUAL_FATAL(parse(&made, &zone, &why), ERR_NONE);
        if (zone_offset_s(zone, at_ms) != rows[i].offset_s) {
            CU_FAIL("offset");
            fprintf(stderr, "%s at %s: %d\n", rows[i].footer, rows[i].at,
                    zone_offset_s(zone, at_ms));
        }
        zone_destroy(zone);
    }
    strbuf_fini(&why);
}

static void test_bad_files(void)
{
    static const char version[] = "zone Made/Up: expected a TZif file of version 2 or later";
    static const char form[] = "zone Made/Up: the file is not well formed";
    static const char times[] = "zone Made/Up: the file's times are not well formed";
    const struct made good = {
            '2', 0, 2, {INT64_C(1000000000), INT64_C(1100000000)}, {1, 0}, 2, {0, 3600}, "AAA0"};
    struct made rows[] = {good, good, good, good, good, good, good, good, good, good, good, good,
            good, good, good, good};
    const char *const expected[] = {NULL, version, form,
            "zone Made/Up: counts leap seconds, which message events do not", times, times, times,
            times, times, times, times, times, times, times, times, times};
    enum { COUNT = sizeof rows / sizeof *rows };
    _Static_assert(sizeof expected / sizeof *expected == COUNT, "a finding a row");
    rows[1].version = '\0';
    rows[2].type_count = 0;
    rows[3].leap_count = 1;
    rows[4].times[1] = rows[4].times[0];
    rows[5].types[0] = 2;
    rows[6].offsets[1] = 26 * 3600 + 1;
    rows[7].offsets[0] = -26 * 3600 - 1;
    rows[8].footer = "AAA1"; // the last change says otherwise
    rows[9].footer = "AAA0BBB";
    rows[10].footer = "AAA0BBB,M13.1.0,M11.1.0";
    rows[11].footer = "AAA0BBB,M3.6.0,M11.1.0";
    rows[12].footer = "AAA0BBB,M3.1.7,M11.1.0";
    rows[13].footer = "AAA0BBB,M3.1.0/168,M11.1.0";
    rows[14].footer = "AA0";
    rows[15].footer = "<AAA0BBB,M3.1.0,M11.1.0";
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    for (size_t i = 0; i < COUNT; i++) {
        struct zone *zone = NULL;
        CU_ASSERT_EQUAL(parse(&rows[i], &zone, &why), expected[i] == NULL ? ERR_NONE : ERR_CONFIG);
        unit_check_text("finding", strbuf_view(&why).p, expected[i] == NULL ? "" : expected[i]);
        zone_destroy(zone);
    }
    strbuf_fini(&why);
}

// A file that ends anywhere too early is refused.
static void test_cut_files(void)
{
    static char bytes[FILE_MAX];
    FILE *file = fopen(ZONE_DIRECTORY "/Europe/London", "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    struct zone *zone = NULL;
    for (size_t cut = 0; cut < n; cut++) {
        char *copy = malloc(cut + 1); // so that a sanitizer sees what is read behind it
        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        memcpy(copy, bytes, cut);
        strbuf_reset(&why);
        CU_ASSERT_EQUAL(zone_parse(&zone, VIEW("Z"), view_bytes(copy, cut), &why), ERR_CONFIG);
        CU_ASSERT_TRUE(why.n > 0);
        free(copy);
    }
    CU_ASSERT_EQUAL(zone_parse(&zone, VIEW("Z"), view_bytes(bytes, n), &why), ERR_NONE);
    zone_destroy(zone);
    strbuf_fini(&why);
}

// --- names and places -------------------------------------------------------------------------

static void test_names(void)
{
    static const char *const good[] = {
            "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+8", "UTC", "EST5EDT"};
    static const char *const bad[] = {"", "/etc/passwd", "../shadow", "Asia/../../etc/passwd",
            "Asia//Shanghai", "Asia/", "Asia/Shang hai", "localtime", "zone.tab", "+VERSION",
            "Asia/Shanghai\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const offsets[] = {"+08:00", "-05:30", "+14:00", "+00:00"};
    static const char *const no_offsets[] = {
            "08:00", "+8:00", "+14:01", "+15:00", "+08:60", "+08-00", "+08:00 ", ""};
    struct zone zone;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CU_ASSERT_TRUE(zone_is_name(view_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_FALSE(zone_is_name(view_of(bad[i])));
    }
    CU_ASSERT_FALSE(zone_is_name(view_bytes("UTC\0/x", 6)));
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        CU_ASSERT_TRUE(zone_read_offset(view_of(offsets[i]), &zone));
    }
    for (size_t i = 0; i < sizeof no_offsets / sizeof *no_offsets; i++) {
        CU_ASSERT_FALSE(zone_read_offset(view_of(no_offsets[i]), &zone));
    }
    CU_ASSERT_TRUE(zone_read_offset(VIEW("-05:30"), &zone));
    CU_ASSERT_EQUAL(zone_offset_s(&zone, 0), -19800);
}

static void write_file(const char *folder, const char *name, size_t bytes)
{
    char path[128];
    static const char block[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (size_t n = 0; n < bytes; n += sizeof block) {
        fwrite(block, 1, sizeof block, file);
    }
    fclose(file);
}

// A file with one leap second, as those of "right/" have, which not every Debian brings.
static void write_leaping(const char *path)
{
    static const char bytes[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" // version 2
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"    // no leap seconds, no changes
                                "\0\0\0\1\0\0\0\1"                    // a type, a byte of names
                                "\0\0\0\0\0\0\0"
                                "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"
                                "\0\0\0\1\0\0\0\1"
                                "\0\0\0\0\0\0\0"
                                "\0\0\0\0\4\262\130\0\0\0\0\1" // 1972-07-01
                                "\nUTC0\n";
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fwrite(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
}

static void test_places(void)
{
    static const struct {
        const char *name;
        const char *why;
    } rows[] = {
            {"nobody", "zone nobody: there is none of this name"},
            {"short/er", "zone short/er: there is none of this name"},
            {"folder", "zone folder: expected a regular file of 64 KiB at most"},
            {"pipe", "zone pipe: expected a regular file of 64 KiB at most"},
            {"large", "zone large: expected a regular file of 64 KiB at most"},
            {"short", "zone short: expected a TZif file of version 2 or later"},
            {"../up", "expected an offset such as +08:00, or a zone such as Asia/Shanghai"},
            {"right", "zone right: counts leap seconds, which message events do not"},
    };
    char folder[] = "/tmp/wn-zone-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    char path[128];
    snprintf(path, sizeof path, "%s/folder", folder);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/pipe", folder);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/right", folder);
    write_leaping(path);
    write_file(folder, "large", ZONE_FILE_MAX_BYTES + 1);
    write_file(folder, "short", 1);
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    struct zone *zone = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strbuf_reset(&why);
        CU_ASSERT_EQUAL(zone_open(&zone, view_of(rows[i].name), folder, &why), ERR_CONFIG);
        unit_check_text("why", strbuf_view(&why).p, rows[i].why);
    }
    CU_ASSERT_EQUAL_FATAL(zone_open(&zone, VIEW("+08:00"), folder, &why), ERR_NONE);
    CU_ASSERT_TRUE(zone->is_fixed);
    zone_destroy(zone);
    strbuf_fini(&why);
    for (size_t i = 2; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
        CU_ASSERT_EQUAL(remove(path), 0);
    }
    snprintf(path, sizeof path, "%s/right", folder);
    CU_ASSERT_EQUAL(remove(path), 0);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

// Of a directory, what is no file of zones is passed over; a bad one is not, and neither is one too many.
static void test_directories(void)
{
    char folder[] = "/tmp/wn-zones-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    char path[128];
    write_file(folder, "leapseconds", 1);
    struct strbuf why;
    strbuf_init(&why, WHY_MAX);
    struct zones *zones = NULL;
    for (int i = 0; i <= ZONES_MAX; i++) {
        snprintf(path, sizeof path, "%s/Z%d", folder, i);
        CU_ASSERT_EQUAL(symlink(ZONE_DIRECTORY "/UTC", path), 0);
        if (i == ZONES_MAX - 1) {
            CU_ASSERT_EQUAL_FATAL(zones_open(&zones, folder, &why), ERR_NONE);
            CU_ASSERT_EQUAL(zones_count(zones), ZONES_MAX);
            CU_ASSERT_PTR_NOT_NULL(zones_find(zones, VIEW("Z7")));
            CU_ASSERT_PTR_NULL(zones_find(zones, VIEW("leapseconds")));
            zones_destroy(zones);
        }
    }
    CU_ASSERT_EQUAL(zones_open(&zones, folder, &why), ERR_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_view(&why).p, "expected at most 2048 zones"));
    strbuf_reset(&why);
    CU_ASSERT_EQUAL(remove(path), 0);
    write_leaping(path);
    for (int i = 0; i < ZONES_MAX; i++) {
        snprintf(path, sizeof path, "%s/Z%d", folder, i);
        CU_ASSERT_EQUAL(remove(path), 0);
    }
    CU_ASSERT_EQUAL(zones_open(&zones, folder, &why), ERR_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(strbuf_view(&why).p, "counts leap seconds"));
    snprintf(path, sizeof path, "%s/Z%d", folder, ZONES_MAX);
    CU_ASSERT_EQUAL(remove(path), 0);
    snprintf(path, sizeof path, "%s/leapseconds", folder);
    CU_ASSERT_EQUAL(remove(path), 0);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
    CU_ASSERT_EQUAL(zones_open(&zones, folder, &why), ERR_CONFIG);
    strbuf_fini(&why);
}

// --- moments ----------------------------------------------------------------------------------

static void test_moments(void)
{
    struct strbuf text;
    strbuf_init(&text, WHY_MAX);
    struct zone *zone = NULL;
    CU_ASSERT_EQUAL_FATAL(
            zone_open(&zone, VIEW("America/New_York"), ZONE_DIRECTORY, &text), ERR_NONE);
    const int64_t spring_ms = INT64_C(1772953200000); // 2026-03-08T07:00:00Z
    zone_format(&text, zone, spring_ms - 1);
    strbuf_add_byte(&text, ' ');
    zone_format(&text, zone, spring_ms);
    unit_check_text("local", strbuf_view(&text).p,
            "2026-03-08T01:59:59.999-05:00 2026-03-08T03:00:00.000-04:00");
    CU_ASSERT_EQUAL(zone_next_change_ms(zone, spring_ms - 1), spring_ms);
    CU_ASSERT_EQUAL(zone_next_change_ms(zone, spring_ms), INT64_C(1793512800000));
    CU_ASSERT_EQUAL(zone_next_change_ms(zone, INT64_C(4133980800000)), ZONE_NEVER);
    int32_t second;
    CU_ASSERT_EQUAL(zone_day(zone, spring_ms, &second), spring_ms / DAY_MS);
    CU_ASSERT_EQUAL(second, 3 * 3600);
    CU_ASSERT_EQUAL(zone_day(zone, spring_ms - 3 * 3600000, &second), spring_ms / DAY_MS - 1);
    CU_ASSERT_EQUAL(second, 23 * 3600);
    struct strbuf other;
    strbuf_init(&other, WHY_MAX);
    struct zone fixed;
    CU_ASSERT_TRUE(zone_read_offset(VIEW("-05:00"), &fixed));
    CU_ASSERT_EQUAL(zone_next_change_ms(&fixed, 0), ZONE_NEVER);
    strbuf_reset(&text);
    zone_add_digest(&text, zone);
    zone_add_digest(&other, &fixed);
    CU_ASSERT_EQUAL(text.n, 16);
    CU_ASSERT_STRING_NOT_EQUAL(text.p, other.p);
    strbuf_fini(&other);
    strbuf_fini(&text);
    zone_destroy(zone);
}

static const struct unit_test tests[] = {
        {"zoneinfo", test_zoneinfo},
        {"rules", test_rules},
        {"bad_files", test_bad_files},
        {"cut_files", test_cut_files},
        {"names", test_names},
        {"places", test_places},
        {"directories", test_directories},
        {"moments", test_moments},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "zone", tests);
}
