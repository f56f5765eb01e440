// Codes in plain C: the reference of the other levels, and what other architectures run.

#include "kernels.h"

#include <math.h>

int32_t qvk_scalar_dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

void qvk_scalar_score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t row = qvk_row_at(ids, first, i);
        out[i] = qvk_finish_code_score(s, row, qvk_scalar_dot_u8i8((const uint8_t *)qvk_row_address(s, row), s->query, s->length));
    }
}

int32_t qvk_scalar_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t code = (int32_t)lrintf(x[i] * inverse);
        sum += code;
        out[i] = (uint8_t)(code + 128);
    }
    return sum;
}

