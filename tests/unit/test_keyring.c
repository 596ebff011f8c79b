// Pseudonyms, tags and key files. The expected values were computed with Python's hmac module.
#include "identity/keyring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/digest.h"
#include "tests/support/unit.h"

enum { TEXT_CEILING = 4096 };

// The ring whose current key is 00 01 … 1f.
static struct keyring *counting_ring(void)
{
    uint8_t key[32];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    struct keyring *ring = NULL;
    enum err e = keyring_create(
            &ring, VIEW("2024-05"), view_bytes(key, sizeof key), VIEW_NONE, VIEW_NONE);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    return ring;
}

static void check_hex(const char *what, const uint8_t *bytes, size_t n, const char *expected)
{
    struct strbuf hex;
    strbuf_init(&hex, TEXT_CEILING);
    hex_add(&hex, bytes, n);
    unit_check_text(what, hex.p, expected);
    strbuf_fini(&hex);
}

static const struct recipient some_phone = {RECIPIENT_PHONE, {"+8613800138000", 14}};

static void check_phone(const struct keyring_key *key, const char *expected)
{
    struct pseudonym got = keyring_pseudonym(key, some_phone);
    check_hex("phone", got.bytes, sizeof got.bytes, expected);
}

// --- what comes out --------------------------------------------------------------------------

static void makes_known_pseudonyms(void)
{
    static const struct {
        struct recipient recipient;
        const char *demo;
        const char *counting;
    } cases[] = {
            {{RECIPIENT_PHONE, {"+8613800138000", 14}}, "e2633f8b32e323b63cce00bd9674e368",
                    "24da5131860738d5f3528f2345a2d577"},
            {{RECIPIENT_EMAIL, {"a@example.com", 13}}, "d206f3eebd71ad7b9abd011191df26c8",
                    "ae71a1c93dcae856f3c06e5c79ba31b3"},
            {{RECIPIENT_PUSH, {"a@example.com", 13}}, "0a393f49ee531cfc0cdda9a37ee84c36",
                    "b0cf9dd4fdc59883451b3c084356f338"},
            {{RECIPIENT_WECHAT, {"", 0}}, "15fb8d9b0d2458b1192bbdf45715ab04",
                    "a43b299033df207f7ad23e558d866c41"},
            {{RECIPIENT_WECHAT, {NULL, 0}}, "15fb8d9b0d2458b1192bbdf45715ab04",
                    "a43b299033df207f7ad23e558d866c41"},
            {{RECIPIENT_INVALID, {"95588", 5}}, "77bdaec184916444a370173cfec48e57",
                    "b87bb8d6cddfb66aef4336bff51437d2"},
    };
    struct keyring *demo = NULL;
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&demo), ERR_NONE);
    struct keyring *counting = counting_ring();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pseudonym got = keyring_pseudonym(keyring_current(demo), cases[i].recipient);
        check_hex("demo", got.bytes, sizeof got.bytes, cases[i].demo);
        got = keyring_pseudonym(keyring_current(counting), cases[i].recipient);
        check_hex("counting", got.bytes, sizeof got.bytes, cases[i].counting);
    }
    keyring_destroy(demo);
    keyring_destroy(counting);
}

static void takes_an_address_of_a_megabyte(void)
{
    size_t n = 1 << 20;
    char *address = malloc(n);
    if (address == NULL) {
        CU_FAIL_FATAL("out of memory");
        return;
    }
    memset(address, 'x', n);
    struct keyring *ring = counting_ring();
    struct pseudonym got = keyring_pseudonym(
            keyring_current(ring), (struct recipient){RECIPIENT_PUSH, {address, n}});
    check_hex("1 MiB", got.bytes, sizeof got.bytes, "7512fa9436d9f3c6f2b144fc893a1b48");
    keyring_destroy(ring);
    free(address);
}

static void writes_pseudonyms_with_their_key_id(void)
{
    struct keyring *ring = counting_ring();
    const struct keyring_key *key = keyring_current(ring);
    struct pseudonym pseudonym = keyring_pseudonym(key, some_phone);
    struct strbuf text;
    strbuf_init(&text, TEXT_CEILING);
    pseudonym_add(&text, key, &pseudonym);
    unit_check_text("pseudonym", text.p, "2024-05:JNpRMYYHONXzUo8jRaLVdw");
    strbuf_fini(&text);
    keyring_destroy(ring);
}

static void makes_known_tags(void)
{
    struct keyring *ring = counting_ring();
    const struct keyring_key *key = keyring_current(ring);
    uint8_t tenant[TENANT_TAG_BYTES];
    keyring_tenant_tag(key, VIEW("acme"), tenant);
    check_hex("tenant", tenant, sizeof tenant, "84515896c236");
    uint8_t loan[LOAN_TAG_BYTES];
    keyring_loan_tag(key, VIEW("L-1"), loan);
    check_hex("loan", loan, sizeof loan, "62255de100aa0c04");
    keyring_destroy(ring);
}

// Tags are remembered: asked again, and after more tenants than there is room for, they are the same.
static void remembers_tags(void)
{
    enum { TENANTS = 2000, ROUNDS = 3 };
    struct keyring *ring = counting_ring();
    struct keyring *fresh = counting_ring();
    char text[100];
    memset(text, 'x', sizeof text);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < TENANTS; i++) {
            int n = snprintf(text, sizeof text, "tenant-%u", i);
            size_t length = i % 2 == 0 ? (size_t)n : 40 + i % 60; // some longer than what is kept
            uint8_t tag[TENANT_TAG_BYTES];
            uint8_t again[TENANT_TAG_BYTES];
            keyring_tenant_tag(keyring_current(ring), view_bytes(text, length), tag);
            keyring_tenant_tag(keyring_current(ring), view_bytes(text, length), again);
            CU_ASSERT_EQUAL(memcmp(tag, again, sizeof tag), 0);
            keyring_destroy(fresh);
            fresh = counting_ring();
            keyring_tenant_tag(keyring_current(fresh), view_bytes(text, length), again);
            CU_ASSERT_EQUAL(memcmp(tag, again, sizeof tag), 0);
        }
    }
    keyring_destroy(ring);
    keyring_destroy(fresh);
}

// --- the ring --------------------------------------------------------------------------------

static void finds_keys_by_id(void)
{
    struct keyring *ring = NULL;
    enum err e = keyring_create(&ring, VIEW("new"), VIEW("kkkkkkkkkkkkkkkk"), VIEW("old"),
            VIEW("0123456789abcdefghijklmnopqrstuvwxyz"));
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    CU_ASSERT_TRUE(view_is(keyring_key_id(keyring_current(ring)), "new"));
    CU_ASSERT_PTR_EQUAL(keyring_find(ring, VIEW("new")), keyring_current(ring));
    check_phone(keyring_current(ring), "bbf82615dbef2e458eea50f531a03f9a");
    const struct keyring_key *old = keyring_find(ring, VIEW("old"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(old);
    CU_ASSERT_TRUE(view_is(keyring_key_id(old), "old"));
    CU_ASSERT_PTR_NOT_EQUAL(old, keyring_current(ring));
    CU_ASSERT_PTR_NULL(keyring_find(ring, VIEW("ne")));
    CU_ASSERT_PTR_NULL(keyring_find(ring, VIEW("newer")));
    CU_ASSERT_PTR_NULL(keyring_find(ring, VIEW("")));
    CU_ASSERT_PTR_NULL(keyring_find(ring, VIEW_NONE));
    keyring_destroy(ring);
    keyring_destroy(NULL);
}

static void refuses_bad_ids_and_keys(void)
{
    const struct view good_key = VIEW("kkkkkkkkkkkkkkkk");
    const struct {
        struct view current_id;
        struct view current_key;
        struct view previous_id;
        struct view previous_key;
        enum err expected;
    } cases[] = {
            {VIEW("k"), good_key, VIEW_NONE, VIEW_NONE, ERR_NONE},
            {VIEW("A-z_0.9"), good_key, VIEW_NONE, VIEW_NONE, ERR_NONE},
            {VIEW("0123456789abcdef0123456789abcdef"), good_key, VIEW_NONE, VIEW_NONE, ERR_NONE},
            {VIEW("0123456789abcdef0123456789abcdefX"), good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW(""), good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW_NONE, good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("a:b"), good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("a\0b"), good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("é"), good_key, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("k"), VIEW("kkkkkkkkkkkkkkk"), VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("k"), VIEW_NONE, VIEW_NONE, VIEW_NONE, ERR_CONFIG},
            {VIEW("k"), good_key, VIEW("k"), good_key, ERR_CONFIG},
            {VIEW("k"), good_key, VIEW("j"), VIEW_NONE, ERR_CONFIG},
            {VIEW("k"), good_key, VIEW_NONE, good_key, ERR_CONFIG},
            {VIEW("k"), good_key, VIEW("j"), VIEW("short"), ERR_CONFIG},
            {VIEW("k"), good_key, VIEW("j"), good_key, ERR_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct keyring *ring = NULL;
        enum err e = keyring_create(&ring, cases[i].current_id, cases[i].current_key,
                cases[i].previous_id, cases[i].previous_key);
        CU_ASSERT_EQUAL(e, cases[i].expected);
        CU_ASSERT_EQUAL(ring != NULL, cases[i].expected == ERR_NONE);
        keyring_destroy(ring);
    }
}

// --- key files -------------------------------------------------------------------------------

struct folder {
    char path[64];
    char file[96];
};

static void folder_make(struct folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/wn-keyring-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder->path));
    snprintf(folder->file, sizeof folder->file, "%s/key", folder->path);
}

static void folder_remove(struct folder *folder)
{
    unlink(folder->file);
    CU_ASSERT_EQUAL(rmdir(folder->path), 0);
}

static void folder_write(const struct folder *folder, struct view bytes)
{
    FILE *file = fopen(folder->file, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

// `expected` is the pseudonym of some_phone, or NULL when the file must be refused for `why`.
static void check_file(const struct folder *folder, const char *expected, const char *why)
{
    struct strbuf said;
    strbuf_init(&said, TEXT_CEILING);
    struct keyring *ring = NULL;
    enum err e = keyring_load(&ring, "k1", folder->file, NULL, NULL, &said);
    if (expected != NULL) {
        CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
        CU_ASSERT_EQUAL(said.n, 0);
        check_phone(keyring_current(ring), expected);
    } else {
        char text[256];
        snprintf(text, sizeof text, "key file %s: %s", folder->file, why);
        CU_ASSERT_EQUAL(e, ERR_CONFIG);
        CU_ASSERT_PTR_NULL(ring);
        unit_check_text("why", said.p != NULL ? said.p : "", text);
    }
    keyring_destroy(ring);
    strbuf_fini(&said);
}

#define HEX_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define TOO_SHORT "is too short: expected 64 hex digits or 32 to 64 raw bytes"
#define TOO_LONG "is too long: expected 64 hex digits or 32 to 64 raw bytes"

static void reads_key_files(void)
{
    static const char counting[] = "24da5131860738d5f3528f2345a2d577";
    uint8_t raw48[48];
    for (size_t i = 0; i < sizeof raw48; i++) {
        raw48[i] = (uint8_t)(0x80 + i);
    }
    char many[67]; // no hex digits
    memset(many, 'g', sizeof many);
    char feeds[33];
    memset(feeds, '\n', sizeof feeds);
    char line[65];
    memset(line, 'g', 64);
    line[64] = '\n';
    char crlf[67] = HEX_KEY "\r\n";
    const struct {
        struct view bytes;
        const char *expected;
        const char *why;
    } cases[] = {
            {VIEW(HEX_KEY), counting, NULL},
            {VIEW(HEX_KEY "\n"), counting, NULL},
            {VIEW(HEX_KEY "\n\n"), NULL, TOO_LONG},
            {{crlf, 66}, NULL, TOO_LONG},
            {view_bytes(raw48, sizeof raw48), "c71553a27fa3300b076fb0832fb07a50", NULL},
            {{many, 64}, "c7e3e4cc99a99bf267f9c411bd986467", NULL},
            {{line, 65}, "c7e3e4cc99a99bf267f9c411bd986467", NULL},
            {{many, 65}, NULL, TOO_LONG},
            {{many, 66}, NULL, TOO_LONG},
            {{many, 67}, NULL, TOO_LONG},
            {{many, 31}, NULL, TOO_SHORT},
            {{feeds, 33}, "89cc52a947de3540a0d8065e460474a5", NULL},
            {{feeds, 32}, NULL, TOO_SHORT},
            {VIEW("\n"), NULL, TOO_SHORT},
            {VIEW(""), NULL, TOO_SHORT},
    };
    struct folder folder;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        folder_write(&folder, cases[i].bytes);
        check_file(&folder, cases[i].expected, cases[i].why);
    }
    folder_remove(&folder);
}

static void refuses_what_is_no_key_file(void)
{
    struct folder folder;
    folder_make(&folder);
    check_file(&folder, NULL, "No such file or directory");
    CU_ASSERT_EQUAL_FATAL(mkfifo(folder.file, 0600), 0);
    check_file(&folder, NULL, "is not a regular file"); // and does not wait for a writer
    unlink(folder.file);
    CU_ASSERT_EQUAL_FATAL(mkdir(folder.file, 0700), 0);
    check_file(&folder, NULL, "is not a regular file");
    rmdir(folder.file);
    folder_remove(&folder);
}

static void loads_current_and_previous(void)
{
    struct folder folder;
    folder_make(&folder);
    folder_write(&folder, VIEW(HEX_KEY "\n"));
    struct strbuf why;
    strbuf_init(&why, TEXT_CEILING);
    struct keyring *ring = NULL;
    enum err e = keyring_load(&ring, "new", folder.file, "old", folder.file, &why);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(keyring_find(ring, VIEW("old")));
    check_phone(keyring_find(ring, VIEW("old")), "24da5131860738d5f3528f2345a2d577");
    keyring_destroy(ring);

    static const struct {
        const char *current_id;
        const char *previous_id;
        const char *why;
    } bad[] = {
            {"", NULL, "current key id: expected 1 to 32 of A-Z a-z 0-9 . _ -"},
            {"a b", "old", "current key id: expected 1 to 32 of A-Z a-z 0-9 . _ -"},
            {"new", NULL, "previous key id: expected 1 to 32 of A-Z a-z 0-9 . _ -"},
            {"new", "new", "current and previous key have the same id, new"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ring = NULL;
        strbuf_reset(&why);
        e = keyring_load(
                &ring, bad[i].current_id, folder.file, bad[i].previous_id, folder.file, &why);
        CU_ASSERT_EQUAL(e, ERR_CONFIG);
        CU_ASSERT_PTR_NULL(ring);
        unit_check_text("why", why.p != NULL ? why.p : "", bad[i].why);
    }
    strbuf_fini(&why);
    folder_remove(&folder);
}

static const struct unit_test tests[] = {
        {"makes_known_pseudonyms", makes_known_pseudonyms},
        {"takes_an_address_of_a_megabyte", takes_an_address_of_a_megabyte},
        {"writes_pseudonyms_with_their_key_id", writes_pseudonyms_with_their_key_id},
        {"makes_known_tags", makes_known_tags},
        {"remembers_tags", remembers_tags},
        {"finds_keys_by_id", finds_keys_by_id},
        {"refuses_bad_ids_and_keys", refuses_bad_ids_and_keys},
        {"reads_key_files", reads_key_files},
        {"refuses_what_is_no_key_file", refuses_what_is_no_key_file},
        {"loads_current_and_previous", loads_current_and_previous},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "keyring", tests);
}
