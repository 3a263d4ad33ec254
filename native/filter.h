/* The system-call filter: what a step may do unseen, what the supervisor is asked about, what is refused. */
#ifndef VARVE_FILTER_H
#define VARVE_FILTER_H

/*
 * Installs the filter for this process and its descendants; a strict step's reports also what tells of the clock, of
 * chance and of the machine. Returns the listener's descriptor, -1 on failure.
 */
int install_filter(int strict);

#endif
