/*
 * heap_steps.c: the heap with a scheduler of its own under it: threads are coroutines of one real
 * thread that may change places before every atomic access, or be killed there for good.
 *
 * It finds interleavings that real threads on few cores hardly ever reach, and a seed repeats them
 * exactly. Every 16 bytes of the region have an entry that says who has them, so two owners are
 * seen at once. Orders weaker than seq_cst are not modelled: that is ThreadSanitizer's part
 * (heap_stress.c).
 *
 * Usage: heap_steps [seed [rounds]]
 */
#include <ucontext.h>

#include "atomic.h"

static void atomic_step(void);

#undef pn_load_relaxed
#undef pn_load_acquire
#undef pn_load_seq_cst
#undef pn_store_relaxed
#undef pn_store_release
#undef pn_store_seq_cst
#undef pn_exchange_acquire
#undef pn_cas_acquire
#undef pn_cas_release
#undef pn_cas_acq_rel
#define pn_load_relaxed(p)        (atomic_step(), __atomic_load_n((p), __ATOMIC_SEQ_CST))
#define pn_load_acquire(p)        (atomic_step(), __atomic_load_n((p), __ATOMIC_SEQ_CST))
#define pn_load_seq_cst(p)        (atomic_step(), __atomic_load_n((p), __ATOMIC_SEQ_CST))
#define pn_store_relaxed(p, v)    (atomic_step(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST))
#define pn_store_release(p, v)    (atomic_step(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST))
#define pn_store_seq_cst(p, v)    (atomic_step(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST))
#define pn_exchange_acquire(p, v) (atomic_step(), __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define COMPARE_EXCHANGE(p, e, v) \
  (atomic_step(),                 \
   __atomic_compare_exchange_n((p), (e), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
#define pn_cas_acquire(p, e, v) COMPARE_EXCHANGE(p, e, v)
#define pn_cas_release(p, e, v) COMPARE_EXCHANGE(p, e, v)
#define pn_cas_acq_rel(p, e, v) COMPARE_EXCHANGE(p, e, v)

#include "heap_support.h"

#define ACTORS       3
#define HOST         ACTORS
#define MAX_BLOCKS   16
#define STACK_BYTES  65536
#define REGION_BYTES (1u << 20)

typedef struct actor {
  ucontext_t context;
  uint64_t random;
  void *blocks[MAX_BLOCKS];
  uint32_t in_flight_pages; /* what is lost if it dies now */
  bool is_done;
} actor;

static pn_heap heap;
static pn_heap_context contexts[ACTORS + 1];
static actor actors[ACTORS];
static char stacks[ACTORS][STACK_BYTES];
static ucontext_t scheduler;
static uint32_t running; /* the actor that runs, or HOST: then steps do not switch */
static uint64_t switching;
static uint64_t steps_taken;
static uint64_t kill_at; /* step number at which actor 0 dies */
static uint32_t switch_one_in;
static uint32_t operations;
static void (*act)(uint32_t id);
static uint8_t owner_of_unit[REGION_BYTES / 16]; /* actor + 1, or 0 */

static void atomic_step(void) {
  if (running == HOST) return;
  steps_taken++;
  if (next_random(&switching) % switch_one_in != 0 && !(running == 0 && steps_taken >= kill_at))
    return;
  swapcontext(&actors[running].context, &scheduler);
}

static void mark(const void *p, uint8_t from, uint8_t to) {
  size_t first = ((uintptr_t)p - heap.base) / 16;
  size_t count = pn_heap_usable_bytes(&heap, p) / 16;
  for (size_t i = first; i < first + count; i++) {
    if (owner_of_unit[i] != from) {
      printf("# offset %zu belongs to %u, not %u\nnot ok fuzz_heap\n", i * 16, owner_of_unit[i],
             from);
      _exit(1);
    }
    owner_of_unit[i] = to;
  }
}

/* The bookkeeping of the test itself is no step. */
static void mark_by(uint32_t id, const void *p, bool is_taken) {
  running = HOST;
  mark(p, is_taken ? 0 : (uint8_t)(id + 1), is_taken ? (uint8_t)(id + 1) : 0);
  running = id;
}

static void *take(uint32_t id, size_t bytes) {
  actor *a = &actors[id];
  a->in_flight_pages = (uint32_t)((bytes + PN_HEAP_PAGE_BYTES - 1) / PN_HEAP_PAGE_BYTES);
  void *p = pn_heap_alloc(&heap, &contexts[id], bytes);
  a->in_flight_pages = 0;
  if (p != NULL) mark_by(id, p, true);
  return p;
}

static void drop(uint32_t id, uint32_t slot) {
  actor *a = &actors[id];
  void *p = a->blocks[slot];
  a->blocks[slot] = NULL;
  if (p == NULL) return;
  mark_by(id, p, false);
  running = HOST;
  a->in_flight_pages = (uint32_t)(pn_heap_usable_bytes(&heap, p) / PN_HEAP_PAGE_BYTES);
  running = id;
  pn_heap_free(&heap, &contexts[id], p);
  a->in_flight_pages = 0;
}

/* One page at a time, never more in all than there are: may not fail, whatever the others are
 * doing. */
static void act_single_pages(uint32_t id) {
  uint32_t slot = (uint32_t)(next_random(&actors[id].random) % 2);
  if (actors[id].blocks[slot] != NULL) {
    drop(id, slot);
  } else {
    actors[id].blocks[slot] = take(id, PN_HEAP_PAGE_BYTES);
    CHECK(actors[id].blocks[slot] != NULL);
  }
}

static void act_runs(uint32_t id) {
  actor *a = &actors[id];
  uint64_t r = next_random(&a->random);
  uint32_t slot = (uint32_t)(r % 4);
  if (a->blocks[slot] == NULL) {
    a->blocks[slot] = take(id, (size_t)PN_HEAP_PAGE_BYTES * (1 + (r >> 8) % 5));
  } else if (r >> 20 & 1) {
    drop(id, slot);
  } else {
    /* Grow or shrink; in place, mostly. */
    void *p = a->blocks[slot];
    a->blocks[slot] = NULL;
    mark_by(id, p, false);
    a->in_flight_pages = 10;
    void *moved =
        pn_heap_realloc(&heap, &contexts[id], p, (size_t)PN_HEAP_PAGE_BYTES * (1 + (r >> 8) % 5));
    a->blocks[slot] = moved != NULL ? moved : p;
    a->in_flight_pages = 0;
    mark_by(id, a->blocks[slot], true);
  }
}

static void act_small(uint32_t id) {
  actor *a = &actors[id];
  uint64_t r = next_random(&a->random);
  uint32_t slot = (uint32_t)(r % MAX_BLOCKS);
  if (a->blocks[slot] != NULL) {
    drop(id, slot);
  } else {
    a->blocks[slot] = take(id, (r >> 8) % 4 == 0 ? 5000 : 3000);
  }
  if ((r >> 30) % 32 == 0) pn_heap_context_flush(&heap, &contexts[id]);
  if ((r >> 36) % 32 == 0) (void)pn_heap_collect(&heap, &contexts[id]);
}

static void run_actor(void) {
  uint32_t id = running;
  for (uint32_t i = 0; i < operations; i++) act(id);
  for (uint32_t i = 0; i < MAX_BLOCKS; i++) drop(id, i);
  actors[id].is_done = true;
  for (;;) swapcontext(&actors[id].context, &scheduler);
}

/* Runs the actors to their ends in an order that the seed says; `spare_pages` are free at first. */
static void run_round(uint64_t seed, void (*body)(uint32_t), uint32_t spare_pages, uint64_t death) {
  static void *base;
  if (base == NULL) base = map_region(REGION_BYTES);
  memset(base, 0, REGION_BYTES);
  memset(&heap, 0, sizeof heap);
  memset(owner_of_unit, 0, sizeof owner_of_unit);
  running = HOST;
  switching = seed;
  switch_one_in = 1 + (uint32_t)(seed % 4);
  steps_taken = 0;
  kill_at = death;
  act = body;
  CHECK(pn_heap_init(&heap, base, REGION_BYTES) == 0);
  for (uint32_t i = 0; i <= ACTORS; i++) pn_heap_context_init(&heap, &contexts[i], i);
  uint32_t all = heap.pages - heap.first_page;
  /* Two blocks around the free pages, so that the frontier is reached and merging is needed. */
  void *low = pn_heap_alloc(&heap, &contexts[HOST], (size_t)PN_HEAP_PAGE_BYTES * 5);
  void *middle =
      pn_heap_alloc(&heap, &contexts[HOST], (size_t)PN_HEAP_PAGE_BYTES * (spare_pages / 2));
  void *high =
      pn_heap_alloc(&heap, &contexts[HOST], (size_t)PN_HEAP_PAGE_BYTES * (all - 5 - spare_pages));
  CHECK(low != NULL && middle != NULL && high != NULL);
  pn_heap_free(&heap, &contexts[HOST], middle);
  for (uint32_t i = 0; i < ACTORS; i++) {
    actors[i] = (actor){.random = seed * 7 + i};
    getcontext(&actors[i].context);
    actors[i].context.uc_stack.ss_sp = stacks[i];
    actors[i].context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&actors[i].context, run_actor, 0);
  }
  uint32_t lost = 0;
  for (uint32_t left = ACTORS; left > 0;) {
    uint32_t id = (uint32_t)(next_random(&switching) % ACTORS);
    if (actors[id].is_done) continue;
    running = id;
    swapcontext(&scheduler, &actors[id].context);
    running = HOST;
    if (id == 0 && steps_taken >= kill_at && !actors[0].is_done) {
      /* It is never resumed. What it holds is freed for it, what it was doing may be lost. */
      lost = actors[0].in_flight_pages;
      (void)pn_heap_reclaim_dead(&heap, 0);
      pn_heap_context_flush(&heap, &contexts[0]);
      for (uint32_t i = 0; i < MAX_BLOCKS; i++) {
        void *p = actors[0].blocks[i];
        if (p == NULL) continue;
        mark(p, 1, 0);
        pn_heap_free(&heap, &contexts[HOST], p);
      }
      actors[0].is_done = true;
    }
    if (actors[id].is_done) left--;
  }
  pn_heap_free(&heap, &contexts[HOST], low);
  pn_heap_free(&heap, &contexts[HOST], high);
  for (uint32_t i = 0; i <= ACTORS; i++) pn_heap_context_flush(&heap, &contexts[i]);
  (void)pn_heap_collect(&heap, &contexts[HOST]);
  uint32_t free_pages = count_free_pages(&heap);
  if (body == act_small && death != UINT64_MAX) {
    /* A death can lose the central batches in hand, never more than there are small blocks. */
    CHECK(free_pages <= all && free_pages + spare_pages >= all);
  } else {
    CHECK(free_pages <= all && free_pages + lost >= all);
  }
  pn_heap_statistics s;
  pn_heap_stats(&heap, &s);
  if (death == UINT64_MAX) CHECK(s.live_blocks == 0 && s.live_bytes == 0);
  if (failures != 0) {
    printf("# seed %llu, death at step %llu\n", (unsigned long long)seed,
           (unsigned long long)death);
    printf("not ok fuzz_heap\n");
    exit(1);
  }
}

static void run_many(const char *name, uint64_t seed, uint32_t rounds, void (*body)(uint32_t),
                     uint32_t spare_pages) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < rounds; i++) {
    run_round(seed + i, body, spare_pages, UINT64_MAX);
    sum += steps_taken;
  }
  printf("# %s: %u rounds, %llu steps\n", name, rounds, (unsigned long long)sum);
  report(name);
}

/* Actor 0 dies at each step of a run in turn. */
static void run_deaths(const char *name, uint64_t seed, uint32_t rounds, void (*body)(uint32_t),
                       uint32_t spare_pages) {
  uint64_t deaths = 0;
  for (uint32_t i = 0; i < rounds; i++) {
    run_round(seed + i, body, spare_pages, UINT64_MAX);
    uint64_t length = steps_taken;
    uint64_t stride = 1 + length / 300;
    for (uint64_t at = 1 + i % stride; at <= length; at += stride, deaths++)
      run_round(seed + i, body, spare_pages, at);
  }
  printf("# %s: %llu deaths\n", name, (unsigned long long)deaths);
  report(name);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 300;
  set_deadline(300);
  printf("# seed %llu\n", (unsigned long long)seed);
  operations = 30;
  run_many("fuzz_heap_single_pages_never_refused", seed, rounds, act_single_pages, 6);
  run_many("fuzz_heap_runs", seed, rounds, act_runs, 16);
  run_many("fuzz_heap_small_blocks", seed, rounds, act_small, 12);
  run_deaths("fuzz_heap_death_with_runs", seed, 1 + rounds / 10, act_runs, 16);
  run_deaths("fuzz_heap_death_with_small_blocks", seed, 1 + rounds / 10, act_small, 12);
  return failures != 0;
}
