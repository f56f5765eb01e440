// The tables of a query of products.

#include "quantized.h"

#include <math.h>

float qvk_product_tables(
    const float *q, size_t n, size_t width, const float *centroids, bool l1, float *buffer, uint8_t *low, uint8_t *high,
    float *constant
) {
    const size_t parts = (n + width - 1) / width;
    float spread = 0;
    double minimums = 0;
    for (size_t p = 0; p < parts; p++) {
        float *table = buffer + p * 256;
        size_t first = p * width, last = first + width < n ? first + width : n;
        memset(table, 0, 256 * sizeof(float));
        for (size_t j = first; j < last; j++) {
            const float *column = centroids + j * 256;
            const float value = q[j];
            if (l1)
                for (size_t c = 0; c < 256; c++) table[c] -= fabsf(value - column[c]);
            else
                for (size_t c = 0; c < 256; c++) table[c] += value * column[c];
        }
        float least = table[0], most = table[0];
        for (size_t c = 1; c < 256; c++) {
            least = table[c] < least ? table[c] : least;
            most = table[c] > most ? table[c] : most;
        }
        for (size_t c = 0; c < 256; c++) table[c] -= least;
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
    for (size_t i = 0; i < count; i++) {
        int32_t entry = (int32_t)(buffer[i] * factor + 0.5f);
        entry = entry > (int32_t)top ? (int32_t)top : entry;
        low[i] = (uint8_t)entry;
        if (high) high[i] = (uint8_t)(entry >> 8);
    }
    return spread / top;
}
