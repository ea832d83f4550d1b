/* Preloaded into a process: records what it does to files below one folder, and lets calls fail.

   FAULTS_DIR is the folder, FAULTS_LOG the file of records. A record is a struct record and `length`
   bytes; disk.py reads them. Every call goes to the kernel by its number, under one lock, so that
   the order of records is the order of effects. Syncs are recorded and not carried out: what they
   would achieve is decided by whoever reads the records. Files ending in -shm are shared memory and
   no durable state: calls on them are counted and can fail, but are not recorded.

   Without FAULTS_LOG nothing is recorded. FAULTS_SWITCH is a file that another process writes, four
   numbers as faults_arm takes them: each time they change, it is armed with them. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096
#define CALLS 65536
#define CALL_OPEN 1
#define CALL_WRITE 2
#define CALL_SYNC 4
#define CALL_TRUNCATE 8
#define CALL_NAME 16

struct record {
    int32_t kind;
    int32_t fd;
    int64_t number;
    int64_t length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char watched[FDS]; /* 1: recorded, 2: only counted */
static const char *folder, *switched;
static int log_fd = -1;
static long calls, from, until;
static int fault, mask;
static unsigned char kinds[CALLS];

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_LOG");
    folder = getenv("FAULTS_DIR");
    switched = getenv("FAULTS_SWITCH");
    if (folder != NULL && path != NULL)
        log_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void record(int kind, int fd, int64_t number, const void *data, size_t length) {
    struct record head = {kind, fd, number, (int64_t)length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
    if (log_fd >= 0 && syscall(SYS_writev, log_fd, parts, 2) != (long)(sizeof head + length))
        abort();
}

static int below(const char *path) {
    size_t length = folder == NULL ? 0 : strlen(folder);
    return length && strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int kind_of(const char *path) {
    size_t length = strlen(path);
    if (!below(path))
        return 0;
    return length > 4 && strcmp(path + length - 4, "-shm") == 0 ? 2 : 1;
}

static int of(int fd) {
    return fd >= 0 && fd < FDS ? watched[fd] : 0;
}

static void arm(long at, long count, int error, int which) {
    calls = 0;
    from = at;
    until = at + count;
    fault = error;
    mask = which;
}

static void look_at_switch(void) {
    static char before[80];
    char text[80] = "";
    long at, count;
    int error, which;
    int fd = syscall(SYS_openat, AT_FDCWD, switched, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    long length = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (length <= 0 || strcmp(text, before) == 0)
        return;
    strcpy(before, text);
    if (sscanf(text, "%ld %ld %d %d", &at, &count, &error, &which) == 4)
        arm(at, count, error, which);
}

/* Counts a call, and says whether it is to fail: errno is set then. */
static int fails(int what) {
    if (switched != NULL)
        look_at_switch();
    calls++;
    if (calls < CALLS)
        kinds[calls] = what;
    if (calls < from || calls >= until || !(mask & what))
        return 0;
    errno = fault;
    return 1;
}

/* What the process under test calls. */

void faults_arm(long at, long count, int error, int which) {
    pthread_mutex_lock(&lock);
    arm(at, count, error, which);
    pthread_mutex_unlock(&lock);
}

long faults_calls(void) {
    return calls;
}

int faults_kind(long call) {
    return call >= 0 && call < CALLS ? kinds[call] : 0;
}

void faults_mark(const char *text) {
    pthread_mutex_lock(&lock);
    record('m', -1, 0, text, strlen(text));
    pthread_mutex_unlock(&lock);
}

/* SQLite waits for what may be temporary, for seconds in all: here nothing passes by waiting. */

int nanosleep(const struct timespec *time, struct timespec *rest) {
    (void)time, (void)rest;
    return 0;
}

int usleep(useconds_t time) {
    (void)time;
    return 0;
}

/* Names. */

static int do_open(int directory, const char *path, int flags, mode_t mode) {
    int what = directory == AT_FDCWD || path[0] == '/' ? kind_of(path) : 0;
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
    int fd = -1;
    pthread_mutex_lock(&lock);
    if (!(what && writes && fails(CALL_OPEN)))
        fd = syscall(SYS_openat, directory, path, flags, mode);
    if (fd >= 0 && fd < FDS)
        watched[fd] = what;
    if (fd >= 0 && what == 1)
        record('o', fd, flags & (O_CREAT | O_TRUNC), path, strlen(path));
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                       \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
    MODE(flags)
    return do_open(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags)
    return do_open(directory, path, flags, mode);
}

int creat(const char *path, mode_t mode) {
    return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS)
        watched[fd] = 0;
    int result = syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    int what = kind_of(path), result = -1;
    pthread_mutex_lock(&lock);
    if (!(what && fails(CALL_NAME)))
        result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0 && what == 1)
        record('u', -1, 0, path, strlen(path));
    pthread_mutex_unlock(&lock);
    return result;
}

static int do_rename(const char *old, const char *new) {
    int what = kind_of(old), result = -1;
    pthread_mutex_lock(&lock);
    if (!(what && fails(CALL_NAME)))
        result = syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
    if (result == 0 && what == 1) {
        record('f', -1, 0, old, strlen(old));
        record('r', -1, 0, new, strlen(new));
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *old, const char *new) {
    return do_rename(old, new);
}

int link(const char *old, const char *new) {
    if (below(old) || below(new)) /* nothing here makes links, and disk.py knows none */
        abort();
    return syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0);
}

/* Contents. A write that fails leaves half of itself, as real ones do. */

static ssize_t do_write(int fd, const void *data, size_t length, off_t at, int call) {
    ssize_t result;
    int what = of(fd);
    pthread_mutex_lock(&lock);
    int failing = what && fails(CALL_WRITE);
    size_t part = failing ? length / 2 : length;
    if (call == SYS_write) {
        result = syscall(SYS_write, fd, data, part);
        at = what && result >= 0 ? syscall(SYS_lseek, fd, 0L, SEEK_CUR) - result : 0;
    } else {
        result = syscall(SYS_pwrite64, fd, data, part, at);
    }
    if (result > 0 && what == 1)
        record('w', fd, at, data, result);
    if (failing) {
        errno = fault;
        result = -1;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (!of(fd))
        return syscall(SYS_write, fd, data, length);
    return do_write(fd, data, length, 0, SYS_write);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    return do_write(fd, data, length, at, SYS_pwrite64);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
    return do_write(fd, data, length, at, SYS_pwrite64);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (of(fd)) /* nothing here uses it, and a short one would be hard to tell */
        abort();
    return syscall(SYS_writev, fd, parts, count);
}

static int do_sync(int fd) {
    int what = of(fd);
    if (!what)
        return 0;
    pthread_mutex_lock(&lock);
    int result = fails(CALL_SYNC) ? -1 : 0;
    if (what == 1)
        record(result ? 'x' : 's', fd, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) {
    return do_sync(fd);
}

int fdatasync(int fd) {
    return do_sync(fd);
}

static int do_truncate(int fd, off_t size) {
    int what = of(fd), result = -1;
    pthread_mutex_lock(&lock);
    if (!(what && fails(CALL_TRUNCATE)))
        result = syscall(SYS_ftruncate, fd, size);
    if (result == 0 && what == 1)
        record('t', fd, size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int truncate(const char *path, off_t size) {
    int what = kind_of(path), result = -1;
    pthread_mutex_lock(&lock);
    if (!(what && fails(CALL_TRUNCATE)))
        result = syscall(SYS_truncate, path, size);
    if (result == 0 && what == 1)
        record('p', -1, size, path, strlen(path));
    pthread_mutex_unlock(&lock);
    return result;
}

int truncate64(const char *path, off_t size) {
    return truncate(path, size);
}

int ftruncate(int fd, off_t size) {
    return do_truncate(fd, size);
}

int ftruncate64(int fd, off_t size) {
    return do_truncate(fd, size);
}
