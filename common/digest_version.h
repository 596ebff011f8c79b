// The version of the cryptographic library that is linked, for --version.
#pragma once

const char *digest_library_version(void);
