/* many descriptors FOLDER: holds every file of a folder open at once. many processes N: so many short ones. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    if (!strcmp(argv[1], "processes")) {
        int count = atoi(argv[2]), ended = 0;
        for (int i = 0; i < count; i++)
            if (fork() == 0) {
                char name[32];
                snprintf(name, sizeof name, "made-%d", i);
                close(open(name, O_CREAT | O_WRONLY, 0644));
                _exit(0);
            }
        while (wait(0) > 0) ended++;
        printf("%d\n", ended);
        return 0;
    }
    struct rlimit most = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &most);
    int open_ = 0;
    DIR *folder = opendir(argv[2]);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') open_ += openat(dirfd(folder), entry->d_name, O_RDONLY) >= 0;
    printf("%d\n", open_);
    return 0;
}
