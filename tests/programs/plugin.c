/* With -DPLUGIN a library; else a program that loads it: plugin LIBRARY. */
#include <dlfcn.h>
#include <stdio.h>

#ifdef PLUGIN
int answer(void) { return 42; }
#else
int main(int argc, char **argv)
{
    void *library = dlopen(argv[argc - 1], RTLD_NOW);
    int (*answer)(void) = library ? (int (*)(void))dlsym(library, "answer") : 0;
    if (!answer) return puts(dlerror()), 3;
    printf("%d\n", answer());
    return 0;
}
#endif
