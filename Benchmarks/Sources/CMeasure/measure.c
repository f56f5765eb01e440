#define _GNU_SOURCE
#include "CMeasure.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#endif

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAS_CALLGRIND 1
#endif

static int instructions = -1;

bool qms_open_instructions(void) {
#if defined(__linux__)
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    instructions = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
#endif
    return instructions >= 0;
}

uint64_t qms_instructions(void) {
    uint64_t count = 0;
    if (instructions >= 0 && read(instructions, &count, sizeof count) != (ssize_t)sizeof count) count = 0;
    return count;
}

bool qms_is_under_callgrind(void) {
#ifdef HAS_CALLGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

void qms_begin_callgrind(void) {
#ifdef HAS_CALLGRIND
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
#endif
}

void qms_end_callgrind(const char *name) {
#ifdef HAS_CALLGRIND
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
#else
    (void)name;
#endif
}

uint64_t qms_thread_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static volatile uint64_t sink;

void qms_use(uint64_t value) { sink = value; }
