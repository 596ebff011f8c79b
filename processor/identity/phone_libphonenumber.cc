#include "identity/phone.h"

#include <phonenumbers/phonenumberutil.h>

#include <cstdint>
#include <cstring>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

constexpr int kChina = 86;
constexpr int kReadings = 8;

bool is_chinese_mobile(const PhoneNumber &number)
{
    return number.country_code() == kChina && !number.italian_leading_zero() &&
           number.national_number() >= UINT64_C(13000000000) &&
           number.national_number() <= UINT64_C(19999999999);
}

// The E.164 form; empty when this is no number to accept.
std::string read_once(const std::string &text, const std::string &region)
{
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    std::string e164;
    if (util.Parse(text, region, &number) == PhoneNumberUtil::NO_PARSING_ERROR &&
            (is_chinese_mobile(number) || util.IsValidNumber(number))) {
        util.Format(number, PhoneNumberUtil::E164, &e164);
    }
    return e164;
}

// The E.164 form is read again until it stays as it is: Mexico's +52 1 1 55 1234 5678 loses one
// prefix 1 a reading, and a message must meet its loan whichever of its spellings either has.
size_t read(const std::string &text, const std::string &region, char *ret_e164)
{
    std::string before = text;
    std::string e164 = read_once(before, region);
    for (int readings = 1; !e164.empty() && e164 != before; readings++) {
        if (readings == kReadings) {
            return 0;
        }
        before = e164;
        e164 = read_once(before, region);
    }
    if (e164.size() > PHONE_E164_MAX_BYTES) {
        return 0;
    }
    std::memcpy(ret_e164, e164.data(), e164.size());
    return e164.size();
}

} // namespace

// Nothing is thrown for bad input; what may come is std::bad_alloc, and C code must not be unwound.
size_t phone_read(const char *text, size_t text_bytes, const char *default_region,
        char ret_e164[PHONE_E164_MAX_BYTES])
{
    if (text_bytes == 0 || text_bytes > PHONE_TEXT_MAX_BYTES) {
        return 0;
    }
    try {
        return read(std::string(text, text_bytes), default_region, ret_e164);
    } catch (...) {
        return PHONE_UNREAD;
    }
}

bool phone_region_is_known(const char *region)
{
    try {
        return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0;
    } catch (...) {
        return false;
    }
}
