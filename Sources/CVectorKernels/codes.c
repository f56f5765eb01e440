// Encoding of rows and queries, normalisation, and the builder's lock: what sits above the kernels.

#include "kernels.h"

#include <float.h>
#include <math.h>
#include <sched.h>
#include <string.h>

/// Values of one code step, and of one over it. A row of zeros (or of numbers too small to divide by) has
/// scale 0 and codes 0.
typedef struct code_step {
    float scale, inverse;
} code_step;

/// `most` becomes code 127.
static code_step step_of(float most) {
    if (most < FLT_MIN * 127) return (code_step){0, 0};
    // Rounding of 127 / most may push most itself to 127.00001: it still becomes 127.
    return (code_step){most / 127, 127 / most};
}

void qvk_encode_row_clipped(
    const float *x, size_t n, float limit, uint8_t *out, size_t stride, qvk_code_terms *terms
) {
    const qvk_table *kernels = qvk_active();
    float most = kernels->max_abs_f32(x, n);
    code_step step = step_of(most < limit ? most : limit);
    // The norm of values beyond 2^64 is infinite, which says that the row is far from everything.
    *terms = (qvk_code_terms){.scale = step.scale, .squared_norm = kernels->dot_f32(x, x, n)};
    kernels->encode_u8(x, n, step.inverse, out);
    memset(out + n, 128, stride - n);
}

void qvk_encode_row(const float *x, size_t n, uint8_t *out, size_t stride, qvk_code_terms *terms) {
    qvk_encode_row_clipped(x, n, INFINITY, out, stride, terms);
}

float qvk_encode_query(const float *x, size_t n, int8_t *out, size_t stride, int32_t *sum, float *squared_norm) {
    const qvk_table *kernels = qvk_active();
    code_step step = step_of(kernels->max_abs_f32(x, n));
    *squared_norm = kernels->dot_f32(x, x, n);
    *sum = kernels->encode_u8(x, n, step.inverse, (uint8_t *)out);
    for (size_t i = 0; i < n; i++) out[i] = (int8_t)((uint8_t)out[i] ^ 0x80);
    memset(out + n, 0, stride - n);
    return step.scale;
}

float qvk_saturated(double score) {
    if (score >= FLT_MAX) return FLT_MAX;
    return score > -FLT_MAX ? (float)score : -FLT_MAX;
}

float qvk_finish_extreme_code_score(const qvk_scorer *s, uint32_t row, int32_t raw) {
    qvk_code_terms terms = s->terms[row];
    double score = (double)s->weight * terms.scale * (raw - s->bias);
    // Only here may a factor be infinite: 0 times the norm of a huge row would not be a number.
    if (s->norm_weight != 0) score += (double)s->norm_weight * terms.squared_norm;
    return qvk_saturated(score + s->constant);
}

static void aim_at_floats(qvk_scorer *scorer, const void *row, float *buffer) {
    const qvk_table *kernels = qvk_active();
    scorer->query = scorer->format == QVK_ROWS_F32 ? row : buffer;
    if (scorer->format == QVK_ROWS_F16) kernels->decode_f16(row, scorer->length, buffer);
    if (scorer->format == QVK_ROWS_U8) {
        kernels->decode_u8(row, scorer->length, buffer);
        float squared_norm = kernels->dot_u8(buffer, row, scorer->length);
        scorer->weight = squared_norm > 0 ? 1 / sqrtf(squared_norm) : 0;
    }
}

void qvk_aim_at_row(qvk_scorer *scorer, uint32_t row, void *buffer) {
    const char *address = qvk_row_address(scorer, row);
    if (!scorer->terms) return aim_at_floats(scorer, address, buffer);
    int32_t sum = 0;
    int8_t *codes = buffer;
    for (size_t i = 0; i < scorer->length; i++) {
        int8_t code = (int8_t)((uint8_t)address[i] ^ 0x80);
        codes[i] = code;
        sum += code;
    }
    bool euclid = scorer->norm_weight != 0;
    scorer->query = buffer;
    scorer->bias = 128 * sum;
    scorer->weight = (euclid ? 2 : 1) * scorer->terms[row].scale;
    scorer->constant = euclid ? -scorer->terms[row].squared_norm : 0;
}

float qvk_normalise(const float *x, size_t n, float *out) {
    const qvk_table *kernels = qvk_active();
    float squared = kernels->dot_f32(x, x, n);
    if (squared > FLT_MAX) {
        // The square overflows: bring the largest value to 1 first.
        float most = kernels->max_abs_f32(x, n);
        kernels->scale_f32(x, n, 1 / most, out);
        return most * qvk_normalise(out, n, out);
    }
    float length = sqrtf(squared);
    if (squared < FLT_EPSILON * FLT_EPSILON || fabsf(squared - 1) <= 1e-6f) {
        if (out != x) memmove(out, x, n * sizeof(float));
    } else {
        kernels->scale_f32(x, n, 1 / length, out);
    }
    return length;
}

void qvk_lock(uint8_t *lock) {
    for (unsigned tries = 1; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE); tries++) {
        while (__atomic_load_n(lock, __ATOMIC_RELAXED)) {
            if (++tries % 256 == 0) sched_yield();
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
    }
}
