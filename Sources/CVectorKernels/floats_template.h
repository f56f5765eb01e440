// Template: distances between an f32 query and rows of one format, by pairs and by batches.
//
// Included once for each row format behind `lanes_<level>.h`, with
//   LEVEL      the level's name
//   ROW        f32, f16 or u8
//   ELEMENT    the C type of a stored value
// which it undefines (but for LEVEL), so that it can be included again.

#define HERE(kernel) QVK_NAME(LEVEL, kernel, ROW)
#define LOAD_ROW(part) QVK_PASTE_LOAD(load_, part, ROW)

// Vectors this short are summed one component after the other, each product rounded: every level gives the same digits,
// and those that examples on paper have.
QVK_INLINE float HERE(reduce_short_)(operation op, const float *query, const ELEMENT *row, size_t n) {
#pragma clang fp contract(off)
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        float a = query[i], b = QVK_PASTE_LOAD(element_, , ROW)(row + i), d = a - b;
        float term = op == DOT ? a * b : op == SQUARED_L2 ? d * d : fabsf(d);
        sum += term;
    }
    return sum;
}

QVK_INLINE float HERE(reduce_)(operation op, const float *query, const ELEMENT *row, size_t n) {
    if (n < QVK_SHORT) return HERE(reduce_short_)(op, query, row, n);
    lanes s0 = zero(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        s0 = accumulate(op, s0, load_f32(query + i), LOAD_ROW()(row + i));
        s1 = accumulate(op, s1, load_f32(query + i + LANES), LOAD_ROW()(row + i + LANES));
        s2 = accumulate(op, s2, load_f32(query + i + 2 * LANES), LOAD_ROW()(row + i + 2 * LANES));
        s3 = accumulate(op, s3, load_f32(query + i + 3 * LANES), LOAD_ROW()(row + i + 3 * LANES));
    }
    for (; i + LANES <= n; i += LANES) s0 = accumulate(op, s0, load_f32(query + i), LOAD_ROW()(row + i));
    if (i < n) s1 = accumulate(op, s1, load_some_f32(query + i, n - i), LOAD_ROW(some_)(row + i, n - i));
    return sum_lanes(add(add(s0, s1), add(s2, s3)));
}

float HERE(dot_)(const float *query, const ELEMENT *row, size_t n) {
    return HERE(reduce_)(DOT, query, row, n);
}
float HERE(squared_l2_)(const float *query, const ELEMENT *row, size_t n) {
    return HERE(reduce_)(SQUARED_L2, query, row, n);
}
float HERE(l1_)(const float *query, const ELEMENT *row, size_t n) {
    return HERE(reduce_)(L1, query, row, n);
}

/// For sums that leave the range of f32, or come to an infinity less another on the way.
static __attribute__((noinline)) float HERE(extreme_score_)(
    operation op, const float *query, const ELEMENT *row, size_t n
) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double a = query[i], b = sum_lanes(LOAD_ROW(some_)(row + i, 1)), d = a - b;
        sum += op == DOT ? a * b : op == SQUARED_L2 ? d * d : fabs(d);
    }
    return qvk_saturated(op == DOT ? sum : -sum);
}

QVK_INLINE void HERE(score_)(
    operation op, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    for (size_t i = 0; i < n; i++) {
        const ELEMENT *row = (const ELEMENT *)(const void *)qvk_row_address(s, qvk_row_at(ids, first, i));
        float value = HERE(reduce_)(op, s->query, row, s->length);
        out[i] = op == DOT ? value : -value;
        if (__builtin_expect(!qvk_is_finite(value), 0))
            out[i] = HERE(extreme_score_)(op, s->query, row, s->length);
    }
}

void HERE(score_dot_)(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    HERE(score_)(DOT, s, ids, first, n, out);
}
void HERE(score_euclid_)(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    HERE(score_)(SQUARED_L2, s, ids, first, n, out);
}
void HERE(score_manhattan_)(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    HERE(score_)(L1, s, ids, first, n, out);
}

#undef HERE
#undef LOAD_ROW
#undef ROW
#undef ELEMENT
