// The shortest decimal of a float: Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020) for
// 32 bits. Answers with vectors are nearly all floats, and std::to_chars takes three times as long.
#ifndef QUIVER_JSON_FLOAT_DIGITS_HPP
#define QUIVER_JSON_FLOAT_DIGITS_HPP

#include <simdjson.h>

#include <cstdint>
#include <cstring>

namespace quiver_json {

/// digits * 10^exponent
struct Decimal {
    uint32_t digits;
    int exponent;
};

inline int floor_log10_of_power_of_2(int exponent) { return (exponent * 1262611) >> 22; }
inline int floor_log10_of_three_quarters_of_power_of_2(int exponent) { return (exponent * 1262611 - 524031) >> 22; }
inline int floor_log2_of_power_of_10(int exponent) { return (exponent * 1741647) >> 19; }

/// The 64 leading bits of 10^exponent, rounded up. simdjson has them rounded down; up to 10^27 they are exact.
inline uint64_t leading_bits_of_power_of_10(int exponent) {
    const uint64_t *const powers = simdjson::internal::power_of_five_128;
    return powers[2 * (exponent - simdjson::internal::smallest_power)] + (exponent < 0 || exponent > 27);
}

/// The upper bits of power * value, the last one set when anything below it is.
inline uint32_t multiply_rounding_to_odd(uint64_t power, uint32_t value) {
    const uint64_t low = uint64_t(uint32_t(power)) * value;
    const uint64_t sum = (power >> 32) * value + (low >> 32);
    return uint32_t(sum >> 32) | (uint32_t(sum) > 1);
}

/// `value` is finite and above zero.
inline Decimal shortest_decimal(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    const uint32_t fraction = bits & 0x7FFFFF;
    const uint32_t biased = bits >> 23;
    uint32_t significand = fraction;
    int exponent = -149;
    if (biased != 0) {
        significand |= 0x800000;
        exponent = int(biased) - 150;
        // Small integers.
        if (exponent <= 0 && exponent > -24 && (significand & ((uint32_t(1) << -exponent) - 1)) == 0) {
            return {significand >> -exponent, 0};
        }
    }
    const bool is_even = significand % 2 == 0;
    // Below a power of two the floats are twice as dense.
    const bool is_lower_closer = fraction == 0 && biased > 1;
    const uint32_t left = 4 * significand - 2 + is_lower_closer;
    const uint32_t middle = 4 * significand;
    const uint32_t right = 4 * significand + 2;
    const int scale = is_lower_closer ? floor_log10_of_three_quarters_of_power_of_2(exponent)
                                      : floor_log10_of_power_of_2(exponent);
    const int shift = exponent + floor_log2_of_power_of_10(-scale) + 1;
    const uint64_t power = leading_bits_of_power_of_10(-scale);
    const uint32_t scaled_left = multiply_rounding_to_odd(power, left << shift);
    const uint32_t scaled = multiply_rounding_to_odd(power, middle << shift);
    const uint32_t scaled_right = multiply_rounding_to_odd(power, right << shift);
    // What rounds to the float: the bounds themselves only when it is even.
    const uint32_t lowest = scaled_left + !is_even;
    const uint32_t highest = scaled_right - !is_even;

    const uint32_t whole = scaled / 4;
    if (whole >= 10) {
        // One digit less, if exactly one such decimal is within the bounds.
        const uint32_t tens = whole / 10;
        const bool below_fits = lowest <= 40 * tens;
        const bool above_fits = 40 * tens + 40 <= highest;
        if (below_fits != above_fits) return {tens + above_fits, scale + 1};
    }
    const bool below_fits = lowest <= 4 * whole;
    const bool above_fits = 4 * whole + 4 <= highest;
    if (below_fits != above_fits) return {whole + above_fits, scale};
    // Both fit: the nearer one, the even one half way.
    const uint32_t half = 4 * whole + 2;
    return {whole + (scaled > half || (scaled == half && whole % 2 != 0)), scale};
}

}  // namespace quiver_json

#endif
