// HMAC and base64: the short ways against OpenSSL's own, at every length.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/digest.h"
#include "tests/support/unit.h"

enum { TEXT_BYTES = 200 };

static void fill(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(i * 151 + 7);
    }
}

// A text in one piece, in three, and behind parts that are empty.
static void check_mac(const struct mac_key *key, const uint8_t *text, size_t n,
        const uint8_t expected[SHA256_BYTES])
{
    const struct view whole = view_bytes(text, n);
    const struct view splits[][3] = {
            {whole, VIEW(""), VIEW_NONE},
            {VIEW_NONE, VIEW(""), whole},
            {view_bytes(text, n / 3), view_bytes(text + n / 3, n / 2 - n / 3),
                    view_bytes(text + n / 2, n - n / 2)},
    };
    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
        uint8_t mac[SHA256_BYTES] = {0};
        mac_sign_parts(key, splits[i], 3, mac);
        CU_ASSERT_EQUAL(memcmp(mac, expected, sizeof mac), 0);
    }
}

static void test_mac(void)
{
    uint8_t bytes[TEXT_BYTES];
    fill(bytes, sizeof bytes);
    const size_t key_bytes[] = {1, 16, 32, 63, 64, 65, 130};
    for (size_t k = 0; k < sizeof key_bytes / sizeof key_bytes[0]; k++) {
        struct mac_key *key = mac_key_create(bytes, key_bytes[k]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(key);
        for (size_t n = 0; n <= sizeof bytes; n++) {
            uint8_t expected[SHA256_BYTES];
            unsigned expected_bytes;
            HMAC(EVP_sha256(), bytes, (int)key_bytes[k], bytes, n, expected, &expected_bytes);
            check_mac(key, bytes, n, expected);
        }
        mac_key_destroy(key);
    }
}

static void test_base64(void)
{
    uint8_t bytes[64];
    fill(bytes, sizeof bytes);
    struct strbuf sb;
    struct strbuf back;
    strbuf_init(&sb, 1024);
    strbuf_init(&back, 1024);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        unsigned char expected[4 * sizeof bytes];
        int length = EVP_EncodeBlock(expected, bytes, (int)n);
        strbuf_reset(&sb);
        base64_add(&sb, bytes, n);
        CU_ASSERT_TRUE(view_equal(strbuf_view(&sb), view_bytes(expected, (size_t)length)));
        strbuf_reset(&back);
        CU_ASSERT_EQUAL(base64_decode(&back, strbuf_view(&sb)), ERR_NONE);
        CU_ASSERT_TRUE(view_equal(strbuf_view(&back), view_bytes(bytes, n)));
        for (int i = 0; i < length; i++) {
            expected[i] = expected[i] == '+' ? '-' : expected[i] == '/' ? '_' : expected[i];
        }
        while (length > 0 && expected[length - 1] == '=') {
            length--;
        }
        strbuf_reset(&sb);
        base64url_add(&sb, bytes, n);
        CU_ASSERT_TRUE(view_equal(strbuf_view(&sb), view_bytes(expected, (size_t)length)));
    }
    strbuf_fini(&sb);
    strbuf_fini(&back);
}

static void test_ceiling(void)
{
    struct strbuf sb;
    strbuf_init(&sb, 3);
    base64_add(&sb, (const uint8_t *)"x", 1);
    CU_ASSERT_EQUAL(sb.failed, ERR_CEILING);
    strbuf_fini(&sb);
}

int main(int argc, char **argv)
{
    const struct unit_test tests[] = {
            {"mac", test_mac}, {"base64", test_base64}, {"ceiling", test_ceiling}, {NULL, NULL}};
    return unit_main(argc, argv, "digest", tests);
}
