// What the compiler's own vectors do well enough, included once for each level under that level's target attribute.

#include "quantized.h"

#include <math.h>

// Vectors wider than the level's registers never cross a call: everything here is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t v16i __attribute__((vector_size(64)));
typedef int8_t v16b __attribute__((vector_size(16)));
typedef uint8_t v16u __attribute__((vector_size(16)));

QVK_INLINE v16 v16_load(const float *x) {
    v16 v;
    memcpy(&v, x, sizeof v);
    return v;
}

QVK_INLINE void v16_store(float *x, v16 v) { memcpy(x, &v, sizeof v); }

QVK_INLINE v16 v16_all(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

QVK_INLINE float sum_16(v16 v) {
    float sum = 0;
    for (int i = 0; i < 16; i++) sum += v[i];
    return sum;
}

/// The four stages of the transform within 16 values.
QVK_INLINE v16 hadamard_16(v16 x) {
    const v16 s1 = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
    const v16 s2 = {1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1};
    const v16 s4 = {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1};
    const v16 s8 = {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1};
    x = __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14) + x * s1;
    x = __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13) + x * s2;
    x = __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11) + x * s4;
    return __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7) + x * s8;
}

static void hadamard(float *x, size_t n) {
    float scale = 1 / sqrtf((float)n);
    if (n < 16) {
        for (size_t h = 1; h < n; h *= 2)
            for (size_t i = 0; i < n; i += 2 * h)
                for (size_t j = i; j < i + h; j++) {
                    float a = x[j], b = x[j + h];
                    x[j] = a + b;
                    x[j + h] = a - b;
                }
        for (size_t i = 0; i < n; i++) x[i] *= scale;
        return;
    }
    for (size_t i = 0; i < n; i += 16) v16_store(x + i, hadamard_16(v16_load(x + i)) * v16_all(scale));
    for (size_t h = 16; h < n; h *= 2)
        for (size_t i = 0; i < n; i += 2 * h)
            for (size_t j = i; j < i + h; j += 16) {
                v16 a = v16_load(x + j), b = v16_load(x + j + h);
                v16_store(x + j, a + b);
                v16_store(x + j + h, a - b);
            }
}

/// 16 bits from bit `at` on.
QVK_INLINE int32_t bits_16(const uint64_t *words, size_t at) {
    uint64_t bits = words[at >> 6] >> (at & 63);
    if ((at & 63) > 48) bits |= words[(at >> 6) + 1] << (64 - (at & 63));
    return (int32_t)(bits & 0xFFFF);
}

static void flip(float *x, size_t n, const uint64_t *signs, size_t at) {
    const v16i lane = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        int32_t bits = bits_16(signs, at + i);
        v16i sign = (((v16i){0} + bits) << (lane + 16)) & INT32_MIN;
        v16_store(x + i, (v16)((v16i)v16_load(x + i) ^ sign));
    }
    for (; i < n; i++)
        if (signs[(at + i) >> 6] >> ((at + i) & 63) & 1) x[i] = -x[i];
}

enum { CENTROIDS = 256, GROUP = 8 };  // GROUP vectors of centroids stay in registers

static void assign(
    const float *points, size_t stride, size_t rows, size_t width, const float *centroids, const float *bias,
    uint8_t *out, size_t out_stride
) {
    const v16i step = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t row = 0; row < rows; row++) {
        const float *x = points + row * stride;
        v16 best = v16_all(-INFINITY);
        v16i place = step;
        for (int32_t from = 0; from < CENTROIDS; from += GROUP * 16) {
            v16 sum[GROUP];
            for (int g = 0; g < GROUP; g++) sum[g] = -v16_load(bias + from + 16 * g);
            for (size_t j = 0; j < width; j++) {
                v16 value = v16_all(x[j]);
                const float *column = centroids + j * CENTROIDS + from;
                for (int g = 0; g < GROUP; g++) sum[g] += value * v16_load(column + 16 * g);
            }
            for (int g = 0; g < GROUP; g++) {
                v16i better = sum[g] > best;
                best = (v16)(((v16i)sum[g] & better) | ((v16i)best & ~better));
                int32_t first = from + 16 * g;
                place = ((step + first) & better) | (place & ~better);
            }
        }
        int winner = 0;
        for (int i = 1; i < 16; i++)
            if (best[i] > best[winner] || (best[i] == best[winner] && place[i] < place[winner])) winner = i;
        out[row * out_stride] = (uint8_t)place[winner];
    }
}

// MARK: Levels

/// The levels nearest to `scale * x` for 16 values: their numbers, and what they stand for.
QVK_INLINE void nearest_16(v16 x, unsigned count, const float *limits, const float *values, v16i *index, v16 *value) {
    v16i place = {0};
    v16 level = v16_all(values[0]);
    for (unsigned t = 0; t + 1 < count; t++) {
        v16i beyond = x > v16_all(limits[t]);
        place -= beyond;
        level += (v16)((v16i)v16_all(values[t + 1] - values[t]) & beyond);
    }
    *index = place;
    *value = level;
}

QVK_INLINE void fit_any(
    unsigned count, const float *y, size_t n, float scale, const float *limits, const float *values, uint8_t *fields,
    unsigned shift, float *dot, float *squared
) {
    v16 dots = v16_all(0), squares = dots;
    for (size_t at = 0; at < n; at += 16) {
        const size_t left = n - at < 16 ? n - at : 16;
        v16 x = v16_all(0), level;
        v16i index;
        if (left == 16)
            x = v16_load(y + at);
        else
            memcpy(&x, y + at, left * sizeof(float));
        nearest_16(x * v16_all(scale), count, limits, values, &index, &level);
        for (size_t k = left; k < 16; k++) level[k] = 0;
        dots += x * level;
        squares += level * level;
        if (fields) {
            v16u bytes = {0};
            memcpy(&bytes, fields + at, left);
            bytes |= __builtin_convertvector(index, v16u) << (unsigned char)shift;
            memcpy(fields + at, &bytes, left);
        }
    }
    *dot += sum_16(dots);
    *squared += sum_16(squares);
}

static void fit_levels(
    unsigned count, const float *y, size_t n, float scale, const float *limits, const float *values, uint8_t *fields,
    unsigned shift, float *dot, float *squared
) {
    if (count == 2)
        fit_any(2, y, n, scale, limits, values, fields, shift, dot, squared);
    else if (count == 4)
        fit_any(4, y, n, scale, limits, values, fields, shift, dot, squared);
    else
        fit_any(16, y, n, scale, limits, values, fields, shift, dot, squared);
}

// MARK: Products

static float product_tables(
    const float *q, size_t n, size_t width, const float *centroids, bool l1, float *buffer, uint8_t *low, uint8_t *high,
    float *constant
) {
    const size_t parts = (n + width - 1) / width;
    float spread = 0;
    double minimums = 0;
    for (size_t p = 0; p < parts; p++) {
        float *table = buffer + p * 256;
        size_t first = p * width, last = first + width < n ? first + width : n;
        for (size_t from = 0; from < CENTROIDS; from += GROUP * 16) {
            v16 sum[GROUP];
            for (int g = 0; g < GROUP; g++) sum[g] = v16_all(0);
            for (size_t j = first; j < last; j++) {
                const v16 value = v16_all(q[j]);
                const float *column = centroids + j * CENTROIDS + from;
                for (int g = 0; g < GROUP; g++) {
                    if (l1)
                        sum[g] -= (v16)((v16i)(value - v16_load(column + 16 * g)) & 0x7FFFFFFF);
                    else
                        sum[g] += value * v16_load(column + 16 * g);
                }
            }
            for (int g = 0; g < GROUP; g++) v16_store(table + from + 16 * g, sum[g]);
        }
        v16 lowest = v16_load(table), highest = lowest;
        for (size_t c = 16; c < CENTROIDS; c += 16) {
            v16 entries = v16_load(table + c);
            v16i less = entries < lowest, more = entries > highest;
            lowest = (v16)(((v16i)entries & less) | ((v16i)lowest & ~less));
            highest = (v16)(((v16i)entries & more) | ((v16i)highest & ~more));
        }
        float least = lowest[0], most = highest[0];
        for (int i = 1; i < 16; i++) {
            least = lowest[i] < least ? lowest[i] : least;
            most = highest[i] > most ? highest[i] : most;
        }
        for (size_t c = 0; c < CENTROIDS; c += 16) v16_store(table + c, v16_load(table + c) - v16_all(least));
        spread = most - least > spread ? most - least : spread;
        minimums += least;
    }
    *constant = (float)minimums;
    const float top = high ? 65535 : 255, factor = spread > 0 ? top / spread : 0;
    const size_t count = parts * 256;
    if (!(factor <= 3e38f)) {
        memset(low, 0, count);
        if (high) memset(high, 0, count);
        return 0;
    }
    for (size_t i = 0; i < count; i += 16) {
        v16i entry = __builtin_convertvector(v16_load(buffer + i) * v16_all(factor) + v16_all(0.5f), v16i);
        v16i over = entry > (int32_t)top;
        entry = ((int32_t)top & over) | (entry & ~over);
        v16u bytes = __builtin_convertvector(entry & 255, v16u);
        memcpy(low + i, &bytes, sizeof bytes);
        if (!high) continue;
        bytes = __builtin_convertvector(entry >> 8, v16u);
        memcpy(high + i, &bytes, sizeof bytes);
    }
    return spread / top;
}

// MARK: Stored rows

/// The 16 values that 16 bytes of indices (below 16) stand for; each level has its own.
QVK_INLINE v16b stored_values(v16b index);

QVK_INLINE v16 compared(qvk_operation operation, v16 sum, v16 value, v16 query) {
    if (operation == QVK_DOT) return sum + value * query;
    v16 apart = value - query;
    if (operation == QVK_SQUARED_L2) return sum + apart * apart;
    return sum + (v16)((v16i)apart & 0x7FFFFFFF);
}

QVK_INLINE void score_stored(
    qvk_operation operation, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const size_t bytes = (s->length + 1) / 2, width = (bytes + 15) / 16 * 16;
    const float *query = s->query;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, QVK_TERMS_BYTES + bytes);
    for (size_t i = 0; i < n; i++) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 1, n, QVK_TERMS_BYTES + bytes);
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        qvk_row_terms terms;
        memcpy(&terms, row, sizeof terms);
        v16 low = v16_all(0), high = low, factor = v16_all(terms.factor);
        for (size_t at = 0; at < bytes; at += 16) {
            v16b fields = {0};
            memcpy(&fields, row + QVK_TERMS_BYTES + at, bytes - at < 16 ? bytes - at : 16);
            v16 a = factor * __builtin_convertvector(stored_values(fields & 15), v16);
            v16 b = factor * __builtin_convertvector(stored_values((v16b)((v16u)fields >> 4)), v16);
            if (bytes - at <= 16) {  // Fields without a value count nothing.
                for (size_t k = 0; k < 16; k++) {
                    if (at + k >= bytes) a[k] = 0;
                    if (at + k + bytes >= s->length) b[k] = 0;
                }
            }
            low = compared(operation, low, a, v16_load(query + at));
            high = compared(operation, high, b, v16_load(query + width + at));
        }
        float sum = sum_16(low + high);
        out[i] = operation == QVK_DOT ? sum : -sum;
    }
}
