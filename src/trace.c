/*
 * trace.c: see trace.h.
 */
#include "trace.h"

#include "port.h"

static pn_event *event_at(const pn_worker *w, uint64_t at) {
  return &w->trace[at & (w->control->trace_events - 1)];
}

void pn_trace_add(pn_worker *w, uint32_t kind, uint32_t value, const char *name) {
  double ms = penny_now_ms();
  uint64_t bits;
  __builtin_memcpy(&bits, &ms, sizeof bits);
  uint64_t at = pn_load_relaxed(&w->traced); /* own variable */
  pn_event *event = event_at(w, at);
  /* Relaxed, all: published by the count; the host may read them half written, and then finds by the
   * count that they are not to be used. */
  pn_store_relaxed(&event->ms_bits, bits);
  pn_store_relaxed(&event->kind, kind);   /* as above */
  pn_store_relaxed(&event->value, value); /* as above */
  pn_store_relaxed(&event->name, name);   /* as above */
  pn_store_release(&w->traced, at + 1); /* pairs with the host's loads before and after its copy */
}

void pn_trace_turn(pn_worker *w) {
  uint64_t at = pn_load_relaxed(&w->traced); /* own variable, as the event */
  if (at && pn_load_relaxed(&event_at(w, at - 1)->kind) == PN_TRACE_PARK)
    pn_trace_add(w, PN_TRACE_UNPARK, 0, NULL);
}
