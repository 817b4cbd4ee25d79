/* Put before libc: while the file $FAULTY_SWITCH holds "CALL ERRNO", that call fails so for paths below $FAULTY_UNDER. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fault(const char *call) {
    char text[128];
    const char *path = getenv("FAULTY_SWITCH");
    if (!path) return 0;
    long handle = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    if (handle < 0) return 0;
    long size = syscall(SYS_read, handle, text, sizeof text - 1);
    syscall(SYS_close, handle);
    if (size <= 0) return 0;
    text[size] = 0;
    char wanted[64];
    int number;
    if (sscanf(text, "%63s %d", wanted, &number) != 2 || strcmp(wanted, call)) return 0;
    return number;
}

static int below(const char *path) {
    const char *under = getenv("FAULTY_UNDER");
    return under && path && !strncmp(path, under, strlen(under));
}

static int below_fd(int handle) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL(what, call, result) do { int e; if ((what) && (e = fault(call))) { errno = e; return result; } } while (0)

#define OPEN(name) int name(const char *path, int flags, ...) { \
    REAL(name); mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list a; va_start(a, flags); mode = va_arg(a, mode_t); va_end(a); } \
    FAIL(below(path), "open", -1); return real(path, flags, mode); }
OPEN(open)
OPEN(open64)
#define OPENAT(name) int name(int dir, const char *path, int flags, ...) { \
    REAL(name); mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list a; va_start(a, flags); mode = va_arg(a, mode_t); va_end(a); } \
    FAIL(below(path), "open", -1); return real(dir, path, flags, mode); }
OPENAT(openat)
OPENAT(openat64)
ssize_t write(int fd, const void *data, size_t size) { REAL(write); FAIL(below_fd(fd), "write", -1); return real(fd, data, size); }
ssize_t read(int fd, void *data, size_t size) { REAL(read); FAIL(below_fd(fd), "read", -1); return real(fd, data, size); }
ssize_t pwrite(int fd, const void *d, size_t n, off_t o) { REAL(pwrite); FAIL(below_fd(fd), "pwrite", -1); return real(fd, d, n, o); }
ssize_t pwrite64(int fd, const void *d, size_t n, off64_t o) { REAL(pwrite64); FAIL(below_fd(fd), "pwrite", -1); return real(fd, d, n, o); }
int fsync(int fd) { REAL(fsync); FAIL(below_fd(fd), "fsync", -1); return real(fd); }
int rename(const char *a, const char *b) { REAL(rename); FAIL(below(a), "rename", -1); return real(a, b); }
int renameat(int d, const char *a, int e, const char *b) { REAL(renameat); FAIL(below(a), "rename", -1); return real(d, a, e, b); }
int link(const char *a, const char *b) { REAL(link); FAIL(below(a), "link", -1); return real(a, b); }
int linkat(int d, const char *a, int e, const char *b, int f) { REAL(linkat); FAIL(below(a), "link", -1); return real(d, a, e, b, f); }
int unlink(const char *a) { REAL(unlink); FAIL(below(a), "unlink", -1); return real(a); }
int unlinkat(int d, const char *a, int f) { REAL(unlinkat); FAIL(below(a), "unlink", -1); return real(d, a, f); }
int mkdir(const char *a, mode_t m) { REAL(mkdir); FAIL(below(a), "mkdir", -1); return real(a, m); }
int mkdirat(int d, const char *a, mode_t m) { REAL(mkdirat); FAIL(below(a), "mkdir", -1); return real(d, a, m); }
DIR *fdopendir(int fd) { REAL(fdopendir); FAIL(below_fd(fd), "getdents", NULL); return real(fd); }
int fstat(int fd, struct stat *s) { REAL(fstat); FAIL(below_fd(fd), "fstat", -1); return real(fd, s); }
int fstat64(int fd, struct stat64 *s) { REAL(fstat64); FAIL(below_fd(fd), "fstat", -1); return real(fd, s); }
#define MMAP(name, off) void *name(void *a, size_t n, int p, int f, int fd, off o) { \
    REAL(name); FAIL(fd >= 0 && below_fd(fd), "mmap", MAP_FAILED); return real(a, n, p, f, fd, o); }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)
