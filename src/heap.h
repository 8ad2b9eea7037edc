/*
 * heap.h: the shared heap, one for all workers and the host, inside one contiguous region.
 *
 * Any thread may call any function with a context of its own; nothing here ever waits, so the host
 * may call it too. Large blocks are runs of 16 KiB pages, claimed in a page map by compare-exchange
 * (heap_pages.c); small blocks are slots of one-page slabs, cached per context and exchanged with
 * the others in batches (heap.c). Exhaustion is NULL, with nothing lost. Protocol: HEAP.md.
 *
 * I1  Following the page map's words from page 0 always gives a partition of the region into runs.
 * I2  A block belongs to exactly one of: a user, one context's cache, one central batch.
 * I3  Live blocks = allocations - frees over all contexts, exact once every context was settled.
 */
#ifndef PENNY_HEAP_H
#define PENNY_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"

#define PN_HEAP_PAGE_SHIFT      14u
#define PN_HEAP_PAGE_BYTES      (1u << PN_HEAP_PAGE_SHIFT)
#define PN_HEAP_CLASSES         32u
#define PN_HEAP_SMALL_MAX_BYTES 8192u
#define PN_HEAP_MIN_BYTES       (1u << 20)
#define PN_HEAP_MAX_PAGES       ((1u << 19) - 1) /* what a page-map word can say: 8 GiB - 16 KiB */
#define PN_HEAP_MAX_OWNER       511u             /* owner ids are 9 bits of a page-map word */

/* A free small block. The last two fields are meaningful in the first block of a batch only. */
typedef struct pn_heap_block {
  struct pn_heap_block *next; /* next block of the same batch */
  uint32_t next_batch; /* first block of the batch below, in 16-byte units of the region; 0: none */
  uint32_t count;      /* blocks in this batch */
} pn_heap_block;

/* What a context keeps of one size class: the list in use, one full batch in reserve, and the part
 * of its current slab that was never handed out. */
typedef struct pn_heap_cache {
  pn_heap_block *head;  /* blocks in use first: popped by alloc, pushed by free */
  uint32_t room;        /* batch size - length of `head`; at 0 the list is a full batch */
  uint32_t carve;       /* next block never handed out, in 16-byte units of the region */
  pn_heap_block *spare; /* a full batch or NULL */
  uint32_t carve_left;  /* blocks never handed out */
  int32_t stock;        /* blocks taken in - given back; minus what is cached = live */
  int32_t settled;      /* the part of live that is in the context's published counters */
} pn_heap_cache;

/* One per worker and one for the host. Only the thread that owns it touches it, except the fields
 * marked (shared): written by the owner alone, read by anybody. Once the owner is dead or retired,
 * one other thread may act in its place. */
typedef struct pn_heap_context {
  pn_heap_cache cache[PN_HEAP_CLASSES + 1]; /* by class; 0 is not used */
  int64_t large_blocks;                     /* large blocks allocated - freed here */
  int64_t large_bytes;
  struct pn_heap_context *next; /* all contexts of the heap; written before it is published */
  uint32_t owner;               /* 0..PN_HEAP_MAX_OWNER, unique among living contexts */
  bool never_collects; /* set by the host after init: its alloc then gives up rather than sort slabs
                        */
  PN_ALIGN(64) int64_t live_blocks; /* (shared) published part of I3; may be negative */
  int64_t live_bytes;               /* (shared) the same in bytes, whole blocks */
  uint32_t holding;                 /* (shared) 1 while it has a class's central batches in hand */
} pn_heap_context;

typedef struct pn_heap_central {
  PN_ALIGN(64)
  uint32_t head; /* newest batch, 16-byte units; pushed by CAS, taken whole by exchange */
} pn_heap_central;

typedef struct pn_heap {
  uintptr_t base;   /* all of this line: written by init only */
  uint32_t *map;    /* one word a page, see heap_pages.c */
  uint8_t *classes; /* size class of a slab page, 0 for any other; written by the page's claimer */
  uint32_t *live_bits; /* PENNY_DEBUG: one bit per 16 bytes, set while a block that starts there is
                          live */
  uint32_t pages;      /* in the region, the page map's own included */
  uint32_t first_page; /* the first that can be handed out */

  /* low 32 bits: no free run starts below this page; high 32: count of releases. Any thread, CAS.
   */
  PN_ALIGN(64) uint64_t search;
  uint32_t committed_pages;  /* from base; any thread, CAS, only grows */
  pn_heap_context *contexts; /* list of all contexts; pushed by CAS, never removed */
  uint64_t fail_after;       /* PENNY_FAULT_INJECTION: allocations that still succeed */
  uint64_t attempts;         /* PENNY_FAULT_INJECTION: allocations since fail_after was set */

  pn_heap_central central[PN_HEAP_CLASSES + 1];
} pn_heap;

typedef struct pn_heap_statistics {
  int64_t live_blocks;
  int64_t live_bytes;       /* whole blocks: size class or pages */
  uint64_t committed_bytes; /* from the region's base; never shrinks, so it is the peak too */
  uint64_t maximum_bytes;
} pn_heap_statistics;

/* The region is [base, base + max_bytes), zeroed, base aligned to 16 KiB, at least 1 MiB; what lies
 * beyond 8 GiB - 16 KiB, and the last 64 KiB of the address space, is not used. Touches the page
 * map's first words only. 0, or -1 (shape or commit refused). */
int pn_heap_init(pn_heap *h, void *base, uint64_t max_bytes);

/* Once for each context, zeroed or not; a replaced worker goes on with the context of the dead one.
 */
void pn_heap_context_init(pn_heap *h, pn_heap_context *c, uint32_t owner);
/* Publishes the context's exact counters (cheap; before parking). */
void pn_heap_context_settle(pn_heap_context *c);
/* Gives everything cached back to the central lists and settles. By the owner, or for a dead one.
 */
void pn_heap_context_flush(pn_heap *h, pn_heap_context *c);

/* All return NULL when memory runs out, and then nothing changed. 0 bytes give a unique pointer.
 * Memory is not zeroed. Alignment: 16; 64 when the size class is a multiple of 64; 16 KiB above 8
 * KiB. */
void *pn_heap_alloc(pn_heap *h, pn_heap_context *c, size_t bytes);
/* align: a power of two up to 16 KiB, else NULL. Freed like any other block. */
void *pn_heap_aligned(pn_heap *h, pn_heap_context *c, size_t align, size_t bytes);
/* Keeps min(old, new) bytes; p == NULL allocates; on NULL p stays as it was. Alignment as of alloc.
 */
void *pn_heap_realloc(pn_heap *h, pn_heap_context *c, void *p, size_t bytes);
void pn_heap_free(pn_heap *h, pn_heap_context *c, void *p);
/* Bytes usable behind p: at least what was asked for. */
size_t pn_heap_usable_bytes(const pn_heap *h, const void *p);
/* p points between the page map and the end of the region. */
bool pn_heap_owns(const pn_heap *h, const void *p);

void pn_heap_stats(pn_heap *h, pn_heap_statistics *out);
/* Frees what a killed worker had claimed in the page map and not finished. Returns the pages freed.
 * The worker must be gone for good; the others may be running. */
int pn_heap_reclaim_dead(pn_heap *h, uint32_t owner);
/* Turns slabs that are wholly in the central lists (and c's cache) back into free pages; alloc does
 * so by itself before it gives up. Returns the pages freed. Time: n log n in the free small blocks
 * (0.2 s for 2 GiB of them), hence never_collects. */
uint32_t pn_heap_collect(pn_heap *h, pn_heap_context *c);
/* Builds with PENNY_FAULT_INJECTION: n more allocations succeed (by all contexts together), all
 * later ones fail, until it is called again; UINT64_MAX: none fails. */
void pn_heap_fail_after(pn_heap *h, uint64_t n);

/* Given by the port. Makes [base, end) usable and returns 0, or changes nothing and returns a
 * negative number. Any thread, also two at once; `end` below what is usable already is success. */
int pn_port_commit(void *end);
/* On a worker: makes sure that the machine's stack is enough for all that an allocation may do, or faults here. Never
 * after a pn_port_probe_stack that let the runtime pass: it asks for half of what that does. Elsewhere nothing. */
void pn_port_probe_heap(void);
/* Reports a defect of the program and does not return. */
PN_NORETURN void pn_port_fatal(const char *message);

#endif
