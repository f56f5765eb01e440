// Row filters with AVX-512: 16 slots looked up at a time.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)

uint64_t qvk_avx512_accepted_rows(const qvk_row_filter *filter, uint32_t first, size_t n) {
    // Slots are 32 bits wide, so a longer bitmap accepts no more of them; the last slot is never used.
    uint32_t bits = filter->accepted_bit_count < UINT32_MAX ? (uint32_t)filter->accepted_bit_count : UINT32_MAX;
    const __m512i limit = _mm512_set1_epi32((int)bits), one = _mm512_set1_epi32(1), low = _mm512_set1_epi32(31);
    uint64_t word = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 valid = n - i >= 16 ? 0xFFFF : (__mmask16)((1u << (n - i)) - 1);
        __m512i slots = _mm512_maskz_loadu_epi32(valid, filter->slot_of + first + i);
        valid = _mm512_mask_cmplt_epu32_mask(valid, slots, limit);
        __m512i words = _mm512_mask_i32gather_epi32(
            _mm512_setzero_si512(), valid, _mm512_srli_epi32(slots, 5), filter->accepted_slots, 4);
        __m512i bit = _mm512_sllv_epi32(one, _mm512_and_si512(slots, low));
        word |= (uint64_t)_mm512_mask_test_epi32_mask(valid, words, bit) << i;
    }
    return word;
}

#pragma clang attribute pop

#endif
