// Codes with the vectors every AArch64 has.

#include "kernels.h"

#if defined(__aarch64__)

#define LEVEL neon
#include "codes_neon_template.h"

QVK_INLINE int32x4_t code_of(const float *p, float inverse) {
    float32x4_t scaled = vminnmq_f32(vmulq_n_f32(vld1q_f32(p), inverse), vdupq_n_f32(127));
    return vcvtnq_s32_f32(vmaxnmq_f32(scaled, vdupq_n_f32(-127)));
}

QVK_INLINE uint32_t four_bytes_of(int32x4_t codes) {
    uint16x4_t narrow = vqmovun_s32(vaddq_s32(codes, vdupq_n_s32(128)));
    return vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(narrow, narrow))), 0);
}

int32_t qvk_neon_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    sums sum = vdupq_n_s32(0);
    for (size_t i = 0; i < n; i += 4) {
        size_t count = n - i < 4 ? n - i : 4;
        float block[4] = {0, 0, 0, 0};
        memcpy(block, x + i, count * sizeof(float));
        int32x4_t codes = code_of(block, inverse);
        sum = vaddq_s32(sum, codes);
        uint32_t four = four_bytes_of(codes);
        memcpy(out + i, &four, count);
    }
    return vaddvq_s32(sum);
}

#endif
