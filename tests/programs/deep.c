/*
 * Works below a path of more than 4,096 bytes by going down name by name: `deep make` makes folders and a file,
 * `deep read` reads it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char name[201], text[64];
    memset(name, 'd', 200);
    name[200] = 0;
    int make = argc > 1 && !strcmp(argv[1], "make");
    for (int i = 0; i < 25; i++) {
        if (make && mkdir(name, 0755) < 0) return perror("mkdir"), 3;
        if (chdir(name) < 0) return perror("chdir"), 3;
    }
    int file = open("bottom", make ? O_CREAT | O_WRONLY : O_RDONLY, 0644);
    if (file < 0) return perror("open"), 3;
    if (make) return write(file, "bottom\n", 7) != 7;
    ssize_t n = read(file, text, sizeof text);
    return n < 0 || write(1, text, (size_t)n) < 0;
}
