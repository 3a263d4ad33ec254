/* What the parts of varve-launch share. */
#ifndef VARVE_LAUNCH_H
#define VARVE_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL 3

struct plan {
    char **words;
    size_t count;
    const char *root;         /* where the step's file system is put together */
    const char *inside_user;  /* the number an ordinary user has inside */
    const char *inside_group;
    const char *host;
    const char *directory;
    char **variables;
    char **command;
    size_t mounts;            /* the first word of the mount instructions */
    unsigned long long memory;
    int own_network;
    int proxy_port;           /* of a socket that listens on the loopback, for Varve; 0 for none */
    int terminal;
    int strict;               /* the same everywhere: one user, one set of limits, no counter of cycles */
    int apart;                /* in a session of its own: the person's keys are not for it */
    int privileged;           /* root of the machine, not of a user namespace */
    int left;                 /* processes that outlived the command */
};

extern struct plan plan;

/* Reports why the sandbox could not be set up, with errno's meaning, and ends. */
_Noreturn void fail(const char *what, const char *name);

/* view.c: the file system a step sees. */
void build_view(void);
void enter_view(void);
void open_terminal(int *master, int *slave);

/* powers.c: what a step's processes may do. */
void drop_powers(void);
void raise_loopback(void);
int listen_on_loopback(int port);
void prctl_die_with_parent(void);
void fix_limits(void);
int count_processes(void);

#endif
