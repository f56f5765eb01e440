#ifndef CMAPGUARD_H
#define CMAPGUARD_H

#include <stddef.h>
#include <stdint.h>

/// Maps of files whose pages may turn out to be unreadable: the disk fails, or somebody cuts the file off. The system
/// sends SIGBUS then, which ends a process. With the handler of this file an unreadable page of a known map is
/// replaced by one of zeros, and counted: whoever reads the map asks for the count before it believes what it read.
/// Linux only; elsewhere `quiver_map_guard_install` fails and maps are as they were.

struct quiver_map_region;

/// Installs the handler of SIGBUS, once for the process; addresses outside of known maps go to the handler before.
/// Returns 0, or an errno.
int quiver_map_guard_install(void);

/// Makes a map known. NULL without memory: it is not guarded then.
struct quiver_map_region *quiver_map_guard_add(const void *start, size_t byte_count);
/// Before the map is taken away.
void quiver_map_guard_remove(struct quiver_map_region *region);

/// Pages of this map that were replaced.
uint64_t quiver_map_guard_region_faults(const struct quiver_map_region *region);
/// Pages of all maps that were ever replaced.
uint64_t quiver_map_guard_faults(void);

#endif
