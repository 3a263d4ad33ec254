/* Opens FILES distinct files below FOLDER, and looks for as many names that are not there.
   Usage: opens FOLDER FILES make|open. Says how many opens succeeded and how many names were absent. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_A_FOLDER = 1000 };

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    long files = atol(argv[2]), opened = 0, absent = 0;
    int make = strcmp(argv[3], "make") == 0;
    char path[4096];
    for (long i = 0; i < files; i++) {
        if (make && i % IN_A_FOLDER == 0) {
            snprintf(path, sizeof path, "%s/%04ld", argv[1], i / IN_A_FOLDER);
            if (mkdir(path, 0755) != 0 && errno != EEXIST) { perror(path); return 1; }
        }
        snprintf(path, sizeof path, "%s/%04ld/%07ld", argv[1], i / IN_A_FOLDER, i);
        int fd = open(path, make ? O_WRONLY | O_CREAT : O_RDONLY, 0644);
        if (fd < 0) { perror(path); return 1; }
        close(fd);
        opened++;
        if (make) continue;
        snprintf(path, sizeof path, "%s/%04ld/absent%07ld", argv[1], i / IN_A_FOLDER, i);
        fd = open(path, O_RDONLY);
        if (fd >= 0 || errno != ENOENT) { perror(path); return 1; }
        absent++;
    }
    printf("%ld opened, %ld absent\n", opened, absent);
    return 0;
}
