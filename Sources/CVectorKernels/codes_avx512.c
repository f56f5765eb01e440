// Codes with AVX-512 and VNNI: 64 products an instruction, masked loads instead of tails.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2"))), apply_to = function)

#define LEVEL avx512
typedef __m512i bytes;
typedef __m512i query_bytes;
typedef __m512i sums;
enum { WIDTH = 64, CODES_AHEAD = 8 };

QVK_INLINE __mmask64 first_bytes(size_t n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
/// 32 bytes of two nibbles each -> 64 bytes: low nibble, high nibble, and so on.
QVK_INLINE bytes spread_nibbles(__m256i pairs) {
    __m512i wide = _mm512_cvtepu8_epi16(pairs);
    return _mm512_and_si512(_mm512_or_si512(wide, _mm512_slli_epi16(wide, 4)), _mm512_set1_epi8(15));
}
QVK_INLINE bytes spread_bits(uint64_t bits) { return _mm512_maskz_set1_epi8(bits, 1); }

QVK_INLINE bytes load_u8(const uint8_t *p) { return _mm512_loadu_si512(p); }
QVK_INLINE bytes load_i8(const uint8_t *p) { return _mm512_loadu_si512(p); }
QVK_INLINE bytes load_u4(const uint8_t *p) { return spread_nibbles(_mm256_loadu_si256((const void *)p)); }
QVK_INLINE bytes load_b1(const uint8_t *p) {
    uint64_t bits;
    memcpy(&bits, p, sizeof bits);
    return spread_bits(bits);
}
QVK_INLINE bytes load_some_u8(const uint8_t *p, size_t n) { return _mm512_maskz_loadu_epi8(first_bytes(n), p); }
QVK_INLINE bytes load_some_i8(const uint8_t *p, size_t n) { return load_some_u8(p, n); }
QVK_INLINE bytes load_some_u4(const uint8_t *p, size_t n) {
    return spread_nibbles(_mm256_maskz_loadu_epi8((__mmask32)first_bytes((n + 1) / 2), p));
}
QVK_INLINE bytes load_some_b1(const uint8_t *p, size_t n) {
    __m128i bits = _mm_maskz_loadu_epi8((__mmask16)first_bytes((n + 7) / 8), p);
    return spread_bits((uint64_t)_mm_cvtsi128_si64(bits));
}

QVK_INLINE query_bytes prepare(bytes q) { return q; }
QVK_INLINE sums no_sums(void) { return _mm512_setzero_si512(); }
QVK_INLINE sums add_sums(sums a, sums b) { return _mm512_add_epi32(a, b); }
QVK_INLINE int32_t total(sums a) { return _mm512_reduce_add_epi32(a); }
QVK_INLINE sums step(sums sum, bytes codes, query_bytes q) { return _mm512_dpbusd_epi32(sum, codes, q); }
QVK_INLINE sums small_step(sums sum, bytes codes, query_bytes q) { return step(sum, codes, q); }
/// x = (x + 128) - 128, and x + 128 is unsigned.
QVK_INLINE sums signed_step(sums sum, bytes codes, query_bytes q) {
    const __m512i top = _mm512_set1_epi8((char)0x80);
    __m512i excess = _mm512_dpbusd_epi32(_mm512_setzero_si512(), top, q);
    return _mm512_sub_epi32(_mm512_dpbusd_epi32(sum, _mm512_xor_si512(codes, top), q), excess);
}
QVK_INLINE void total_of_four(sums a, sums b, sums c, sums d, int32_t *out) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    _mm_storeu_si128((void *)out, four);
}

#include "codes_template.h"

int32_t qvk_avx512_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    const __m512 factor = _mm512_set1_ps(inverse), most = _mm512_set1_ps(127), least = _mm512_set1_ps(-127);
    sums sum = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 mask = (__mmask16)first_bytes(n - i);
        __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor);
        __m512i code = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(scaled, most), least));
        sum = _mm512_add_epi32(sum, code);
        _mm512_mask_cvtepi32_storeu_epi8(out + i, mask, _mm512_add_epi32(code, _mm512_set1_epi32(128)));
    }
    return _mm512_reduce_add_epi32(sum);
}

#pragma clang attribute pop

#endif
