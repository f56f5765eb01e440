// The tables of all levels, and the choice among them, made once before main.

#include "kernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static const qvk_table scalar_table = {
    .name = "scalar",
    QVK_FLOAT_KERNELS(QVK_ENTRY, scalar)
    QVK_CODE_KERNELS(QVK_ENTRY, scalar)
    QVK_ENCODING_KERNELS(QVK_ENTRY, scalar)
    QVK_BIT_KERNELS(QVK_ENTRY, scalar)
    QVK_FILTER_KERNELS(QVK_ENTRY, scalar)
};

#if defined(__x86_64__)
static const qvk_table avx2_table = {
    .name = "avx2",
    QVK_FLOAT_KERNELS(QVK_ENTRY, avx2)
    QVK_CODE_KERNELS(QVK_ENTRY, avx2)
    QVK_ENCODING_KERNELS(QVK_ENTRY, avx2)
    QVK_BIT_KERNELS(QVK_ENTRY, avx2)
    QVK_FILTER_KERNELS(QVK_ENTRY, scalar)
};

static const qvk_table avx512_table = {
    .name = "avx512",
    QVK_FLOAT_KERNELS(QVK_ENTRY, avx512)
    QVK_CODE_KERNELS(QVK_ENTRY, avx512)
    QVK_ENCODING_KERNELS(QVK_ENTRY, avx512)
    QVK_BIT_KERNELS(QVK_ENTRY, avx512)
    QVK_FILTER_KERNELS(QVK_ENTRY, avx512)
};

static const qvk_table avx512vbmi_table = {
    .name = "avx512vbmi",
    QVK_FLOAT_KERNELS(QVK_ENTRY, avx512)
    QVK_CODE_KERNELS(QVK_ENTRY, avx512)
    QVK_ENCODING_KERNELS(QVK_ENTRY, avx512)
    QVK_BIT_KERNELS(QVK_ENTRY, avx512vbmi)
    QVK_FILTER_KERNELS(QVK_ENTRY, avx512)
};

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}

static bool has_avx512vbmi(void) {
    return has_avx512() && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vpopcntdq");
}

#elif defined(__aarch64__)
static const qvk_table neon_table = {
    .name = "neon",
    QVK_FLOAT_KERNELS(QVK_ENTRY, neon)
    QVK_CODE_KERNELS(QVK_ENTRY, neon)
    QVK_ENCODING_KERNELS(QVK_ENTRY, neon)
    QVK_BIT_KERNELS(QVK_ENTRY, neon)
    QVK_FILTER_KERNELS(QVK_ENTRY, scalar)
};

static const qvk_table neondot_table = {
    .name = "neondot",
    QVK_FLOAT_KERNELS(QVK_ENTRY, neon)
    QVK_CODE_KERNELS(QVK_ENTRY, neondot)
    QVK_ENCODING_KERNELS(QVK_ENTRY, neon)
    QVK_BIT_KERNELS(QVK_ENTRY, neon)
    QVK_FILTER_KERNELS(QVK_ENTRY, scalar)
};

static bool has_dot_instructions(void) {
#if defined(__linux__)
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#elif defined(__ARM_FEATURE_DOTPROD)
    return true;  // What the compiler may assume: every Apple chip that runs macOS.
#else
    return false;
#endif
}

#endif

static const qvk_table *active = &scalar_table;

const qvk_table *qvk_active(void) { return active; }

const qvk_table *qvk_table_of(qvk_level level) {
    switch (level) {
    case QVK_SCALAR:
        return &scalar_table;
#if defined(__x86_64__)
    case QVK_AVX2:
        return has_avx2() ? &avx2_table : NULL;
    case QVK_AVX512:
        return has_avx512() ? &avx512_table : NULL;
    case QVK_AVX512_VBMI:
        return has_avx512vbmi() ? &avx512vbmi_table : NULL;
#elif defined(__aarch64__)
    case QVK_NEON:
        return &neon_table;
    case QVK_NEON_DOT:
        return has_dot_instructions() ? &neondot_table : NULL;
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
    for (int level = QVK_LEVEL_COUNT - 1; level >= QVK_SCALAR; level--) {
        const qvk_table *table = qvk_table_of((qvk_level)level);
        if (!table) continue;
        if (active == &scalar_table) active = table;
        if (wanted && strcmp(wanted, table->name) == 0) {
            active = table;
            return;
        }
    }
}
