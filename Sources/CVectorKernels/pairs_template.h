// Template: exact dot products of codes of one format with signed bytes.
//
// Included once for each format by `codes_template.h`, with
//   CODES       u8, i8, u4 or b1
//   CODE_BITS   their width; the lower bits of a byte come first
//   CODE_STEP   the vocabulary's step for them
// which it undefines.

#define HERE(kernel) QVK_NAME(LEVEL, kernel, CODES)
#define LOAD_CODES(part) QVK_PASTE_LOAD(load_, part, CODES)

QVK_INLINE int32_t HERE(reduce_)(const uint8_t *codes, const int8_t *query, size_t n) {
    sums s0 = no_sums(), s1 = s0;
    size_t i = 0;
    for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
        s0 = CODE_STEP(s0, LOAD_CODES()(codes + i * CODE_BITS / 8), prepare(load_i8((const uint8_t *)query + i)));
        s1 = CODE_STEP(
            s1, LOAD_CODES()(codes + (i + WIDTH) * CODE_BITS / 8),
            prepare(load_i8((const uint8_t *)query + i + WIDTH)));
    }
    for (; i + WIDTH <= n; i += WIDTH)
        s0 = CODE_STEP(s0, LOAD_CODES()(codes + i * CODE_BITS / 8), prepare(load_i8((const uint8_t *)query + i)));
    if (i < n)  // The query is zero behind n, whatever the last byte of codes holds there.
        s1 = CODE_STEP(
            s1, LOAD_CODES(some_)(codes + i * CODE_BITS / 8, n - i),
            prepare(load_some_i8((const uint8_t *)query + i, n - i)));
    return total(add_sums(s0, s1));
}

#undef HERE
#undef LOAD_CODES
#undef CODES
#undef CODE_BITS
#undef CODE_STEP
