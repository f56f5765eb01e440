// Template: codes on AArch64, by plain multiplications or, with DOT_INSTRUCTIONS defined, by SDOT.

#include <arm_neon.h>
#include <string.h>

typedef uint8x16_t bytes;
typedef int32x4_t sums;
enum { WIDTH = 16, CODES_AHEAD = 8 };

QVK_INLINE bytes spread_nibbles(uint8x8_t pairs) {
    uint8x8x2_t mixed = vzip_u8(vand_u8(pairs, vdup_n_u8(15)), vshr_n_u8(pairs, 4));
    return vcombine_u8(mixed.val[0], mixed.val[1]);
}
QVK_INLINE bytes spread_bits(uint8_t low, uint8_t high) {
    const uint8x8_t bit_of = vcreate_u8(0x8040201008040201);
    bytes each = vcombine_u8(vtst_u8(vdup_n_u8(low), bit_of), vtst_u8(vdup_n_u8(high), bit_of));
    return vandq_u8(each, vdupq_n_u8(1));
}

QVK_INLINE bytes load_u8(const uint8_t *p) { return vld1q_u8(p); }
QVK_INLINE bytes load_i8(const uint8_t *p) { return vld1q_u8(p); }
QVK_INLINE bytes load_u4(const uint8_t *p) { return spread_nibbles(vld1_u8(p)); }
QVK_INLINE bytes load_b1(const uint8_t *p) { return spread_bits(p[0], p[1]); }
QVK_INLINE bytes load_some_u8(const uint8_t *p, size_t n) {
    uint8_t block[16] = {0};
    memcpy(block, p, n);
    return vld1q_u8(block);
}
QVK_INLINE bytes load_some_i8(const uint8_t *p, size_t n) { return load_some_u8(p, n); }
QVK_INLINE bytes load_some_u4(const uint8_t *p, size_t n) {
    return spread_nibbles(vget_low_u8(load_some_u8(p, (n + 1) / 2)));
}
QVK_INLINE bytes load_some_b1(const uint8_t *p, size_t n) { return spread_bits(p[0], n > 8 ? p[1] : 0); }

QVK_INLINE sums no_sums(void) { return vdupq_n_s32(0); }
QVK_INLINE sums add_sums(sums a, sums b) { return vaddq_s32(a, b); }
QVK_INLINE int32_t total(sums a) { return vaddvq_s32(a); }
QVK_INLINE void total_of_four(sums a, sums b, sums c, sums d, int32_t *out) {
    vst1q_s32(out, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}

#if defined(DOT_INSTRUCTIONS)

/// The bytes, and per lane half of 128 times their sum: unsigned codes are multiplied as `(code - 128) + 128`.
typedef struct query_bytes {
    int8x16_t all;
    int32x4_t half_excess;
} query_bytes;

QVK_INLINE query_bytes prepare(bytes q) {
    int8x16_t all = vreinterpretq_s8_u8(q);
    return (query_bytes){all, vdotq_s32(vdupq_n_s32(0), vdupq_n_s8(64), all)};
}
QVK_INLINE sums signed_step(sums sum, bytes codes, query_bytes q) {
    return vdotq_s32(sum, vreinterpretq_s8_u8(codes), q.all);
}
QVK_INLINE sums small_step(sums sum, bytes codes, query_bytes q) { return signed_step(sum, codes, q); }
QVK_INLINE sums step(sums sum, bytes codes, query_bytes q) {
    sums excess = vshlq_n_s32(q.half_excess, 1);
    return signed_step(vaddq_s32(sum, excess), veorq_u8(codes, vdupq_n_u8(0x80)), q);
}

#else

/// Both halves, widened to 16 bits.
typedef struct query_bytes {
    int16x8_t low, high;
} query_bytes;

QVK_INLINE query_bytes prepare(bytes q) {
    return (query_bytes){vmovl_s8(vget_low_s8(vreinterpretq_s8_u8(q))), vmovl_high_s8(vreinterpretq_s8_u8(q))};
}
QVK_INLINE sums step_of_halves(sums sum, int16x8_t low, int16x8_t high, query_bytes q) {
    sum = vmlal_s16(sum, vget_low_s16(low), vget_low_s16(q.low));
    sum = vmlal_high_s16(sum, low, q.low);
    sum = vmlal_s16(sum, vget_low_s16(high), vget_low_s16(q.high));
    return vmlal_high_s16(sum, high, q.high);
}
QVK_INLINE sums step(sums sum, bytes codes, query_bytes q) {
    int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(codes)));
    return step_of_halves(sum, low, vreinterpretq_s16_u16(vmovl_high_u8(codes)), q);
}
QVK_INLINE sums small_step(sums sum, bytes codes, query_bytes q) { return step(sum, codes, q); }
QVK_INLINE sums signed_step(sums sum, bytes codes, query_bytes q) {
    query_bytes wide = prepare(codes);
    return step_of_halves(sum, wide.low, wide.high, q);
}

#endif

#include "codes_template.h"
