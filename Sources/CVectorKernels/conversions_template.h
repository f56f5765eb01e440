// Template: conversions between the row formats, and the passes over floats that encoding and normalising make.

#define HERE(kernel) QVK_NAME(LEVEL, kernel, )

void HERE(decode_f16)(const uint16_t *x, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store_f32(out + i, load_f16(x + i));
    if (i < n) store_some_f32(out + i, load_some_f16(x + i, n - i), n - i);
}

void HERE(encode_f16)(const float *x, size_t n, uint16_t *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store_f16(out + i, load_f32(x + i));
    if (i < n) store_some_f16(out + i, load_some_f32(x + i, n - i), n - i);
}

void HERE(decode_u8)(const uint8_t *x, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store_f32(out + i, load_u8(x + i));
    if (i < n) store_some_f32(out + i, load_some_u8(x + i, n - i), n - i);
}

float HERE(max_abs_f32)(const float *x, size_t n) {
    lanes m0 = zero(), m1 = m0;
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        m0 = maximum(m0, absolute(load_f32(x + i)));
        m1 = maximum(m1, absolute(load_f32(x + i + LANES)));
    }
    for (; i + LANES <= n; i += LANES) m0 = maximum(m0, absolute(load_f32(x + i)));
    if (i < n) m1 = maximum(m1, absolute(load_some_f32(x + i, n - i)));
    return largest_lane(maximum(m0, m1));
}

void HERE(scale_f32)(const float *x, size_t n, float factor, float *out) {
    lanes f = broadcast(factor);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store_f32(out + i, multiply(load_f32(x + i), f));
    if (i < n) store_some_f32(out + i, multiply(load_some_f32(x + i, n - i), f), n - i);
}

#undef HERE
