// Codes in plain C, one at a time: the reference of the other levels, and what other architectures run.

#include "kernels.h"

#include <math.h>


int32_t qvk_scalar_dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

int32_t qvk_scalar_dot_i8i8(const int8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

int32_t qvk_scalar_dot_u4i8(const uint8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (a[i / 2] >> 4 * (i % 2) & 15) * b[i];
    return sum;
}

int32_t qvk_scalar_dot_b1i8(const uint8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (a[i / 8] >> i % 8 & 1) * b[i];
    return sum;
}

void qvk_scalar_score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t row = qvk_row_at(ids, first, i);
        int32_t raw = qvk_scalar_dot_u8i8((const uint8_t *)qvk_row_address(s, row), s->query, s->length);
        out[i] = qvk_finish_code_score(s, row, raw);
    }
}

int32_t qvk_scalar_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        float scaled = x[i] * inverse;
        scaled = scaled < 127 ? scaled : 127;
        scaled = scaled > -127 ? scaled : -127;
        int32_t code = (int32_t)lrintf(scaled);
        sum += code;
        out[i] = (uint8_t)(code + 128);
    }
    return sum;
}
