// What the compiler's own vectors do well enough, included once for each level under that level's target attribute.

#include "quantized.h"

#include <math.h>

// Vectors wider than the level's registers never cross a call: everything here is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t v16i __attribute__((vector_size(64)));

QVK_INLINE v16 v16_load(const float *x) {
    v16 v;
    memcpy(&v, x, sizeof v);
    return v;
}

QVK_INLINE void v16_store(float *x, v16 v) { memcpy(x, &v, sizeof v); }

QVK_INLINE v16 v16_all(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

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
