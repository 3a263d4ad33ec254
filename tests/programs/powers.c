/* Says who it is: real, effective user, whether the effective user differs, and whether it may write what root may. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    int changed = setuid(0) == 0;
    printf("uid %d euid %d setuid %d shadow %d\n", (int)getuid(), (int)geteuid(), changed, open("/etc/shadow", O_RDONLY) >= 0);
    return 0;
}
