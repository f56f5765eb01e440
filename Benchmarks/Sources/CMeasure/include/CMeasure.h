// What a benchmark counts besides time: allocations, and instructions.
#ifndef QUIVER_CMEASURE_H
#define QUIVER_CMEASURE_H

#include <stdbool.h>
#include <stdint.h>

/// Whether this platform lets a program stand before malloc; otherwise the count stays 0.
bool qms_counts_allocations(void);

/// Calls of malloc, calloc, realloc and their aligned relatives by all threads so far.
uint64_t qms_allocations(void);

/// Opens the processor's counter of instructions in user mode for the calling thread. False where there is none, as
/// on many virtual machines, or where the system does not let programs have it.
bool qms_open_instructions(void);

/// Instructions counted so far; 0 when there is no counter.
uint64_t qms_instructions(void);

/// Whether the program runs under callgrind, and was built with its header.
bool qms_is_under_callgrind(void);

/// From here to the end callgrind counts, and writes its file with `name` in it.
void qms_begin_callgrind(void);
void qms_end_callgrind(const char *name);

/// Nanoseconds of the calling thread's processor time.
uint64_t qms_thread_nanoseconds(void);

/// Keeps a value, and what it was computed from, in the program.
void qms_use(uint64_t value);

#endif
