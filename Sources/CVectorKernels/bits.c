// Hamming distances between rows of bits.

#include "kernels.h"

#include <string.h>

uint32_t qvk_scalar_hamming_b1(const uint8_t *a, const uint8_t *b, size_t n) {
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        sum += (uint32_t)__builtin_popcountll(x ^ y);
    }
    for (; i < n; i++) sum += (uint32_t)__builtin_popcount(a[i] ^ b[i]);
    return sum;
}

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

/// Bits set in each nibble, looked up, added up per 8 bytes.
QVK_INLINE __m256i bits_by_nibbles_256(__m256i x) {
    const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble));
    __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
    return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

uint32_t qvk_avx2_hamming_b1(const uint8_t *a, const uint8_t *b, size_t n) {
    __m256i sums = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i x = _mm256_loadu_si256((const void *)(a + i)), y = _mm256_loadu_si256((const void *)(b + i));
        sums = _mm256_add_epi64(sums, bits_by_nibbles_256(_mm256_xor_si256(x, y)));
    }
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    uint32_t sum = (uint32_t)_mm_cvtsi128_si32(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
    return i < n ? sum + qvk_scalar_hamming_b1(a + i, b + i, n - i) : sum;
}

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw"))), apply_to = function)

QVK_INLINE __m512i difference_512(const uint8_t *a, const uint8_t *b, size_t n) {
    __mmask64 mask = n >= 64 ? ~0ull : (1ull << n) - 1;
    return _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, a), _mm512_maskz_loadu_epi8(mask, b));
}

uint32_t qvk_avx512_hamming_b1(const uint8_t *a, const uint8_t *b, size_t n) {
    const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i sums = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 64) {
        __m512i x = difference_512(a + i, b + i, n - i);
        __m512i low = _mm512_shuffle_epi8(table, _mm512_and_si512(x, nibble));
        __m512i high = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble));
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512()));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sums);
}

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vpopcntdq"))), apply_to = function)

uint32_t qvk_avx512vbmi_hamming_b1(const uint8_t *a, const uint8_t *b, size_t n) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(difference_512(a + i, b + i, 64)));
        s1 = _mm512_add_epi64(s1, _mm512_popcnt_epi64(difference_512(a + i + 64, b + i + 64, 64)));
    }
    for (; i < n; i += 64) s0 = _mm512_add_epi64(s0, _mm512_popcnt_epi64(difference_512(a + i, b + i, n - i)));
    return (uint32_t)_mm512_reduce_add_epi64(_mm512_add_epi64(s0, s1));
}

#pragma clang attribute pop

#elif defined(__aarch64__)

#include <arm_neon.h>

uint32_t qvk_neon_hamming_b1(const uint8_t *a, const uint8_t *b, size_t n) {
    uint32x4_t sums = vdupq_n_u32(0);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        uint8x16_t bits = vcntq_u8(veorq_u8(vld1q_u8(a + i), vld1q_u8(b + i)));
        sums = vpadalq_u16(sums, vpaddlq_u8(bits));
    }
    uint32_t sum = vaddvq_u32(sums);
    return i < n ? sum + qvk_scalar_hamming_b1(a + i, b + i, n - i) : sum;
}

#endif
