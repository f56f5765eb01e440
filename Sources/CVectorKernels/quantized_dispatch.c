// Chooses the table of quantized kernels: the level in use for the others, or the best below it.

#include "quantized.h"

const qvk_quantized_table *qvk_quantized_table_of(qvk_level level) {
    if (!qvk_table_of(level)) return NULL;
    switch (level) {
    case QVK_SCALAR:
        return &qvk_scalar_quantized_table;
#if defined(__x86_64__)
    case QVK_AVX2:
        return &qvk_avx2_quantized_table;
    case QVK_AVX512:
        return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bitalg") ? &qvk_avx512_quantized_table : NULL;
#endif
    default:
        return NULL;
    }
}

const qvk_quantized_table *qvk_quantized_active(void) {
    bool reached = false;
    for (int level = QVK_AVX512; level > QVK_SCALAR; level--) {
        if (qvk_table_of((qvk_level)level) == qvk_active()) reached = true;
        const qvk_quantized_table *table = qvk_quantized_table_of((qvk_level)level);
        if (reached && table) return table;
    }
    return &qvk_scalar_quantized_table;
}
