/*
 * trace.h: what a worker notes of its own doing when the pool was created with `trace`: a ring of
 * events in shared memory, which js-glue/more.js turns into a Chrome trace.
 *
 * The owner writes an event, then its count. The host reads the count, the ring, and the count again:
 * what was overwritten meanwhile it throws away. Off, it costs a branch where tasks enter and leave
 * trampolines, publish and park, and nothing at spawn and sync.
 */
#ifndef PENNY_TRACE_H
#define PENNY_TRACE_H

#include "layout.h"

enum {
  PN_TRACE_START = 0,   /* the worker has begun; what was open has ended */
  PN_TRACE_ROOT = 1,    /* value: the number of a JavaScript task, which has no name here */
  PN_TRACE_TASK = 2,    /* a stolen one; the same */
  PN_TRACE_END = 3,     /* of the newest of those two */
  PN_TRACE_PUBLISH = 4, /* value: how many tasks */
  PN_TRACE_PARK = 5,    /* value: PN_SLEEPING or PN_JOINING */
  PN_TRACE_UNPARK = 6,
};

void pn_trace_add(pn_worker *worker, uint32_t kind, uint32_t value, const char *name);
/* At the begin of a turn of a worker that sleeps in its event loop. */
void pn_trace_turn(pn_worker *worker);

static inline void pn_trace(pn_worker *w, uint32_t kind, uint32_t value, const char *name) {
  if (PN_UNLIKELY(w->trace)) pn_trace_add(w, kind, value, name);
}

#endif
