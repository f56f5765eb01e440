// The functions of one level's table, made of its inline ones. Included at the end of each level's file.

#define QVK_SCORE(name, call)                                                                        \
    static void name(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) { call; }

QVK_SCORE(levels_1, score_levels(QVK_BITS_1, s, ids, first, n, out))
QVK_SCORE(levels_1_5, score_levels(QVK_BITS_1_5, s, ids, first, n, out))
QVK_SCORE(levels_2, score_levels(QVK_BITS_2, s, ids, first, n, out))
QVK_SCORE(levels_4, score_levels(QVK_BITS_4, s, ids, first, n, out))
QVK_SCORE(levels_l1_1, score_levels_l1(QVK_BITS_1, s, ids, first, n, out))
QVK_SCORE(levels_l1_1_5, score_levels_l1(QVK_BITS_1_5, s, ids, first, n, out))
QVK_SCORE(levels_l1_2, score_levels_l1(QVK_BITS_2, s, ids, first, n, out))
QVK_SCORE(levels_l1_4, score_levels_l1(QVK_BITS_4, s, ids, first, n, out))
QVK_SCORE(signs_1, score_signs(1, s, ids, first, n, out))
QVK_SCORE(signs_4, score_signs(4, s, ids, first, n, out))

#define QVK_QUANTIZED_TABLE(level)                                     \
    {                                                                  \
        level,                                                         \
        {levels_1, levels_1_5, levels_2, levels_4},                    \
        {levels_l1_1, levels_l1_1_5, levels_l1_2, levels_l1_4},        \
        signs_1, signs_4, score_product, hadamard, assign              \
    }
