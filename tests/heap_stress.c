/*
 * heap_stress.c: many threads on one heap; every block is filled and checked, and nothing may be
 * missing at the end.
 *
 * Usage: heap_stress [seed [operations per thread]]. A hang counts as failure after two minutes.
 */
#include <pthread.h>
#include <unistd.h>

#include "heap_support.h"

#define MAX_THREADS 8
#define SLOTS       256
#define MAILBOX     64

typedef struct thread_data {
  pthread_t thread;
  uint64_t seed;
  uint32_t id;
  uint32_t refused;
} thread_data;

static pn_heap heap;
static pn_heap_context contexts[MAX_THREADS + 1];
static thread_data threads[MAX_THREADS];
static uint32_t thread_count;
static uint32_t operations;
static uint32_t large_per_mille;
static uint32_t large_max_pages;
static uint32_t small_max_bytes;

/* Blocks on their way to a thread that frees them. The first 16 bytes say size and tag. */
static void *mailbox[MAX_THREADS][MAILBOX];

typedef struct block_head {
  uint64_t bytes;
  uint64_t tag;
} block_head;

static void *make_block(thread_data *t) {
  uint64_t r = next_random(&t->seed);
  size_t bytes;
  if (r % 1000 < large_per_mille) {
    bytes = 8193 + (size_t)((r >> 10) % ((uint64_t)large_max_pages * PN_HEAP_PAGE_BYTES - 8192));
  } else {
    bytes = 16 + (size_t)((r >> 10) % ((r >> 50) % 4 == 0 ? small_max_bytes : 200));
  }
  pn_heap_context *c = &contexts[t->id];
  block_head *b = (block_head *)((r >> 60) == 0 ? pn_heap_aligned(&heap, c, 256, bytes)
                                                : pn_heap_alloc(&heap, c, bytes));
  if (b == NULL) {
    t->refused++;
    return NULL;
  }
  b->bytes = bytes;
  b->tag = r;
  size_t shown = bytes < 4096 ? bytes : 4096;
  fill(b + 1, shown - sizeof *b, r);
  if (bytes > shown) ((unsigned char *)b)[bytes - 1] = (unsigned char)r;
  return b;
}

static void check_block(block_head *b) {
  size_t shown = b->bytes < 4096 ? (size_t)b->bytes : 4096;
  bool is_good =
      b->bytes >= 16 && b->bytes <= UINT32_MAX && is_filled(b + 1, shown - sizeof *b, b->tag);
  if (is_good && b->bytes > shown)
    is_good = ((unsigned char *)b)[b->bytes - 1] == (unsigned char)b->tag;
  if (is_good) return;
  printf("# block %p overwritten (%llu bytes)\nnot ok stress_heap\n", (void *)b,
         (unsigned long long)b->bytes);
  _exit(1);
}

static void drop_block(thread_data *t, void *p) {
  if (p == NULL) return;
  check_block((block_head *)p);
  pn_heap_free(&heap, &contexts[t->id], p);
}

static void *resize_block(thread_data *t, void *p) {
  block_head *b = (block_head *)p;
  uint64_t tag = b->tag;
  check_block(b);
  size_t old = (size_t)b->bytes;
  size_t bytes = 16 + (size_t)(next_random(&t->seed) % (old * 2 + 64));
  block_head *moved = (block_head *)pn_heap_realloc(&heap, &contexts[t->id], b, bytes);
  if (moved == NULL) {
    t->refused++;
    check_block(b);
    return b;
  }
  size_t kept = bytes < old ? bytes : old;
  if (kept > 4096) kept = 4096;
  if (moved->tag != tag || (kept > 16 && !is_filled(moved + 1, kept - 16, tag))) {
    printf("# realloc lost content\nnot ok stress_heap\n");
    _exit(1);
  }
  moved->bytes = bytes;
  size_t shown = bytes < 4096 ? bytes : 4096;
  fill(moved + 1, shown - sizeof *moved, tag);
  if (bytes > shown) ((unsigned char *)moved)[bytes - 1] = (unsigned char)tag;
  return moved;
}

static void *run_mixed(void *argument) {
  thread_data *t = (thread_data *)argument;
  void *slots[SLOTS] = {NULL};
  for (uint32_t i = 0; i < operations; i++) {
    uint64_t r = next_random(&t->seed);
    uint32_t slot = (uint32_t)(r % SLOTS);
    if ((r >> 20) % 16 == 0) {
      /* Hand a block to some thread, which frees it, and free what lay there. */
      void **box = &mailbox[(r >> 24) % thread_count][(r >> 32) % MAILBOX];
      /* Acquire and release, pairs with itself in other threads: the block's content goes along. */
      drop_block(t, pn_exchange_acq_rel(box, slots[slot]));
      slots[slot] = NULL;
    } else if ((r >> 20) % 16 == 1 && slots[slot] != NULL) {
      slots[slot] = resize_block(t, slots[slot]);
    } else if (slots[slot] != NULL) {
      drop_block(t, slots[slot]);
      slots[slot] = NULL;
    } else {
      slots[slot] = make_block(t);
    }
    if (r >> 52 == 0) pn_heap_context_flush(&heap, &contexts[t->id]);
    if (r >> 52 == 1) (void)pn_heap_collect(&heap, &contexts[t->id]);
  }
  for (uint32_t i = 0; i < SLOTS; i++) drop_block(t, slots[i]);
  return NULL;
}

/* Even threads only allocate, odd ones only free. */
static void *run_pipeline(void *argument) {
  thread_data *t = (thread_data *)argument;
  bool is_producer = t->id % 2 == 0;
  uint32_t lane = t->id / 2;
  for (uint32_t i = 0; i < operations; i++) {
    void **box = &mailbox[lane][i % MAILBOX];
    /* Acquire and release, pairs with itself in the other thread: the block's content goes along.
     */
    drop_block(t, pn_exchange_acq_rel(box, is_producer ? make_block(t) : NULL));
  }
  return NULL;
}

static void run(const char *name, uint64_t seed, uint32_t count, uint64_t bytes,
                void *(*body)(void *)) {
  void *base = map_region(bytes);
  memset(&heap, 0, sizeof heap);
  memset(mailbox, 0, sizeof mailbox);
  CHECK(pn_heap_init(&heap, base, bytes) == 0);
  thread_count = count;
  for (uint32_t i = 0; i <= MAX_THREADS; i++) pn_heap_context_init(&heap, &contexts[i], i);
  for (uint32_t i = 0; i < count; i++) {
    threads[i] = (thread_data){.seed = seed * 1000 + i, .id = i};
    CHECK(pthread_create(&threads[i].thread, NULL, body, &threads[i]) == 0);
  }
  uint32_t refused = 0;
  for (uint32_t i = 0; i < count; i++) {
    pthread_join(threads[i].thread, NULL);
    refused += threads[i].refused;
  }
  thread_data host = {.id = MAX_THREADS};
  for (uint32_t i = 0; i < MAX_THREADS; i++) {
    for (uint32_t j = 0; j < MAILBOX; j++) drop_block(&host, mailbox[i][j]);
  }
  pn_heap_statistics s;
  for (uint32_t i = 0; i <= MAX_THREADS; i++) pn_heap_context_settle(&contexts[i]);
  pn_heap_stats(&heap, &s);
  CHECK(s.live_blocks == 0);
  CHECK(s.live_bytes == 0);
  for (uint32_t i = 0; i <= MAX_THREADS; i++) pn_heap_context_flush(&heap, &contexts[i]);
  pn_heap_stats(&heap, &s);
  CHECK(s.live_blocks == 0 && s.live_bytes == 0);
  (void)pn_heap_collect(&heap, &contexts[0]);
  CHECK(count_free_pages(&heap) == heap.pages - heap.first_page);
  /* And they merge to one run again. */
  void *all = pn_heap_alloc(&heap, &contexts[0],
                            (size_t)(heap.pages - heap.first_page) * PN_HEAP_PAGE_BYTES);
  CHECK(all != NULL);
  pn_heap_free(&heap, &contexts[0], all);
  printf("# %s: %u threads, %u operations each, %u refused, %llu KiB committed\n", name, count,
         operations, refused, (unsigned long long)(s.committed_bytes >> 10));
  unmap_region(base, bytes);
  report(name);
}

int main(int argc, char **argv) {
  uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  operations = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 100000;
  set_deadline(120);
  printf("# seed %llu\n", (unsigned long long)seed);
  large_per_mille = 20;
  large_max_pages = 8;
  small_max_bytes = 8000;
  run("stress_heap_mixed_2_threads", seed, 2, 256u << 20, run_mixed);
  run("stress_heap_mixed_8_threads", seed + 1, 8, 256u << 20, run_mixed);
  run("stress_heap_producer_consumer", seed + 2, 8, 64u << 20, run_pipeline);
  large_per_mille = 700;
  run("stress_heap_page_map", seed + 3, 4, 256u << 20, run_mixed);
  large_per_mille = 200;
  large_max_pages = 4;
  run("stress_heap_exhausted_1_mib", seed + 4, 4, 1u << 20, run_mixed);
  large_per_mille = 0;
  run("stress_heap_small_exhausted_1_mib", seed + 5, 4, 1u << 20, run_mixed);
  return failures != 0;
}
