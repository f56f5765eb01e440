#include "CMapGuard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// Regions are in blocks that are never freed, so that the handler may walk them at any time. A region that is not in
// use has no bytes.
struct quiver_map_region {
    _Atomic(uintptr_t) start;
    _Atomic(size_t) byte_count;
    _Atomic(uint64_t) faults;
    struct quiver_map_region *next_free;
};

enum { block_regions = 256 };

struct block {
    struct quiver_map_region regions[block_regions];
    struct block *next;
};

static _Atomic(struct block *) blocks;
static struct quiver_map_region *free_regions;
static pthread_mutex_t regions_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(uint64_t) all_faults;

struct quiver_map_region *quiver_map_guard_add(const void *start, size_t byte_count) {
    pthread_mutex_lock(&regions_lock);
    if (!free_regions) {
        struct block *block = calloc(1, sizeof *block);
        if (!block) {
            pthread_mutex_unlock(&regions_lock);
            return NULL;
        }
        for (int at = 0; at < block_regions; at++) {
            block->regions[at].next_free = free_regions;
            free_regions = &block->regions[at];
        }
        block->next = atomic_load_explicit(&blocks, memory_order_relaxed);
        atomic_store_explicit(&blocks, block, memory_order_release);
    }
    struct quiver_map_region *region = free_regions;
    free_regions = region->next_free;
    pthread_mutex_unlock(&regions_lock);
    atomic_store(&region->faults, 0);
    atomic_store(&region->start, (uintptr_t)start);
    atomic_store(&region->byte_count, byte_count);
    return region;
}

void quiver_map_guard_remove(struct quiver_map_region *region) {
    if (!region) return;
    atomic_store(&region->byte_count, 0);
    pthread_mutex_lock(&regions_lock);
    region->next_free = free_regions;
    free_regions = region;
    pthread_mutex_unlock(&regions_lock);
}

uint64_t quiver_map_guard_region_faults(const struct quiver_map_region *region) {
    return region ? atomic_load(&region->faults) : 0;
}

uint64_t quiver_map_guard_faults(void) { return atomic_load_explicit(&all_faults, memory_order_acquire); }

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>

static struct sigaction action_before;
static size_t page_bytes;

static struct quiver_map_region *region_of(uintptr_t address) {
    for (struct block *block = atomic_load_explicit(&blocks, memory_order_acquire); block; block = block->next) {
        for (int at = 0; at < block_regions; at++) {
            struct quiver_map_region *region = &block->regions[at];
            size_t byte_count = atomic_load(&region->byte_count);
            uintptr_t start = atomic_load(&region->start);
            if (byte_count && address >= start && address - start < byte_count) return region;
        }
    }
    return NULL;
}

// Puts a page of zeros in the place of an unreadable one.
static int replace(struct quiver_map_region *region, uintptr_t address) {
    uintptr_t page = address / page_bytes * page_bytes;
    void *wanted = (void *)page;
    // Counted first: another thread may read the zeros, and ask, as soon as they are there.
    atomic_fetch_add(&region->faults, 1);
    atomic_fetch_add(&all_faults, 1);
    return mmap(wanted, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void handle(int number, siginfo_t *info, void *context) {
    int error = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    struct quiver_map_region *region = region_of(address);
    int is_replaced = region && replace(region, address);
    errno = error;
    if (is_replaced) return;
    if (action_before.sa_flags & SA_SIGINFO) {
        action_before.sa_sigaction(number, info, context);
    } else if (action_before.sa_handler != SIG_DFL && action_before.sa_handler != SIG_IGN) {
        action_before.sa_handler(number);
    } else {
        // The instruction is tried again, and ends the process.
        signal(number, SIG_DFL);
    }
}

static int installed;

static void install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    installed = sigaction(SIGBUS, &action, &action_before) == 0 ? 0 : errno;
}

int quiver_map_guard_install(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    return installed;
}

#else

int quiver_map_guard_install(void) { return ENOTSUP; }

#endif
