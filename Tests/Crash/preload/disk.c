/* A disk that fails on command and tells what it was asked: for LD_PRELOAD into a server under test.
 *
 * It looks at the calls that concern files below one directory:
 *
 *   open openat creat opendir | read pread | write pwrite writev pwritev | truncate ftruncate fallocate
 *   fsync fdatasync msync sync_file_range syncfs | mmap | rename | unlink | mkdir | rmdir | link symlink
 *
 * QUIVER_DISK_ROOT     the directory, absolute, without links
 * QUIVER_DISK_CONTROL  a file of `struct control`, mapped by both sides: which call fails, and how many there were
 * QUIVER_DISK_LOG      where every call that changes something is recorded; none without it
 *
 * All calls that are looked at come one after the other, under one lock, so that the log is the order in which things
 * happened. Nothing is fsynced in fact when `skip_sync` is set: what a sync means is decided when the log is replayed.
 *
 * The log is a sequence of `struct record`, each followed by two texts or data: `first` bytes, then `second` bytes.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* The order is known to disk.py. */
enum kind { OPEN, CREATE, READ, WRITE, TRUNCATE, SYNC, MAP, RENAME, UNLINK, MKDIR, RMDIR, LINK, KINDS };

enum record_kind { R_OPEN = 1, R_CREATE, R_WRITE, R_TRUNCATE, R_SYNC, R_RENAME, R_UNLINK, R_MKDIR, R_RMDIR, R_LINK,
                   R_MARKS, R_MAP_WRITABLE, R_FAILED };

enum { MARKS = 32 };

struct control {
    uint64_t magic;
    uint64_t kinds;      /* bit set of kinds whose calls count */
    uint64_t at;         /* the call that fails, from 1; 0: none */
    uint64_t error;      /* errno */
    uint64_t persists;   /* 1: every later one fails, too; 2: the process is killed before the call */
    uint64_t is_short;   /* a write does half of its bytes, and only the next one fails */
    uint64_t matched;    /* calls since `matched` was last set to 0 */
    uint64_t injected;   /* failures since */
    uint64_t skip_sync;
    uint64_t pads[7];
    uint64_t counts[16]; /* of each kind, since the start */
    uint64_t marks[MARKS]; /* whatever the test wants to find in the log */
    char filter[256];    /* only paths that contain this count */
    char last[512];      /* the path of the last failure */
};

struct record {
    uint32_t kind;
    uint32_t flags;      /* of open; of a write: 1 if it is durable at once */
    uint64_t file;       /* number of the opening that a descriptor comes from */
    uint64_t offset;
    uint64_t first, second;
};

enum { MOST_DESCRIPTORS = 1 << 16, MOST_MAPS = 4096 };

struct descriptor {
    uint64_t file;       /* 0: not below the root */
    int flags;
    char *path;
};

struct map { uintptr_t start, end; uint64_t file; char *path; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_length;
static struct control *control;
static int log_descriptor = -1;
static uint64_t noted_marks[MARKS];
static uint64_t next_file = 1;
static struct descriptor descriptors[MOST_DESCRIPTORS];
static struct map maps[MOST_MAPS];
static DIR *(*next_opendir)(const char *);

static void give_up(const char *why) {
    syscall(SYS_write, 2, "disk.c: ", 8);
    syscall(SYS_write, 2, why, strlen(why));
    syscall(SYS_write, 2, "\n", 1);
    _exit(99);
}

static void prepare(void) {
    next_opendir = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    const char *directory = getenv("QUIVER_DISK_ROOT");
    const char *shared = getenv("QUIVER_DISK_CONTROL");
    const char *record = getenv("QUIVER_DISK_LOG");
    if (directory == NULL || shared == NULL) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR | O_CLOEXEC);
    if (file < 0) give_up("no control file");
    void *mapped = (void *)syscall(SYS_mmap, NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) give_up("the control file cannot be mapped");
    syscall(SYS_close, file);
    if (record != NULL) {
        log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_descriptor < 0) give_up("no log");
    }
    strncpy(root, directory, sizeof root - 1);
    root_length = strlen(root);
    control = mapped;
}

/* The absolute path, without doubled slashes, or false when it is not below the root. */
static int resolve(int directory, const char *path, char *target) {
    pthread_once(&once, prepare);
    if (control == NULL || path == NULL) return 0;
    char whole[2 * PATH_MAX];
    size_t length = 0;
    if (path[0] != '/') {
        if (directory == AT_FDCWD) {
            if (getcwd(whole, PATH_MAX) == NULL) return 0;
        } else {
            char link[64];
            int written = 0;
            const char *prefix = "/proc/self/fd/";
            strcpy(link, prefix);
            written = (int)strlen(prefix);
            char digits[16];
            int count = 0, number = directory;
            do { digits[count++] = (char)('0' + number % 10); number /= 10; } while (number > 0);
            while (count > 0) link[written++] = digits[--count];
            link[written] = 0;
            ssize_t got = readlink(link, whole, PATH_MAX - 1);
            if (got < 0) return 0;
            whole[got] = 0;
        }
        length = strlen(whole);
        whole[length++] = '/';
    }
    strncpy(whole + length, path, PATH_MAX - 1);
    whole[length + PATH_MAX - 1] = 0;
    size_t out = 0;
    for (size_t in = 0; whole[in] != 0 && out < PATH_MAX - 1; in++) {
        if (whole[in] == '/' && out > 0 && target[out - 1] == '/') continue;
        target[out++] = whole[in];
    }
    while (out > 1 && target[out - 1] == '/') out--;
    target[out] = 0;
    return strncmp(target, root, root_length) == 0 && (target[root_length] == '/' || target[root_length] == 0);
}

/* Below: with the lock held. */

static void put(struct record *record, const void *first, const struct iovec *second, int parts) {
    if (log_descriptor < 0) return;
    struct iovec all[1026];
    if (parts > 1024) give_up("too many parts");
    all[0] = (struct iovec){record, sizeof *record};
    all[1] = (struct iovec){(void *)first, record->first};
    size_t left = record->second, total = sizeof *record + record->first;
    int count = 2;
    for (int part = 0; part < parts && left > 0; part++) {
        size_t taken = second[part].iov_len < left ? second[part].iov_len : left;
        all[count++] = (struct iovec){second[part].iov_base, taken};
        left -= taken;
        total += taken;
    }
    int place = 0;
    while (total > 0) {
        ssize_t written = syscall(SYS_writev, log_descriptor, all + place, count - place);
        if (written <= 0) give_up("the log cannot be written");
        total -= (size_t)written;
        while (place < count && (size_t)written >= all[place].iov_len) written -= (ssize_t)all[place++].iov_len;
        if (place < count) {
            all[place].iov_base = (char *)all[place].iov_base + written;
            all[place].iov_len -= (size_t)written;
        }
    }
}

static void note_marks(void) {
    if (log_descriptor < 0 || memcmp(noted_marks, control->marks, sizeof noted_marks) == 0) return;
    memcpy(noted_marks, control->marks, sizeof noted_marks);
    struct record record = {.kind = R_MARKS, .first = sizeof noted_marks};
    put(&record, noted_marks, NULL, 0);
}

static void note(enum record_kind kind, int flags, uint64_t file, uint64_t offset, const char *first, const char *second) {
    if (log_descriptor < 0) return;
    struct record record = {.kind = kind, .flags = (uint32_t)flags, .file = file, .offset = offset,
                            .first = first ? strlen(first + root_length) : 0,
                            .second = second ? strlen(second + root_length) : 0};
    struct iovec part = {(void *)(second ? second + root_length : ""), record.second};
    put(&record, first ? first + root_length : "", &part, 1);
}

enum verdict { GO, FAIL, HALF };

static enum verdict judge(enum kind kind, const char *path) {
    control->counts[kind]++;
    note_marks();
    if ((control->kinds >> kind & 1) == 0) return GO;
    if (control->filter[0] != 0 && strstr(path, control->filter) == NULL) return GO;
    uint64_t number = ++control->matched;
    if (control->at == 0 || number < control->at) return GO;
    if (number > control->at && control->persists != 1 && !(control->is_short && number == control->at + 1)) return GO;
    control->injected++;
    strncpy(control->last, path, sizeof control->last - 1);
    note(R_FAILED, kind, 0, number, path, NULL);
    if (control->persists == 2) {
        syscall(SYS_kill, getpid(), SIGKILL);
        pause();
    }
    if (kind == WRITE && control->is_short && number == control->at) return HALF;
    errno = (int)control->error;
    return FAIL;
}

static struct descriptor *tracked(int number) {
    pthread_once(&once, prepare);
    if (control == NULL || number < 0 || number >= MOST_DESCRIPTORS) return NULL;
    return descriptors[number].file != 0 ? &descriptors[number] : NULL;
}

static void forget(int number) {
    if (number < 0 || number >= MOST_DESCRIPTORS || descriptors[number].file == 0) return;
    free(descriptors[number].path);
    descriptors[number] = (struct descriptor){0};
}

static int exists(const char *path) { return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

static int open_below(const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    int creates = (flags & O_CREAT) != 0 && !exists(path);
    int result = -1;
    if (judge(creates ? CREATE : OPEN, path) == GO) {
        result = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        if (result >= MOST_DESCRIPTORS) give_up("too many descriptors");
        if (result >= 0) {
            uint64_t file = next_file++;
            note(creates ? R_CREATE : R_OPEN, flags, file, 0, path, NULL);
            if (!creates && (flags & O_TRUNC) != 0) note(R_TRUNCATE, 0, file, 0, path, NULL);
            forget(result);
            descriptors[result] = (struct descriptor){file, flags, strdup(path)};
        }
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

static int open_any(int directory, const char *path, int flags, mode_t mode) {
    char target[2 * PATH_MAX];
    if (resolve(directory, path, target)) return open_below(target, flags, mode);
    int result = (int)syscall(SYS_openat, directory, path, flags, mode);
    return result;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list list; \
        va_start(list, flags); \
        mode = (mode_t)va_arg(list, int); \
        va_end(list); \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int directory, const char *path, int flags, ...) { MODE_OF(flags) return open_any(directory, path, flags, mode); }
int openat64(int directory, const char *path, int flags, ...) { MODE_OF(flags) return open_any(directory, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

DIR *opendir(const char *path) {
    char target[2 * PATH_MAX];
    if (resolve(AT_FDCWD, path, target)) {
        pthread_mutex_lock(&lock);
        enum verdict verdict = judge(OPEN, target);
        pthread_mutex_unlock(&lock);
        if (verdict != GO) return NULL;
    }
    return next_opendir(path);
}

int close(int number) {
    pthread_once(&once, prepare);
    pthread_mutex_lock(&lock);
    forget(number);
    int result = (int)syscall(SYS_close, number);
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

static void copy_descriptor(int from, int to) {
    if (to < 0 || to >= MOST_DESCRIPTORS || from == to) return;
    forget(to);
    if (tracked(from)) {
        descriptors[to] = descriptors[from];
        descriptors[to].path = strdup(descriptors[from].path);
    }
}

int dup(int number) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_dup, number);
    int code = errno;
    copy_descriptor(number, result);
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int dup3(int number, int other, int flags) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_dup3, number, other, flags);
    int code = errno;
    copy_descriptor(number, result);
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int dup2(int number, int other) { return number == other ? other : dup3(number, other, 0); }

static int fcntl_any(int number, int command, void *argument) {
    if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) return (int)syscall(SYS_fcntl, number, command, argument);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_fcntl, number, command, argument);
    int code = errno;
    copy_descriptor(number, result);
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int fcntl(int number, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fcntl_any(number, command, argument);
}

int fcntl64(int number, int command, ...) {
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    return fcntl_any(number, command, argument);
}

/* Writing. `offset` is -1 for the place where the descriptor stands. */

static ssize_t write_parts(int number, const struct iovec *parts, int count, off_t offset) {
    if (offset >= 0) return syscall(SYS_pwritev, number, parts, count, offset, 0);
    return syscall(SYS_writev, number, parts, count);
}

static ssize_t write_any(int number, const struct iovec *parts, int count, off_t offset) {
    if (tracked(number) == NULL) return write_parts(number, parts, count, offset);
    pthread_mutex_lock(&lock);
    ssize_t result = -1;
    struct descriptor *file = tracked(number);
    if (file == NULL) {
        result = write_parts(number, parts, count, offset);
    } else {
        enum verdict verdict = judge(WRITE, file->path);
        off_t place = offset;
        if (verdict != FAIL) {
            if (place < 0) place = lseek(number, 0, (file->flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
            if (verdict == HALF) {
                size_t total = 0;
                for (int part = 0; part < count; part++) total += parts[part].iov_len;
                struct iovec some[1024];
                int used = 0;
                for (size_t left = total / 2; left > 0 && used < count && used < 1024; used++) {
                    some[used] = parts[used];
                    if (some[used].iov_len > left) some[used].iov_len = left;
                    left -= some[used].iov_len;
                }
                result = write_parts(number, some, used, offset);
            } else {
                result = write_parts(number, parts, count, offset);
            }
            if (result > 0) {
                int durable = (file->flags & O_DSYNC) != 0;
                struct record record = {.kind = R_WRITE, .flags = (uint32_t)durable, .file = file->file,
                                        .offset = (uint64_t)place, .second = (uint64_t)result};
                put(&record, NULL, parts, count);
            }
        }
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

ssize_t write(int number, const void *bytes, size_t count) {
    if (tracked(number) == NULL) return syscall(SYS_write, number, bytes, count);
    struct iovec part = {(void *)bytes, count};
    return write_any(number, &part, 1, -1);
}
ssize_t pwrite(int number, const void *bytes, size_t count, off_t offset) {
    if (tracked(number) == NULL) return syscall(SYS_pwrite64, number, bytes, count, offset);
    struct iovec part = {(void *)bytes, count};
    return write_any(number, &part, 1, offset);
}
ssize_t pwrite64(int number, const void *bytes, size_t count, off64_t offset) { return pwrite(number, bytes, count, offset); }
ssize_t writev(int number, const struct iovec *parts, int count) { return write_any(number, parts, count, -1); }
ssize_t pwritev(int number, const struct iovec *parts, int count, off_t offset) { return write_any(number, parts, count, offset); }
ssize_t pwritev64(int number, const struct iovec *parts, int count, off64_t offset) { return write_any(number, parts, count, offset); }

/* What the log could not follow is not there; callers have another way. */
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t count, unsigned flags) {
    if (tracked(to)) { errno = EXDEV; return -1; }
    return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, count, flags);
}

/* Reading. */

static int refuses_read(int number) {
    if (tracked(number) == NULL) return 0;
    pthread_mutex_lock(&lock);
    struct descriptor *file = tracked(number);
    int fails = file != NULL && judge(READ, file->path) != GO;
    pthread_mutex_unlock(&lock);
    return fails;
}

ssize_t read(int number, void *bytes, size_t count) {
    return refuses_read(number) ? -1 : syscall(SYS_read, number, bytes, count);
}
ssize_t pread(int number, void *bytes, size_t count, off_t offset) {
    return refuses_read(number) ? -1 : syscall(SYS_pread64, number, bytes, count, offset);
}
ssize_t pread64(int number, void *bytes, size_t count, off64_t offset) { return pread(number, bytes, count, offset); }

/* Lengths. */

static int resize(int number, off_t length) {
    struct descriptor *file = tracked(number);
    if (file == NULL) return (int)syscall(SYS_ftruncate, number, length);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(TRUNCATE, file->path) == GO) {
        result = (int)syscall(SYS_ftruncate, number, length);
        if (result == 0) note(R_TRUNCATE, 0, file->file, (uint64_t)length, file->path, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int ftruncate(int number, off_t length) { return resize(number, length); }
int ftruncate64(int number, off64_t length) { return resize(number, length); }

int truncate(const char *path, off_t length) {
    int number = open_any(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (number < 0) return -1;
    int result = resize(number, length), code = errno;
    close(number);
    errno = code;
    return result;
}
int truncate64(const char *path, off64_t length) { return truncate(path, length); }

int fallocate(int number, int mode, off_t offset, off_t length) {
    struct descriptor *file = tracked(number);
    if (file == NULL) return (int)syscall(SYS_fallocate, number, mode, offset, length);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(TRUNCATE, file->path) == GO) {
        struct stat status;
        result = (int)syscall(SYS_fallocate, number, mode, offset, length);
        if (result == 0 && fstat(number, &status) == 0)
            note(R_TRUNCATE, 1, file->file, (uint64_t)status.st_size, file->path, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}
int fallocate64(int number, int mode, off64_t offset, off64_t length) { return fallocate(number, mode, offset, length); }
int posix_fallocate(int number, off_t offset, off_t length) {
    int before = errno;
    int code = fallocate(number, 0, offset, length) == 0 ? 0 : errno;
    errno = before;
    return code;
}
int posix_fallocate64(int number, off64_t offset, off64_t length) { return posix_fallocate(number, offset, length); }

/* Syncs. */

static int sync_any(int number, long call) {
    struct descriptor *file = tracked(number);
    if (file == NULL) return (int)syscall(call, number);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(SYNC, file->path) == GO) {
        result = control->skip_sync ? 0 : (int)syscall(call, number);
        if (result == 0) note(R_SYNC, 0, file->file, 0, file->path, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int fsync(int number) { return sync_any(number, SYS_fsync); }
int fdatasync(int number) { return sync_any(number, SYS_fdatasync); }
int syncfs(int number) { return sync_any(number, SYS_syncfs); }

/* It says nothing about what is durable. */
int sync_file_range(int number, off64_t offset, off64_t length, unsigned flags) {
    struct descriptor *file = tracked(number);
    if (file == NULL) return (int)syscall(SYS_sync_file_range, number, offset, length, flags);
    pthread_mutex_lock(&lock);
    int fails = judge(SYNC, file->path) != GO;
    pthread_mutex_unlock(&lock);
    return fails ? -1 : 0;
}

static struct map *map_of(void *address) {
    for (int index = 0; index < MOST_MAPS; index++)
        if (maps[index].file != 0 && maps[index].start <= (uintptr_t)address && (uintptr_t)address < maps[index].end)
            return &maps[index];
    return NULL;
}

int msync(void *address, size_t length, int flags) {
    pthread_mutex_lock(&lock);
    struct map *map = control ? map_of(address) : NULL;
    int result = -1;
    if (map == NULL || judge(SYNC, map->path) == GO) {
        result = map != NULL && control->skip_sync ? 0 : (int)syscall(SYS_msync, address, length, flags);
        if (map != NULL && result == 0 && (flags & MS_SYNC) != 0) note(R_SYNC, 0, map->file, 0, map->path, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

void *mmap(void *address, size_t length, int protection, int flags, int number, off_t offset) {
    if ((flags & MAP_ANONYMOUS) != 0 || tracked(number) == NULL)
        return (void *)syscall(SYS_mmap, address, length, protection, flags, number, offset);
    pthread_mutex_lock(&lock);
    void *result = MAP_FAILED;
    struct descriptor *file = tracked(number);
    if (file == NULL || judge(MAP, file->path) == GO)
        result = (void *)syscall(SYS_mmap, address, length, protection, flags, number, offset);
    if (file != NULL && result != MAP_FAILED && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) {
        note(R_MAP_WRITABLE, 0, file->file, 0, file->path, NULL);
        int index = 0;
        while (index < MOST_MAPS && maps[index].file != 0) index++;
        if (index == MOST_MAPS) give_up("too many maps");
        maps[index] = (struct map){(uintptr_t)result, (uintptr_t)result + length, file->file, strdup(file->path)};
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}
void *mmap64(void *address, size_t length, int protection, int flags, int number, off64_t offset) {
    return mmap(address, length, protection, flags, number, offset);
}

int munmap(void *address, size_t length) {
    pthread_mutex_lock(&lock);
    struct map *map = control ? map_of(address) : NULL;
    if (map != NULL && map->start == (uintptr_t)address) {
        free(map->path);
        *map = (struct map){0};
    }
    pthread_mutex_unlock(&lock);
    return (int)syscall(SYS_munmap, address, length);
}

/* Names. */

static int rename_any(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    char source[2 * PATH_MAX], target[2 * PATH_MAX];
    int leaves = resolve(from_directory, from, source), arrives = resolve(to_directory, to, target);
    if (!leaves && !arrives) return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (leaves != arrives || flags != 0) give_up("a rename that cannot be followed");
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(RENAME, target) == GO) {
        result = (int)syscall(SYS_renameat2, AT_FDCWD, source, AT_FDCWD, target, 0);
        if (result == 0) note(R_RENAME, 0, 0, 0, source, target);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int rename(const char *from, const char *to) { return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return rename_any(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return rename_any(a, from, b, to, flags); }

static int unlink_any(int directory, const char *path, int flags) {
    char target[2 * PATH_MAX];
    if (!resolve(directory, path, target)) return (int)syscall(SYS_unlinkat, directory, path, flags);
    int is_directory = (flags & AT_REMOVEDIR) != 0;
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(is_directory ? RMDIR : UNLINK, target) == GO) {
        result = (int)syscall(SYS_unlinkat, AT_FDCWD, target, flags);
        if (result == 0) note(is_directory ? R_RMDIR : R_UNLINK, 0, 0, 0, target, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int unlink(const char *path) { return unlink_any(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char *path, int flags) { return unlink_any(directory, path, flags); }
int rmdir(const char *path) { return unlink_any(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    int result = unlink(path);
    return result != 0 && (errno == EISDIR || errno == EPERM) ? rmdir(path) : result;
}

int mkdirat(int directory, const char *path, mode_t mode) {
    char target[2 * PATH_MAX];
    if (!resolve(directory, path, target)) return (int)syscall(SYS_mkdirat, directory, path, mode);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(MKDIR, target) == GO) {
        result = (int)syscall(SYS_mkdirat, AT_FDCWD, target, mode);
        if (result == 0) note(R_MKDIR, 0, 0, 0, target, NULL);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int a, const char *from, int b, const char *to, int flags) {
    char source[2 * PATH_MAX], target[2 * PATH_MAX];
    int leaves = resolve(a, from, source), arrives = resolve(b, to, target);
    if (!leaves && !arrives) return (int)syscall(SYS_linkat, a, from, b, to, flags);
    if (leaves != arrives) give_up("a link that cannot be followed");
    pthread_mutex_lock(&lock);
    int result = -1;
    if (judge(LINK, target) == GO) {
        result = (int)syscall(SYS_linkat, AT_FDCWD, source, AT_FDCWD, target, flags);
        if (result == 0) note(R_LINK, 0, 0, 0, source, target);
    }
    int code = errno;
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *text, int directory, const char *path) {
    char target[2 * PATH_MAX];
    if (resolve(directory, path, target)) give_up("a symbolic link that cannot be followed");
    return (int)syscall(SYS_symlinkat, text, directory, path);
}
int symlink(const char *text, const char *path) { return symlinkat(text, AT_FDCWD, path); }
