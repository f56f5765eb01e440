// The plain twin of every kernel: the reference of the others, and what other architectures run.

#include "kernels.h"

#include <math.h>

static float dot_f32(const float *a, const float *b, size_t n) {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}

static float squared_l2_f32(const float *a, const float *b, size_t n) {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        float d0 = a[i] - b[i], d1 = a[i + 1] - b[i + 1], d2 = a[i + 2] - b[i + 2], d3 = a[i + 3] - b[i + 3];
        s0 += d0 * d0;
        s1 += d1 * d1;
        s2 += d2 * d2;
        s3 += d3 * d3;
    }
    for (; i < n; i++) s0 += (a[i] - b[i]) * (a[i] - b[i]);
    return (s0 + s1) + (s2 + s3);
}

static float l1_f32(const float *a, const float *b, size_t n) {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += fabsf(a[i] - b[i]);
        s1 += fabsf(a[i + 1] - b[i + 1]);
        s2 += fabsf(a[i + 2] - b[i + 2]);
        s3 += fabsf(a[i + 3] - b[i + 3]);
    }
    for (; i < n; i++) s0 += fabsf(a[i] - b[i]);
    return (s0 + s1) + (s2 + s3);
}

static int32_t dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

static void score_dot_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = dot_f32(s->query, (const float *)qvk_row_address(s, qvk_row_at(ids, first, i)), s->length);
}

static void score_euclid_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = -squared_l2_f32(s->query, (const float *)qvk_row_address(s, qvk_row_at(ids, first, i)), s->length);
}

static void score_manhattan_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = -l1_f32(s->query, (const float *)qvk_row_address(s, qvk_row_at(ids, first, i)), s->length);
}

static void score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t row = qvk_row_at(ids, first, i);
        out[i] = qvk_finish_code_score(s, row, dot_u8i8((const uint8_t *)qvk_row_address(s, row), s->query, s->length));
    }
}

static float max_abs_f32(const float *x, size_t n) {
    float top = 0;
    for (size_t i = 0; i < n; i++) {
        float magnitude = fabsf(x[i]);
        if (magnitude > top) top = magnitude;
    }
    return top;
}

static int32_t encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t code = (int32_t)lrintf(x[i] * inverse);
        sum += code;
        out[i] = (uint8_t)(code + 128);
    }
    return sum;
}

static void scale_f32(const float *x, size_t n, float factor, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = x[i] * factor;
}

uint64_t qvk_scalar_accepted_rows(const qvk_row_filter *filter, uint32_t first, size_t n) {
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        size_t slot = filter->slot_of[first + i];
        if (slot < filter->accepted_bit_count) word |= (filter->accepted_slots[slot >> 6] >> (slot & 63) & 1) << i;
    }
    return word;
}

const qvk_table qvk_scalar_table = {
    .name = "scalar",
    .dot_f32 = dot_f32,
    .squared_l2_f32 = squared_l2_f32,
    .l1_f32 = l1_f32,
    .dot_u8i8 = dot_u8i8,
    .score_dot_f32 = score_dot_f32,
    .score_euclid_f32 = score_euclid_f32,
    .score_manhattan_f32 = score_manhattan_f32,
    .score_codes = score_codes,
    .max_abs_f32 = max_abs_f32,
    .encode_u8 = encode_u8,
    .scale_f32 = scale_f32,
    .accepted_rows = qvk_scalar_accepted_rows,
};
