// Reads one JSON number, exactly.
#ifndef QUIVER_JSON_NUMBER_HPP
#define QUIVER_JSON_NUMBER_HPP

#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "CSimdjson.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

constexpr uint64_t powers_of_ten[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000};

/// Exact as doubles.
constexpr double exact_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct Digits {
    uint32_t value;
    uint32_t count;
};

/// The digits that `at` begins with, up to eight: found, and folded as 4 pairs, 2 quads and 1 octet within a word,
/// without a branch. The number of digits of a component is as good as random, so a branch on it would be mispredicted.
inline Digits up_to_eight_digits(const uint8_t *at) {
    uint64_t word;
    std::memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word ^= 0x3030303030303030;
    // The high bit of each byte that is no digit; a carry can only go wrong behind the first of them.
    const uint64_t others = (word | (word + 0x7676767676767676)) & 0x8080808080808080;
    const uint32_t count = others == 0 ? 8 : uint32_t(__builtin_ctzll(others)) >> 3;
    // Zeros take the places in front, shifted in two steps because a shift by 64 means nothing.
    word = word << 4 * (8 - count) << 4 * (8 - count);
    word = word * 10 + (word >> 8);
    const uint32_t value = uint32_t((((word & 0x000000FF000000FF) * 0x000F424000000064)
                                     + (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >> 32);
    return {value, count};
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
        const Digits head = up_to_eight_digits(at);
        Digits tail = up_to_eight_digits(at + 8);
        const bool goes_on = head.count == 8;
        tail.value = goes_on ? tail.value : 0;
        tail.count = goes_on ? tail.count : 0;
        mantissa = mantissa * powers_of_ten[head.count + tail.count] + head.value * powers_of_ten[tail.count]
            + tail.value;
        at += head.count + tail.count;
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
    // Both are exact, so their quotient is rounded once (Clinger 1990).
    if (exponent <= 0 && exponent >= -22 && mantissa <= uint64_t(1) << 53) {
        const double magnitude = double(mantissa) / exact_powers_of_ten[-exponent];
        uint64_t bits;
        std::memcpy(&bits, &magnitude, 8);
        return {QJSON_OK, QJSON_DOUBLE, bits | uint64_t(negative) << 63};
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

/// What both ways to read a short decimal end with. `value` is the number that the `count` digits make. One test for
/// all of it: it comes out the same for a whole body.
inline bool finish_short_decimal(
    const uint8_t *first, uint64_t negative, uint64_t value, uint32_t count, uint64_t &bits
) {
    const uint8_t end = first[2 + count];
    const uint64_t mantissa = uint64_t(*first - '0') * powers_of_ten[count] + value;
    if (!(is_digit(*first) & (first[1] == '.') & (count > 0) & ((end == ',') | (end == ']'))
          & (mantissa <= uint64_t(1) << 53))) {
        return false;
    }
    // Both are exact, so their quotient is rounded once (Clinger 1990).
    const double magnitude = double(int64_t(mantissa)) / exact_powers_of_ten[count];
    std::memcpy(&bits, &magnitude, 8);
    bits |= negative << 63;
    return true;
}

/// The form that nearly all components of vectors have: a digit, a point, up to 16 digits, and a comma or bracket right
/// behind. False, with nothing read, for any other. Without branches that depend on the digits.
inline bool read_short_decimal(const uint8_t *text, uint64_t &bits) {
    const uint64_t negative = *text == '-';
    const uint8_t *const first = text + negative;
    const Digits head = up_to_eight_digits(first + 2);
    Digits tail = up_to_eight_digits(first + 10);
    const uint32_t goes_on = -uint32_t(head.count == 8);
    tail.value &= goes_on;
    tail.count &= goes_on;
    return finish_short_decimal(
        first, negative, head.value * powers_of_ten[tail.count] + tail.value, head.count + tail.count, bits);
}

#if defined(__x86_64__)
/// From byte 16 - n on: n digits to the right end of 16, behind zeros.
alignas(16) constexpr uint8_t align_right[32] = {
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,   14,   15};

/// The same with all 16 digits in one register.
__attribute__((target("sse4.1"))) inline bool read_short_decimal_sse(const uint8_t *text, uint64_t &bits) {
    const uint64_t negative = *text == '-';
    const uint8_t *const first = text + negative;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(first + 2));
    const __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    const uint32_t count = uint32_t(__builtin_ctz(~uint32_t(_mm_movemask_epi8(is_digit))));
    const __m128i order = _mm_loadu_si128(reinterpret_cast<const __m128i *>(align_right + count));
    // Pairs, quads and octets, the first digits in the low lanes.
    const __m128i pairs = _mm_maddubs_epi16(_mm_shuffle_epi8(digits, order), _mm_set1_epi16(0x010A));
    const __m128i quads = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
    const __m128i octets = _mm_madd_epi16(_mm_packus_epi32(quads, quads), _mm_set1_epi32(0x00012710));
    const uint64_t both = uint64_t(_mm_cvtsi128_si64(octets));
    return finish_short_decimal(first, negative, (both & 0xFFFFFFFF) * 100000000 + (both >> 32), count, bits);
}
#endif

}  // namespace quiver_json

#endif
