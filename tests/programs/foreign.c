/*
 * Opens and prints a file by system calls of another kind: `int80 FILE` by the 32-bit entry from a 64-bit program,
 * `x32 FILE` by the x32 numbers. Status 3 when they are refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long by_int80(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
    return result;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    /* The 32-bit entry takes addresses below 4 GiB only. */
    char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    strcpy(low, argv[2]);
    long file = !strcmp(argv[1], "int80") ? by_int80(5, (long)low, O_RDONLY, 0)
                                          : syscall(SYS_open | 0x40000000, low, O_RDONLY, 0);
    if (file < 0) {
        printf("refused: %s\n", strerror(file == -1 ? errno : (int)-file));
        return 3;
    }
    char text[256];
    ssize_t n = read((int)file, text, sizeof text);
    return n < 0 || write(1, text, (size_t)n) < 0;
}
