/*
 * heap_pages.h: the heap's page map: runs of 16 KiB pages claimed and released without locks.
 *
 * Used by heap.c only. Page numbers count from the region's base; page 0 holds the map itself, so 0
 * also says "none".
 */
#ifndef PENNY_HEAP_PAGES_H
#define PENNY_HEAP_PAGES_H

#include "heap.h"

/* Sets h->base ... h->first_page and the first words. 0 or -1. */
int pn_pages_init(pn_heap *h, void *base, uint64_t max_bytes);
/* A committed run of exactly `pages` pages, or 0. */
uint32_t pn_pages_claim(pn_heap *h, uint32_t owner, uint32_t pages);
/* The run must be the caller's, all of it; plain writes to it happen before whoever claims it next.
 */
void pn_pages_release(pn_heap *h, uint32_t page);
/* Length of the caller's run that starts at `page`, or 0 when none in use starts there. */
uint32_t pn_pages_length(const pn_heap *h, uint32_t page);
/* Shrinks or grows the caller's run where it lies. False: it stays as it was. */
bool pn_pages_resize(pn_heap *h, uint32_t owner, uint32_t page, uint32_t pages);
/* See pn_heap_reclaim_dead. */
uint32_t pn_pages_reclaim(pn_heap *h, uint32_t owner);

static inline uintptr_t pn_pages_address(const pn_heap *h, uint32_t page) {
  return h->base + ((uintptr_t)page << PN_HEAP_PAGE_SHIFT);
}

#endif
