/*
 * A symbolic link is swapped between two targets as fast as can be by one process while another reads through it:
 * swap LINK FIRST SECOND ROUNDS. Prints each distinct content it read, once.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    pid_t swapper = fork();
    if (swapper == 0) {
        for (unsigned i = 0;; i++) {
            if (symlink(argv[2 + i % 2], "swap.new") == 0) rename("swap.new", argv[1]);
        }
    }
    char seen[8][64];
    int count = 0;
    for (int round = atoi(argv[4]); round > 0; round--) {
        char text[64] = "";
        int file = open(argv[1], O_RDONLY);
        if (file < 0) continue;
        ssize_t n = read(file, text, sizeof text - 1);
        close(file);
        if (n <= 0) continue;
        int known = 0;
        for (int i = 0; i < count; i++) known |= !strcmp(seen[i], text);
        if (!known && count < 8) strcpy(seen[count++], text);
    }
    kill(swapper, SIGKILL);
    wait(0);
    for (int i = 0; i < count; i++) fputs(seen[i], stdout);
    return 0;
}
