/*
 * root.h: roots: what the host submits, a program runs, or a task detaches. Owner: root.c.
 */
#ifndef PENNY_ROOT_H
#define PENNY_ROOT_H

#include "penny.h"

struct pn_group {
  pn_root *members; /* pushed by whoever detaches into it, taken by whoever waits */
  pn_root *waiting; /* taken and not yet waited for; waiter only */
  pn_root *ended;   /* members that were waited for; waiter only */
  uint32_t cancel;  /* anybody sets it, once */
  int error;        /* the first error that a wait met; waiter only */
};

/* An array that JavaScript tasks of a root made. */
struct pn_root_array {
  struct pn_root_array *next;
  void *data; /* NULL when the host has taken it over */
  size_t bytes;
};

/* A root for `type`, one reference, or NULL. Any thread. */
pn_root *pn_root_new(uint32_t kind, const pn_task_type *type);
/* Puts it into the inbox and wakes a worker: 0 or PENNY_ECLOSED (then nothing happened). Any
 * thread, never blocks. */
int pn_root_submit(pn_control *control, pn_root *root);
/* True for the one caller that may run it. */
bool pn_root_claim(pn_worker *worker, pn_root *root);
/* The function that runs it under the trampoline. */
void (*pn_root_body(const pn_root *root))(pn_worker *, pn_task *, void *);
/* js_tasks.c: the list of this worker's roots with a pending promise. The worker itself. */
void pn_js_begin_late(pn_worker *worker, pn_root *root);
void pn_js_end_late(pn_worker *worker, pn_root *root);
/* Fails all of them: the worker itself at the end of the pool, the host after its death. */
void pn_js_fail_late(pn_worker *worker, int error);
/* When it leaves: fails all of them and says so, if all were given up. Otherwise nothing. The worker itself. */
bool pn_js_drop_late(pn_worker *worker);
/* Tells the result to whoever waits, once. Worker. */
void pn_root_end(pn_worker *worker, pn_root *root);
/* Ends one that will not run any more, with PENNY_ECLOSED. */
void pn_root_refuse(pn_root *root);
/* Gives back the reference of a future's holder. */
void pn_future_release(penny_future *future);
/* Gives back one reference. */
void pn_root_release(pn_root *root);
bool pn_root_is_cancelled(const pn_root *root);
/* Records the first failure of the worker's current root and trips its other tasks. Returns; the
 * caller throws. */
void pn_root_fault(pn_worker *worker, int error, const char *message, size_t bytes);

/* pool.c: the whole of a pool in one region of memory (64-byte aligned, zeroed). 0 or PENNY_EINVAL,
 * PENNY_ENOMEM. */
int pn_pool_create(void *region, uint64_t region_bytes, uint32_t workers, uint32_t max_workers,
                   uint32_t cores, uint32_t index_base);
/* On the worker itself, before anything else: 0 or PENNY_ENOMEM. */
int pn_pool_worker_init(pn_worker *worker);
/* Any thread: running roots fail at their next poll, queued ones at once, every worker leaves its
 * loop. */
void pn_pool_shutdown(pn_control *control);
/* bury.c. The host, for a worker that was killed: 0 when all that it had begun has failed with
 * PENNY_EWORKER, 1 when tasks stolen from it still run: call again a little later. Never waits. */
int pn_pool_bury(pn_control *control, uint32_t id);
/* The host, after that: empties the block for a replacement, which starts by pn_pool_worker_init. */
int pn_pool_revive(pn_control *control, uint32_t id);
/* The host: makes the block of a new worker, or of one that has left, ready for its start. */
void pn_pool_grow(pn_control *control, uint32_t id);
/* The host: workers number `target` and above leave when they have ended what they run. */
void pn_pool_shrink(pn_control *control, uint32_t target);
/* The host, when the thread of one of them has ended: gives back its memory. */
void pn_pool_retire(pn_control *control, uint32_t id);
/* The host, before its start: its ring of events, if the pool traces: 0 or PENNY_ENOMEM. */
int pn_pool_trace(pn_worker *worker);
/* After every worker has left: frees what is the pool's own; returns the number of blocks that the
 * program still holds. */
int64_t pn_pool_destroy(void);
/* For a thread that is no worker: the pool, which cannot go before the matching pn_pool_leave; NULL
 * when there is none or it closes. */
pn_control *pn_pool_enter(void);
void pn_pool_leave(void);
/* The pool of this program, NULL when there is none. */
pn_control *pn_pool(void);

/* Frees the newest scratch block. Owner. */
void pn_scratch_pop(pn_worker *worker);

/* layout.c */
typedef struct pn_layout_item {
  const char *name;
  uint32_t value;
} pn_layout_item;
uint32_t pn_layout_count(void);
const pn_layout_item *pn_layout_table(void);
uint32_t pn_layout_hash(void);

#endif
