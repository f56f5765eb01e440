// Floats with the vectors every AArch64 has.

#include "kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#define LEVEL neon
typedef float32x4_t lanes;
enum { LANES = 4, ROWS_AHEAD = 3 };

QVK_INLINE lanes from_u8(uint32_t four) {
    uint16x8_t wide = vmovl_u8(vcreate_u8(four));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
}

QVK_INLINE lanes load_f32(const float *p) { return vld1q_f32(p); }
QVK_INLINE lanes load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
QVK_INLINE lanes load_some_f32(const float *p, size_t n) {
    float block[4] = {0, 0, 0, 0};
    memcpy(block, p, n * sizeof(float));
    return vld1q_f32(block);
}
QVK_INLINE lanes load_some_f16(const uint16_t *p, size_t n) {
    uint16_t block[4] = {0, 0, 0, 0};
    memcpy(block, p, n * sizeof(uint16_t));
    return load_f16(block);
}
QVK_INLINE lanes load_some_u8(const uint8_t *p, size_t n) {
    uint32_t four = 0;
    memcpy(&four, p, n);
    return from_u8(four);
}
QVK_INLINE lanes load_u8(const uint8_t *p) { return load_some_u8(p, 4); }

QVK_INLINE void store_f32(float *p, lanes x) { vst1q_f32(p, x); }
QVK_INLINE void store_f16(uint16_t *p, lanes x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
QVK_INLINE void store_some_f32(float *p, lanes x, size_t n) {
    float block[4];
    vst1q_f32(block, x);
    memcpy(p, block, n * sizeof(float));
}
QVK_INLINE void store_some_f16(uint16_t *p, lanes x, size_t n) {
    uint16_t block[4];
    store_f16(block, x);
    memcpy(p, block, n * sizeof(uint16_t));
}

QVK_INLINE lanes zero(void) { return vdupq_n_f32(0); }
QVK_INLINE lanes broadcast(float x) { return vdupq_n_f32(x); }
QVK_INLINE lanes add(lanes a, lanes b) { return vaddq_f32(a, b); }
QVK_INLINE lanes subtract(lanes a, lanes b) { return vsubq_f32(a, b); }
QVK_INLINE lanes multiply(lanes a, lanes b) { return vmulq_f32(a, b); }
QVK_INLINE lanes multiply_add(lanes a, lanes b, lanes c) { return vfmaq_f32(c, a, b); }
QVK_INLINE lanes absolute(lanes a) { return vabsq_f32(a); }
QVK_INLINE lanes maximum(lanes a, lanes b) { return vmaxq_f32(a, b); }
QVK_INLINE float sum_lanes(lanes a) { return vaddvq_f32(a); }
QVK_INLINE float largest_lane(lanes a) { return vmaxvq_f32(a); }

#include "lanes_template.h"

#endif
