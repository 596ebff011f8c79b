#include "common/digest_version.h"

#include <openssl/crypto.h>

const char *digest_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
