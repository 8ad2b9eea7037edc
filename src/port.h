/*
 * port.h: all that Penny asks of its platform. One port_*.c implements it for each.
 *
 * Threads: every function may be called by any worker; pn_port_wait never by the page's thread.
 */
#ifndef PENNY_PORT_H
#define PENNY_PORT_H

#include "penny.h"

/* This thread's worker block, NULL on the host and on foreign threads. */
pn_worker *pn_port_self(void);
void pn_port_set_self(pn_worker *worker);

/* Sleeps while *word == expected, at most timeout_ns (negative: for ever). May wake for no
 * reason. */
void pn_port_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns);
/* Wakes at most `count` threads that wait on the word. */
void pn_port_wake(uint32_t *word, uint32_t count);
/* This thread spins and has looked so many times in a row: a hint to the core, or to the system that
 * another thread may have it. */
void pn_port_pause(uint32_t looks);
/* Milliseconds of a steady clock of this thread. */
double pn_port_now_ms(void);
/* What to add to that for the clock that all threads share. */
double pn_port_origin_ms(void);
/* May this thread block (not the page's)? */
bool pn_port_may_block(void);

/* Makes the heap's memory up to `end` usable: 0, or negative when it cannot. */
int pn_port_commit(void *end);

/* Runs body(worker, head, argument) so that a trap, a stack overflow or pn_port_throw inside ends
 * it and not the worker: 0 when it returned, 1 when it was thrown out. A failure that is not yet
 * recorded is recorded by pn_fault. May itself be thrown out of (stack overflow at its own entry):
 * the next outer one then answers for this one's entry too (pn_unwind). */
int pn_port_enter(void (*body)(pn_worker *, pn_task *, void *), pn_worker *worker, pn_task *head,
                  void *argument);
/* Leaves the innermost pn_port_enter of this worker. */
PN_NORETURN void pn_port_throw(void);
/* Makes sure that about 2 KiB of the machine's stack are left, or faults here, where nothing has
 * been changed yet. */
void pn_port_probe_stack(void);

/* Is at least half of this worker's C stack left, as far as can be told? */
bool pn_port_has_stack(void);

/* Tells a host that cannot wait on memory that completions are there. */
void pn_port_ring(void);
/* Runs the JavaScript task of `root` (PN_KIND_JS); the web port only. */
void pn_port_run_js(pn_worker *worker, pn_task *head, pn_root *root);
void pn_port_print(const char *text, size_t bytes, int is_error);

#endif
