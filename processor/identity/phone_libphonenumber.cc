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

bool is_chinese_mobile(const PhoneNumber &number)
{
    return number.country_code() == kChina && !number.italian_leading_zero() &&
           number.national_number() >= UINT64_C(13000000000) &&
           number.national_number() <= UINT64_C(19999999999);
}

size_t read(const std::string &text, const std::string &region, char *ret_e164)
{
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (util.Parse(text, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
            (!is_chinese_mobile(number) && !util.IsValidNumber(number))) {
        return 0;
    }
    std::string e164;
    util.Format(number, PhoneNumberUtil::E164, &e164);
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
