// Floats in plain C, one at a time: the reference of the other levels, and what other architectures run.

#include "kernels.h"

#include <math.h>
#include <string.h>

#define LEVEL scalar
typedef float lanes;
enum { LANES = 1, ROWS_AHEAD = 3 };

QVK_INLINE float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

QVK_INLINE uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

QVK_INLINE lanes load_f32(const float *p) { return *p; }
QVK_INLINE lanes load_u8(const uint8_t *p) { return (float)*p; }
QVK_INLINE lanes load_f16(const uint16_t *p) {
    // The exponent's bias becomes 127 instead of 15 by a multiplication, which is right for subnormals too.
    float magnitude = float_of_bits((uint32_t)(*p & 0x7FFF) << 13) * 0x1p112f;
    uint32_t bits = bits_of_float(magnitude) | (uint32_t)(*p & 0x8000) << 16;
    if ((*p & 0x7C00) == 0x7C00) bits |= 0x7F800000 | (*p & 0x3FF ? 0x400000 : 0);
    return float_of_bits(bits);
}
// A vector of one has no tails.
QVK_INLINE lanes load_some_f32(const float *p, size_t n) { return n ? load_f32(p) : 0; }
QVK_INLINE lanes load_some_f16(const uint16_t *p, size_t n) { return n ? load_f16(p) : 0; }
QVK_INLINE lanes load_some_u8(const uint8_t *p, size_t n) { return n ? load_u8(p) : 0; }

QVK_INLINE void store_f32(float *p, lanes x) { *p = x; }
QVK_INLINE void store_f16(uint16_t *p, lanes x) {
    uint32_t bits = bits_of_float(x);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF, half;
    if (magnitude > 0x7F800000) {
        half = 0x7E00 | (magnitude >> 13 & 0x3FF);
    } else if (magnitude >= 0x477FF000) {  // 65,520 is halfway to what would be the next number
        half = 0x7C00;
    } else if (magnitude >= 0x38800000) {  // 2^-14, the least normal: a carry of the rounding runs into the exponent
        half = (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
    } else {
        // In multiples of 2^-24: adding 2^23 of them leaves the multiple, rounded, in the low bits.
        half = bits_of_float(fabsf(x) * 0x1p24f + 0x1p23f) & 0x7FF;
    }
    *p = (uint16_t)(sign | half);
}
QVK_INLINE void store_some_f32(float *p, lanes x, size_t n) { if (n) store_f32(p, x); }
QVK_INLINE void store_some_f16(uint16_t *p, lanes x, size_t n) { if (n) store_f16(p, x); }

QVK_INLINE lanes zero(void) { return 0; }
QVK_INLINE lanes broadcast(float x) { return x; }
QVK_INLINE lanes add(lanes a, lanes b) { return a + b; }
QVK_INLINE lanes subtract(lanes a, lanes b) { return a - b; }
QVK_INLINE lanes multiply(lanes a, lanes b) { return a * b; }
QVK_INLINE lanes multiply_add(lanes a, lanes b, lanes c) { return a * b + c; }
QVK_INLINE lanes absolute(lanes a) { return fabsf(a); }
QVK_INLINE lanes maximum(lanes a, lanes b) { return a > b ? a : b; }
QVK_INLINE float sum_lanes(lanes a) { return a; }
QVK_INLINE float largest_lane(lanes a) { return a; }

#include "lanes_template.h"
