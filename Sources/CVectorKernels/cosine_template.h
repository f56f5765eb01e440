// Template: cosine similarity to u8 rows, which are stored as they came (not normalised). The row's norm is
// added up beside the dot product.

#define HERE(kernel) QVK_NAME(LEVEL, kernel, u8)

QVK_INLINE float HERE(cosine_)(const float *query, const uint8_t *row, size_t n) {
    lanes d0 = zero(), d1 = d0, n0 = d0, n1 = d0;
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        lanes r0 = load_u8(row + i), r1 = load_u8(row + i + LANES);
        d0 = multiply_add(load_f32(query + i), r0, d0);
        d1 = multiply_add(load_f32(query + i + LANES), r1, d1);
        n0 = multiply_add(r0, r0, n0);
        n1 = multiply_add(r1, r1, n1);
    }
    for (; i < n; i += LANES) {
        size_t left = n - i;
        lanes r = left >= LANES ? load_u8(row + i) : load_some_u8(row + i, left);
        lanes q = left >= LANES ? load_f32(query + i) : load_some_f32(query + i, left);
        d0 = multiply_add(q, r, d0);
        n0 = multiply_add(r, r, n0);
    }
    float squared_norm = sum_lanes(add(n0, n1));
    return squared_norm > 0 ? sum_lanes(add(d0, d1)) / sqrtf(squared_norm) : 0;
}

void HERE(score_cosine_)(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    if (ids)
        for (size_t i = 0; i < ROWS_AHEAD && i < n; i++) qvk_prefetch_bytes(qvk_row_address(s, ids[i]), s->length);
    for (size_t i = 0; i < n; i++) {
        if (ids && i + ROWS_AHEAD < n) qvk_prefetch_bytes(qvk_row_address(s, ids[i + ROWS_AHEAD]), s->length);
        const uint8_t *row = (const uint8_t *)qvk_row_address(s, qvk_row_at(ids, first, i));
        float value = s->weight * HERE(cosine_)(s->query, row, s->length);
        out[i] = __builtin_expect(qvk_is_finite(value), 1) ? value : 0;
    }
}

#undef HERE
