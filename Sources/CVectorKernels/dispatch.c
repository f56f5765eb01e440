// Chooses the table once, before main.

#include "kernels.h"

#include <stdlib.h>
#include <string.h>

static const qvk_table *active = &qvk_scalar_table;

const qvk_table *qvk_active(void) { return active; }

const qvk_table *qvk_table_of(qvk_level level) {
    switch (level) {
    case QVK_SCALAR:
        return &qvk_scalar_table;
#if defined(__x86_64__)
    case QVK_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &qvk_avx2_table : NULL;
    case QVK_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vnni")
                   ? &qvk_avx512_table
                   : NULL;
#endif
    default:
        return NULL;
    }
}

__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    const char *wanted = getenv("QUIVER_KERNELS");
    for (int level = QVK_AVX512; level >= QVK_SCALAR; level--) {
        const qvk_table *table = qvk_table_of((qvk_level)level);
        if (!table) continue;
        if (active == &qvk_scalar_table) active = table;
        if (wanted && strcmp(wanted, table->name) == 0) {
            active = table;
            return;
        }
    }
}
