// Reads one JSON number, exactly.
#ifndef QUIVER_JSON_NUMBER_HPP
#define QUIVER_JSON_NUMBER_HPP

#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "CSimdjson.h"

namespace quiver_json {

struct Number {
    qjson_code code;
    qjson_kind kind;
    uint64_t bits;
};

inline bool is_digit(uint8_t byte) { return uint8_t(byte - '0') < 10; }

inline bool is_white_space(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/// May a number or a literal end before `at`?
inline bool ends_scalar(const uint8_t *at, const uint8_t *limit) {
    return *at == ',' || *at == ']' || *at == '}' || is_white_space(*at) || at == limit;
}

/// Eight digits at once: checks and folds them as 4 pairs, 2 quads, 1 octet within a word.
inline bool eight_digits(const uint8_t *at, uint32_t &out) {
    uint64_t word;
    std::memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    if ((((word + 0x4646464646464646) | (word - 0x3030303030303030)) & 0x8080808080808080) != 0) return false;
    word -= 0x3030303030303030;
    word = word * 10 + (word >> 8);
    out = uint32_t((((word & 0x000000FF000000FF) * 0x000F424000000064)
                    + (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >> 32);
    return true;
}

inline Number fail(qjson_code code) { return {code, QJSON_NULL, 0}; }

inline Number done(double value) {
    if (!std::isfinite(value)) return fail(QJSON_NUMBER_OUT_OF_RANGE);
    uint64_t bits;
    std::memcpy(&bits, &value, 8);
    return {QJSON_OK, QJSON_DOUBLE, bits};
}

/// More digits than a word holds, or a power of ten out of the table: rare, so it may be slow.
__attribute__((noinline)) inline Number read_hard_double(const uint8_t *text, const uint8_t *end) {
    return done(simdjson::internal::from_chars(
        reinterpret_cast<const char *>(text), reinterpret_cast<const char *>(end)));
}

/// `text` is a number's first byte, `limit` the end of the source. The scan needs no bound, because somebody saw to
/// it that digits come to an end: at a structural character or at zeroed padding.
inline Number read_number(const uint8_t *text, const uint8_t *limit) {
    const bool negative = *text == '-';
    const uint8_t *at = text + negative;
    const uint8_t *const first = at;
    uint64_t mantissa = 0;
    while (is_digit(*at)) mantissa = mantissa * 10 + (*at++ - '0');
    size_t digits = size_t(at - first);
    if (digits == 0 || (*first == '0' && digits > 1)) return fail(QJSON_INVALID_NUMBER);

    int64_t exponent = 0;
    bool is_integer = true;
    if (*at == '.') {
        is_integer = false;
        const uint8_t *const fraction = ++at;
        uint32_t eight;
        if (eight_digits(at, eight)) {
            mantissa = mantissa * 100000000 + eight;
            at += 8;
            if (eight_digits(at, eight)) {
                mantissa = mantissa * 100000000 + eight;
                at += 8;
            }
        }
        while (is_digit(*at)) mantissa = mantissa * 10 + (*at++ - '0');
        if (at == fraction) return fail(QJSON_INVALID_NUMBER);
        digits += size_t(at - fraction);
        exponent = fraction - at;
    }
    if ((*at | 0x20) == 'e') {
        is_integer = false;
        ++at;
        const bool below = *at == '-';
        at += below || *at == '+';
        const uint8_t *const power = at;
        int64_t written = 0;
        // The mantissa has at most 2^30 digits: an exponent beyond the bound decides alone.
        while (is_digit(*at)) {
            if (written < 100000000000) written = written * 10 + (*at - '0');
            ++at;
        }
        if (at == power) return fail(QJSON_INVALID_NUMBER);
        exponent += below ? -written : written;
    }
    if (!ends_scalar(at, limit)) return fail(QJSON_INVALID_NUMBER);

    if (is_integer) {
        // A number of 20 digits that starts with 1 wraps below 10^19 when it is not below 2^64.
        const bool fits = digits <= 19 || (digits == 20 && *first == '1' && mantissa >= 10000000000000000000u);
        if (fits && !negative) {
            return {QJSON_OK, mantissa > uint64_t(INT64_MAX) ? QJSON_UINT64 : QJSON_INT64, mantissa};
        }
        // -0 is the double that says so.
        if (fits && mantissa != 0 && mantissa <= uint64_t(1) << 63) return {QJSON_OK, QJSON_INT64, ~mantissa + 1};
    }
    if (digits > 19) {
        const uint8_t *significant = first;
        while (*significant == '0' || *significant == '.') {
            digits -= *significant == '0';
            ++significant;
        }
        if (digits > 19) return read_hard_double(text, at);
    }
    double value;
    if (mantissa == 0) return done(negative ? -0.0 : 0.0);
    if (exponent < simdjson::internal::smallest_power || exponent > simdjson::internal::largest_power
        || !simdjson::SIMDJSON_BUILTIN_IMPLEMENTATION::numberparsing::compute_float_64(
            exponent, mantissa, negative, value)) {
        return read_hard_double(text, at);
    }
    return done(value);
}

}  // namespace quiver_json

#endif
