/*
 * heap.c: size classes, slabs and caches on top of the page map of heap_pages.c.
 *
 * A context (one per worker and one for the host) keeps of every class a list in use and one full
 * batch in reserve, as in Bonwick and Adams, "Magazines and Vmem", USENIX 2001; only when both are
 * empty or both are full it turns to the class's central stack. That stack holds whole batches and
 * is pushed by compare-exchange and taken whole by exchange, so no address can come back unnoticed
 * (no ABA). A block is freed into the cache of whoever frees it.
 *
 * I1  A class's list in use has fewer than a full batch's blocks, its reserve is a full batch or
 * none. I2  stock - cached = live, for each class of each context; the sum over contexts is what is
 * live.
 */
#include "heap.h"

#include "atomic.h"
#include "heap_pages.h"

#define UNIT_SHIFT       4u
#define BATCH_MAX_BLOCKS 32u
#define BATCH_MAX_BYTES  8192u
#define POISON           0xDF
/* How often a refill that found nothing looks whether a class's batches, which another context had
 * in hand, are back, before it gives up: about 10 ms. */
#define MAX_LOOKS 100000

_Static_assert(sizeof(pn_heap_block) <= 16, "a free block's words fit in the smallest class");

/* 16, 32 ... 128, then four steps a doubling: 160, 192, 224, 256, 320 ... 8192. */
static uint32_t class_of(size_t bytes) {
  if (bytes <= 128) return bytes == 0 ? 1 : (uint32_t)((bytes + 15) / 16);
  uint32_t last = (uint32_t)bytes - 1;
  uint32_t exponent = 31 - (uint32_t)__builtin_clz(last);
  return 9 + (exponent - 7) * 4 + (last >> (exponent - 2) & 3);
}

static uint32_t class_bytes(uint32_t size_class) {
  if (size_class <= 8) return size_class * 16;
  uint32_t exponent = 7 + (size_class - 9) / 4;
  return (1u << exponent) + ((size_class - 9) % 4 + 1) * (1u << (exponent - 2));
}

static uint32_t batch_blocks(uint32_t size_class) {
  uint32_t blocks = BATCH_MAX_BYTES / class_bytes(size_class);
  return blocks < BATCH_MAX_BLOCKS ? blocks : BATCH_MAX_BLOCKS;
}

static pn_heap_block *block_at(const pn_heap *h, uint32_t unit) {
  return (pn_heap_block *)(h->base + ((uintptr_t)unit << UNIT_SHIFT));
}

static uint32_t unit_of(const pn_heap *h, const void *p) {
  return (uint32_t)(((uintptr_t)p - h->base) >> UNIT_SHIFT);
}

static uint32_t page_of(const pn_heap *h, const void *p) {
  return (uint32_t)(((uintptr_t)p - h->base) >> PN_HEAP_PAGE_SHIFT);
}

static uint64_t pages_for(size_t bytes) {
  /* A sum would wrap for the largest sizes of 64 bits. */
  return ((uint64_t)bytes >> PN_HEAP_PAGE_SHIFT) + (bytes % PN_HEAP_PAGE_BYTES != 0);
}

/* ---- Debug aid: which blocks are live ---- */

#ifdef PENNY_DEBUG
static void mark_live(pn_heap *h, void *p) {
  uint32_t unit = unit_of(h, p);
  /* The strongest order, as this is a check and not a protocol: neighbours share the word. */
  uint32_t old = pn_or_seq_cst(&h->live_bits[unit / 32], 1u << (unit % 32));
  if (old >> (unit % 32) & 1)
    pn_port_fatal("penny heap: a live block was handed out again (memory corrupted)");
}

static void mark_free(pn_heap *h, void *p) {
  if (!pn_heap_owns(h, p) || (uintptr_t)p % 16 != 0)
    pn_port_fatal("penny_free: not a block of this heap");
  uint32_t unit = unit_of(h, p);
  /* The strongest order: of two frees of one block exactly one finds the bit set. */
  uint32_t old = pn_and_seq_cst(&h->live_bits[unit / 32], ~(1u << (unit % 32)));
  if (!(old >> (unit % 32) & 1))
    pn_port_fatal("penny_free: freed twice, or not the start of a block");
  __builtin_memset(p, POISON, pn_heap_usable_bytes(h, p));
}
#else
static void mark_live(pn_heap *h, void *p) {
  (void)h, (void)p;
}
static void mark_free(pn_heap *h, void *p) {
  (void)h, (void)p;
}
#endif

/* ---- Counters ---- */

/* Adds to a counter of the context's own that others only read. */
static void add_own(int64_t *counter, int64_t by) {
  /* Own variable: nobody else writes it; read by pn_heap_stats, which promises no moment. */
  pn_store_relaxed(counter, pn_load_relaxed(counter) + by);
}

static void settle(pn_heap_context *c, uint32_t size_class) {
  pn_heap_cache *cache = &c->cache[size_class];
  uint32_t batch = batch_blocks(size_class);
  uint32_t cached = batch - cache->room + (cache->spare != NULL ? batch : 0);
  int32_t live = cache->stock - (int32_t)cached;
  int32_t change = live - cache->settled;
  if (change == 0) return;
  cache->settled = live;
  add_own(&c->live_blocks, change);
  add_own(&c->live_bytes, (int64_t)change * (int64_t)class_bytes(size_class));
}

void pn_heap_context_settle(pn_heap_context *c) {
  for (uint32_t k = 1; k <= PN_HEAP_CLASSES; k++) settle(c, k);
}

void pn_heap_stats(pn_heap *h, pn_heap_statistics *out) {
  *out = (pn_heap_statistics){0};
  /* Acquire, pairs with the push in pn_heap_context_init: the contexts' fields are seen set up. */
  for (pn_heap_context *c = pn_load_acquire(&h->contexts); c != NULL; c = c->next) {
    /* Counters of different contexts belong to no common moment unless nobody is inside; then
     * whatever told the caller so orders these loads too. */
    out->live_blocks += pn_load_relaxed(&c->live_blocks);
    /* As above. */
    out->live_bytes += pn_load_relaxed(&c->live_bytes);
  }
  /* A figure for people: no order needed. */
  out->committed_bytes = (uint64_t)pn_load_relaxed(&h->committed_pages) << PN_HEAP_PAGE_SHIFT;
  out->maximum_bytes = (uint64_t)h->pages << PN_HEAP_PAGE_SHIFT;
}

/* ---- Central stacks ---- */

/* Pushes a batch (or, as `last` says, a chain of them) on the class's central stack. */
static void give_batches(pn_heap *h, uint32_t size_class, pn_heap_block *first,
                         pn_heap_block *last) {
  uint32_t *head = &h->central[size_class].head;
  uint32_t unit = unit_of(h, first);
  /* Own guess of the value; the compare-exchange checks it. */
  uint32_t seen = pn_load_relaxed(head);
  do {
    last->next_batch = seen;
    /* Release, pairs with the exchange in take_all: the links inside the batches are seen. The head
     * changes by read-modify-writes only, so earlier pushes stay published under this one. */
  } while (!pn_cas_release(head, &seen, unit));
}

/* Everything on the class's central stack, as a chain of batches; NULL when it is empty. */
static pn_heap_block *take_all(pn_heap *h, uint32_t size_class) {
  uint32_t *head = &h->central[size_class].head;
  /* Only spares the exchange; emptiness is checked by it, and by refill before it gives up. */
  if (pn_load_relaxed(head) == 0) return NULL;
  /* Acquire, pairs with give_batches: the links inside the batches are seen. */
  uint32_t unit = pn_exchange_acquire(head, 0);
  return unit == 0 ? NULL : block_at(h, unit);
}

static pn_heap_block *last_batch(const pn_heap *h, pn_heap_block *batch) {
  while (batch->next_batch != 0) batch = block_at(h, batch->next_batch);
  return batch;
}

/* One batch from the class's central stack or NULL. The rest goes back at once; meanwhile `holding`
 * tells others that the stack is not as empty as it looks. */
static pn_heap_block *take_batch(pn_heap *h, pn_heap_context *c, uint32_t size_class) {
  uint32_t *head = &h->central[size_class].head;
  /* Seq_cst, pairs with is_anybody_holding: stored before the exchange that makes the stack look
   * empty. */
  pn_store_seq_cst(&c->holding, 1);
  pn_heap_block *first = take_all(h, size_class);
  uint32_t rest = first != NULL ? first->next_batch : 0;
  while (rest != 0) {
    uint32_t empty = 0;
    /* Release, pairs with the exchange in take_all: gives on what was acquired by the own exchange.
     */
    if (pn_cas_release(head, &empty, rest)) break;
    /* Others pushed meanwhile: theirs is the short chain, so it is the one to walk. */
    pn_heap_block *more = take_all(h, size_class);
    if (more == NULL) continue;
    last_batch(h, more)->next_batch = rest;
    rest = unit_of(h, more);
  }
  /* Release, pairs with is_anybody_holding: what was put back is seen by whoever sees nobody
   * holding. */
  pn_store_release(&c->holding, 0);
  return first;
}

static bool is_anybody_holding(pn_heap *h) {
  /* Acquire, pairs with the push in pn_heap_context_init: the contexts' fields are seen set up. */
  for (pn_heap_context *c = pn_load_acquire(&h->contexts); c != NULL; c = c->next) {
    /* Seq_cst, pairs with take_batch: it stored 1 before it took what the caller found missing. */
    if (pn_load_seq_cst(&c->holding) != 0) return true;
  }
  return false;
}

/* ---- Slabs ---- */

/* Up to a batch of the blocks of the current slab that were never handed out; NULL when there are
 * none. (Once in the module: both callers call it once a batch.) */
__attribute__((noinline)) static pn_heap_block *carve_batch(pn_heap *h, pn_heap_context *c,
                                                            uint32_t size_class) {
  pn_heap_cache *cache = &c->cache[size_class];
  uint32_t units = class_bytes(size_class) >> UNIT_SHIFT;
  uint32_t count = batch_blocks(size_class);
  if (count > cache->carve_left) count = cache->carve_left;
  if (count == 0) return NULL;
  uint32_t unit = cache->carve + units * count;
  cache->carve_left -= count;
  pn_heap_block *list = NULL;
  for (uint32_t i = 0; i < count; i++) {
    unit -= units;
    pn_heap_block *block = block_at(h, unit);
    block->next = list;
    list = block;
  }
  cache->carve += units * count;
  list->count = count;
  list->next_batch = 0;
  return list;
}

static bool start_slab(pn_heap *h, pn_heap_context *c, uint32_t size_class) {
  uint32_t page = pn_pages_claim(h, c->owner, 1);
  if (page == 0) return false;
  h->classes[page] = (uint8_t)size_class;
  c->cache[size_class].carve = page << (PN_HEAP_PAGE_SHIFT - UNIT_SHIFT);
  c->cache[size_class].carve_left = PN_HEAP_PAGE_BYTES / class_bytes(size_class);
  return true;
}

/* Makes `batch` the list in use, which was empty. */
static void accept_batch(pn_heap_cache *cache, uint32_t size_class, pn_heap_block *batch) {
  cache->head = batch;
  cache->room = batch_blocks(size_class) - batch->count;
  cache->stock += (int32_t)batch->count;
}

/* Whether the class's central stack has batches, after those in another context's hand came back.
 */
static bool await_batches(pn_heap *h, uint32_t size_class, uint32_t *looks) {
  bool is_held = true;
  while (is_held && ++*looks < MAX_LOOKS) {
    is_held = is_anybody_holding(h);
    /* Relaxed: what is seen here is taken by the exchange of take_all. After is_anybody_holding, so
     * that what a holder put back before is not missed. */
    if (pn_load_relaxed(&h->central[size_class].head) != 0) return *looks < MAX_LOOKS;
  }
  return false;
}

/* Fills the empty list of the class; false when no memory is left anywhere but in others' caches.
 */
static bool refill(pn_heap *h, pn_heap_context *c, uint32_t size_class) {
  pn_heap_cache *cache = &c->cache[size_class];
  if (cache->spare != NULL) {
    cache->head = cache->spare;
    cache->spare = NULL;
    cache->room = 0;
    settle(c, size_class);
    return true;
  }
  bool has_collected = false;
  uint32_t looks = 0;
  pn_port_probe_heap(); /* a stack that ended below here would leave pages BUSY, or batches in hand */
  for (;;) {
    pn_heap_block *batch = carve_batch(h, c, size_class);
    if (batch == NULL) batch = take_batch(h, c, size_class);
    if (batch != NULL) {
      accept_batch(cache, size_class, batch);
      settle(c, size_class);
      return true;
    }
    if (start_slab(h, c, size_class) || await_batches(h, size_class, &looks)) continue;
    if (has_collected || c->never_collects || pn_heap_collect(h, c) == 0) return false;
    has_collected = true;
  }
}

/* ---- Allocation ---- */

#ifdef PENNY_FAULT_INJECTION
static bool is_failure_due(pn_heap *h) {
  /* Only the count matters, nothing is published by it. */
  uint64_t before = pn_add_relaxed(&h->attempts, 1);
  /* As above. */
  return before >= pn_load_relaxed(&h->fail_after);
}

void pn_heap_fail_after(pn_heap *h, uint64_t n) {
  /* Relaxed: a test sets this while nobody is inside. */
  pn_store_relaxed(&h->attempts, 0);
  /* As above. */
  pn_store_relaxed(&h->fail_after, n);
}
#else
static bool is_failure_due(pn_heap *h) {
  return (void)h, false;
}
void pn_heap_fail_after(pn_heap *h, uint64_t n) {
  (void)h, (void)n;
}
#endif

static void count_large(pn_heap_context *c, int64_t blocks, int64_t pages) {
  add_own(&c->live_blocks, blocks);
  add_own(&c->live_bytes, pages * (int64_t)PN_HEAP_PAGE_BYTES);
}

static void *alloc_large(pn_heap *h, pn_heap_context *c, size_t bytes) {
  uint64_t pages = pages_for(bytes);
  if (pages > h->pages || is_failure_due(h)) return NULL;
  pn_port_probe_heap(); /* as in refill */
  uint32_t page = pn_pages_claim(h, c->owner, (uint32_t)pages);
  if (page == 0 && !c->never_collects && pn_heap_collect(h, c) != 0)
    page = pn_pages_claim(h, c->owner, (uint32_t)pages);
  if (page == 0) return NULL;
  count_large(c, 1, (int64_t)pages);
  void *p = (void *)pn_pages_address(h, page);
  mark_live(h, p);
  return p;
}

static void *alloc_small(pn_heap *h, pn_heap_context *c, uint32_t size_class) {
  pn_heap_cache *cache = &c->cache[size_class];
  if (is_failure_due(h)) return NULL;
  if (PN_UNLIKELY(cache->head == NULL) && !refill(h, c, size_class)) return NULL;
  pn_heap_block *block = cache->head;
  cache->head = block->next;
  cache->room++;
  mark_live(h, block);
  return block;
}

void *pn_heap_alloc(pn_heap *h, pn_heap_context *c, size_t bytes) {
  if (PN_LIKELY(bytes <= PN_HEAP_SMALL_MAX_BYTES)) return alloc_small(h, c, class_of(bytes));
  return alloc_large(h, c, bytes);
}

void *pn_heap_aligned(pn_heap *h, pn_heap_context *c, size_t align, size_t bytes) {
  if (align == 0 || (align & (align - 1)) != 0 || align > PN_HEAP_PAGE_BYTES) return NULL;
  if (bytes > PN_HEAP_SMALL_MAX_BYTES || align > PN_HEAP_SMALL_MAX_BYTES)
    return alloc_large(h, c, bytes == 0 ? 1 : bytes);
  /* The smallest class that holds a multiple of `align` is one itself: classes between two powers
   * of two are a power of two apart, so either all of them are multiples or each multiple is a
   * class. */
  size_t rounded = bytes == 0 ? align : (bytes + align - 1) & ~(align - 1);
  return alloc_small(h, c, class_of(rounded));
}

/* The list in use has become a full batch: it is the new reserve, the old reserve goes to the
 * others. */
static void spill(pn_heap *h, pn_heap_context *c, uint32_t size_class) {
  pn_heap_cache *cache = &c->cache[size_class];
  pn_heap_block *full = cache->spare;
  uint32_t batch = batch_blocks(size_class);
  cache->spare = cache->head;
  cache->head = NULL;
  cache->room = batch;
  if (full != NULL) {
    cache->stock -= (int32_t)batch;
    full->count = batch;
    give_batches(h, size_class, full, full);
  }
  settle(c, size_class);
}

void pn_heap_free(pn_heap *h, pn_heap_context *c, void *p) {
  if (p == NULL) return;
  mark_free(h, p);
  uint32_t page = page_of(h, p);
  uint32_t size_class = h->classes[page];
  if (PN_UNLIKELY(size_class == 0)) {
    int64_t pages = (int64_t)pn_pages_length(h, page);
    pn_pages_release(h, page); /* first: where the stack ends in that call, nothing has changed */
    count_large(c, -1, -pages);
    return;
  }
  pn_heap_cache *cache = &c->cache[size_class];
  pn_heap_block *block = (pn_heap_block *)p;
  block->next = cache->head;
  cache->head = block;
  if (PN_UNLIKELY(--cache->room == 0)) spill(h, c, size_class);
}

size_t pn_heap_usable_bytes(const pn_heap *h, const void *p) {
  uint32_t page = page_of(h, p);
  uint32_t size_class = h->classes[page];
  if (size_class != 0) return class_bytes(size_class);
  return (size_t)pn_pages_length(h, page) << PN_HEAP_PAGE_SHIFT;
}

bool pn_heap_owns(const pn_heap *h, const void *p) {
  uintptr_t address = (uintptr_t)p;
  return address >= pn_pages_address(h, h->first_page) && address < pn_pages_address(h, h->pages);
}

void *pn_heap_realloc(pn_heap *h, pn_heap_context *c, void *p, size_t bytes) {
  if (p == NULL) return pn_heap_alloc(h, c, bytes);
  size_t old = pn_heap_usable_bytes(h, p);
  uint32_t page = page_of(h, p);
  if (h->classes[page] != 0) {
    if (bytes <= old && bytes > old / 2) return p;
  } else if (bytes > PN_HEAP_SMALL_MAX_BYTES) {
    uint64_t pages = pages_for(bytes);
    int64_t had = (int64_t)pn_pages_length(h, page);
    if (pages == (uint64_t)had) return p;
    pn_port_probe_heap(); /* as in refill */
    if (pages <= h->pages && !is_failure_due(h) &&
        pn_pages_resize(h, c->owner, page, (uint32_t)pages)) {
      count_large(c, 0, (int64_t)pages - had);
      return p;
    }
  }
  void *moved = pn_heap_alloc(h, c, bytes);
  /* Where shrinking finds no smaller place, the old one does. */
  if (moved == NULL) return bytes <= old ? p : NULL;
  __builtin_memcpy(moved, p, bytes < old ? bytes : old);
  pn_heap_free(h, c, p);
  return moved;
}

/* ---- Giving back ---- */

static uint32_t list_length(const pn_heap_block *list) {
  uint32_t length = 0;
  for (; list != NULL; list = list->next) length++;
  return length;
}

static void give_list(pn_heap *h, pn_heap_context *c, uint32_t size_class, pn_heap_block *list,
                      uint32_t count) {
  if (count == 0) return;
  list->count = count;
  give_batches(h, size_class, list, list);
  c->cache[size_class].stock -= (int32_t)count;
}

/* Counts lists instead of trusting `room`: an owner that was killed may have got only half-way.
 * Each list is cut loose before it is given away, so a death in here loses blocks and doubles none.
 */
PN_RARE void pn_heap_context_flush(pn_heap *h, pn_heap_context *c) {
  for (uint32_t k = 1; k <= PN_HEAP_CLASSES; k++) {
    pn_heap_cache *cache = &c->cache[k];
    pn_heap_block *list = cache->head;
    cache->head = NULL;
    cache->room = batch_blocks(k);
    give_list(h, c, k, list, list_length(list));
    list = cache->spare;
    cache->spare = NULL;
    give_list(h, c, k, list, list_length(list));
    while ((list = carve_batch(h, c, k)) != NULL) {
      cache->stock += (int32_t)list->count;
      give_list(h, c, k, list, list->count);
    }
    settle(c, k);
  }
  /* Own variable, or that of a dead owner who can store no more. */
  pn_store_relaxed(&c->holding, 0);
}

static pn_heap_block *merge_by_address(pn_heap_block *a, pn_heap_block *b) {
  pn_heap_block *list = NULL;
  pn_heap_block **end = &list;
  while (a != NULL && b != NULL) {
    pn_heap_block **low = (uintptr_t)a < (uintptr_t)b ? &a : &b;
    *end = *low;
    end = &(*low)->next;
    *low = *end;
  }
  *end = a != NULL ? a : b;
  return list;
}

/* All blocks of a chain of batches as one list in order of address: merge sort, bottom up. */
static pn_heap_block *sort_batches(pn_heap *h, pn_heap_block *batch) {
  pn_heap_block *runs[32] = {NULL}; /* runs[i]: a sorted list of 2^i blocks, or NULL */
  while (batch != NULL) {
    pn_heap_block *below = batch->next_batch != 0 ? block_at(h, batch->next_batch) : NULL;
    while (batch != NULL) {
      pn_heap_block *run = batch;
      batch = batch->next;
      run->next = NULL;
      uint32_t i = 0;
      for (; i < 31 && runs[i] != NULL; i++) {
        run = merge_by_address(runs[i], run);
        runs[i] = NULL;
      }
      runs[i] = run;
    }
    batch = below;
  }
  pn_heap_block *list = NULL;
  for (uint32_t i = 0; i < 32; i++) list = merge_by_address(runs[i], list);
  return list;
}

/* Frees the pages of which all blocks are in the sorted list, gives the other blocks back. */
static uint32_t release_slabs(pn_heap *h, uint32_t size_class, pn_heap_block *list) {
  uint32_t capacity = PN_HEAP_PAGE_BYTES / class_bytes(size_class);
  uint32_t batch = batch_blocks(size_class);
  uint32_t freed = 0;
  while (list != NULL) {
    pn_heap_block *first = list;
    pn_heap_block *last = list;
    uint32_t page = page_of(h, first);
    uint32_t count = 1;
    for (; last->next != NULL && page_of(h, last->next) == page; last = last->next) count++;
    list = last->next;
    last->next = NULL;
    if (count == capacity) {
      h->classes[page] = 0;
      pn_pages_release(h, page);
      freed++;
      continue;
    }
    while (first != NULL) {
      pn_heap_block *end = first;
      uint32_t length = 1;
      for (; length < batch && end->next != NULL; end = end->next) length++;
      pn_heap_block *rest = end->next;
      end->next = NULL;
      first->count = length;
      give_batches(h, size_class, first, first);
      first = rest;
    }
  }
  return freed;
}

PN_RARE uint32_t pn_heap_collect(pn_heap *h, pn_heap_context *c) {
  uint32_t freed = 0;
  pn_heap_context_flush(h, c);
  for (uint32_t k = 1; k <= PN_HEAP_CLASSES; k++) {
    /* Seq_cst, pairs with is_anybody_holding, as in take_batch. */
    pn_store_seq_cst(&c->holding, 1);
    pn_heap_block *chain = take_all(h, k);
    if (chain != NULL) freed += release_slabs(h, k, sort_batches(h, chain));
    /* Release, pairs with is_anybody_holding, as in take_batch. */
    pn_store_release(&c->holding, 0);
  }
  return freed;
}

int pn_heap_reclaim_dead(pn_heap *h, uint32_t owner) {
  return (int)pn_pages_reclaim(h, owner);
}

/* ---- Set-up ---- */

int pn_heap_init(pn_heap *h, void *base, uint64_t max_bytes) {
  if (pn_pages_init(h, base, max_bytes) < 0) return -1;
  /* Nobody else knows the heap yet: whoever starts the other threads publishes all of these. */
  pn_store_relaxed(&h->contexts, NULL);
  pn_heap_fail_after(h, UINT64_MAX);
  /* As above. */
  for (uint32_t k = 0; k <= PN_HEAP_CLASSES; k++) pn_store_relaxed(&h->central[k].head, 0);
  return 0;
}

void pn_heap_context_init(pn_heap *h, pn_heap_context *c, uint32_t owner) {
  *c = (pn_heap_context){.owner = owner};
  for (uint32_t k = 1; k <= PN_HEAP_CLASSES; k++) c->cache[k].room = batch_blocks(k);
  /* Own guess of the value; the compare-exchange checks it. */
  pn_heap_context *seen = pn_load_relaxed(&h->contexts);
  do {
    c->next = seen;
    /* Release, pairs with the loads of `contexts`: the fields above are seen set up. */
  } while (!pn_cas_release(&h->contexts, &seen, c));
}
