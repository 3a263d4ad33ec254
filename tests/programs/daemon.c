/* Leaves a daemon behind that would write a file two seconds later: daemon FILE. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (int fd = 0; fd < 3; fd++) close(fd);
            sleep(2);
            open(argv[argc - 1], O_CREAT | O_WRONLY, 0644);
            sleep(600);
        }
        _exit(0);
    }
    usleep(300000);
    puts("left");
    return 0;
}
