// Codes with AVX2.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LEVEL avx2
typedef __m256i bytes;
/// The bytes, and the odd and even ones among them widened to 16 bits.
typedef struct query_bytes {
    __m256i all, even, odd;
} query_bytes;
typedef __m256i sums;
enum { WIDTH = 32, CODES_AHEAD = 8 };

QVK_INLINE __m256i load_bytes(const void *p, size_t n) {
    uint64_t block[4] = {0, 0, 0, 0};
    memcpy(block, p, n);
    return _mm256_loadu_si256((const void *)block);
}
/// 16 bytes of two nibbles each -> 32 bytes: low nibble, high nibble, and so on.
QVK_INLINE bytes spread_nibbles(__m128i pairs) {
    __m256i wide = _mm256_cvtepu8_epi16(pairs);
    return _mm256_and_si256(_mm256_or_si256(wide, _mm256_slli_epi16(wide, 4)), _mm256_set1_epi8(15));
}
QVK_INLINE bytes spread_bits(uint32_t bits) {
    const __m256i byte_of = _mm256_setr_epi64x(
        0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit_of = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    __m256i each = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t)bits), byte_of);
    return _mm256_min_epu8(_mm256_and_si256(each, bit_of), _mm256_set1_epi8(1));
}

QVK_INLINE bytes load_u8(const uint8_t *p) { return _mm256_loadu_si256((const void *)p); }
QVK_INLINE bytes load_i8(const uint8_t *p) { return _mm256_loadu_si256((const void *)p); }
QVK_INLINE bytes load_u4(const uint8_t *p) { return spread_nibbles(_mm_loadu_si128((const void *)p)); }
QVK_INLINE bytes load_some_u8(const uint8_t *p, size_t n) { return load_bytes(p, n); }
QVK_INLINE bytes load_some_i8(const uint8_t *p, size_t n) { return load_bytes(p, n); }
QVK_INLINE bytes load_some_u4(const uint8_t *p, size_t n) {
    return spread_nibbles(_mm256_castsi256_si128(load_bytes(p, (n + 1) / 2)));
}
QVK_INLINE bytes load_some_b1(const uint8_t *p, size_t n) {
    uint32_t bits = 0;
    memcpy(&bits, p, (n + 7) / 8);
    return spread_bits(bits);
}
QVK_INLINE bytes load_b1(const uint8_t *p) { return load_some_b1(p, 32); }

QVK_INLINE query_bytes prepare(bytes q) {
    return (query_bytes){q, _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8), _mm256_srai_epi16(q, 8)};
}
QVK_INLINE sums no_sums(void) { return _mm256_setzero_si256(); }
QVK_INLINE sums add_sums(sums a, sums b) { return _mm256_add_epi32(a, b); }
QVK_INLINE sums step_of_halves(sums sum, __m256i even, __m256i odd, query_bytes q) {
    return _mm256_add_epi32(sum, _mm256_add_epi32(_mm256_madd_epi16(even, q.even), _mm256_madd_epi16(odd, q.odd)));
}
/// Sums of two products of bytes may exceed 16 bits: both sides are widened first.
QVK_INLINE sums step(sums sum, bytes codes, query_bytes q) {
    return step_of_halves(sum, _mm256_and_si256(codes, _mm256_set1_epi16(255)), _mm256_srli_epi16(codes, 8), q);
}
QVK_INLINE sums signed_step(sums sum, bytes codes, query_bytes q) {
    query_bytes wide = prepare(codes);
    return step_of_halves(sum, wide.even, wide.odd, q);
}
QVK_INLINE sums small_step(sums sum, bytes codes, query_bytes q) {
    __m256i pairs = _mm256_maddubs_epi16(codes, q.all);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
QVK_INLINE void total_of_four(sums a, sums b, sums c, sums d, int32_t *out) {
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    _mm_storeu_si128((void *)out, _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
}
QVK_INLINE int32_t total(sums a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(1, 0, 3, 2)));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(2, 3, 0, 1))));
}

#include "codes_template.h"

QVK_INLINE __m256i code_of(__m256 x, float inverse) {
    __m256 scaled = _mm256_mul_ps(x, _mm256_set1_ps(inverse));
    return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(scaled, _mm256_set1_ps(127)), _mm256_set1_ps(-127)));
}
QVK_INLINE __m128i bytes_of(__m256i codes) {
    __m256i shifted = _mm256_add_epi32(codes, _mm256_set1_epi32(128));
    __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(shifted), _mm256_extracti128_si256(shifted, 1));
    return _mm_packus_epi16(half, half);
}

int32_t qvk_avx2_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    sums sum = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i codes = code_of(_mm256_loadu_ps(x + i), inverse);
        sum = _mm256_add_epi32(sum, codes);
        _mm_storel_epi64((void *)(out + i), bytes_of(codes));
    }
    if (i < n) {
        __m256i codes = code_of(_mm256_castsi256_ps(load_bytes(x + i, (n - i) * sizeof(float))), inverse);
        sum = _mm256_add_epi32(sum, codes);
        uint64_t block = (uint64_t)_mm_cvtsi128_si64(bytes_of(codes));
        memcpy(out + i, &block, n - i);
    }
    return total(sum);
}

#pragma clang attribute pop

#endif
