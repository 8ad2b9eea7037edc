/*
 * unit_about.c: what tasks can ask: storage per worker, worker numbers, statistics, sentences for
 * errors, polling, the heap.
 */
#include <string.h>

#include "test.h"

TEST_GLOBALS

enum { LEAVES = 20000 };

static int storage_key;

PENNY_TASK(int64_t, count_in_storage, (int32_t, leaves)) {
  if (leaves == 1) {
    int64_t *mine = penny_local(storage_key);
    if (!CHECK(mine != NULL)) return 0;
    mine[0]++;
    mine[1] = penny_worker_id() + 1;
    CHECK(penny_worker_id() >= 0 && penny_worker_id() < penny_workers());
    penny_poll();
    return 1;
  }
  PENNY_SPAWN(count_in_storage, leaves / 2);
  int64_t a = PENNY_CALL(count_in_storage, leaves - leaves / 2);
  int64_t b = PENNY_SYNC(count_in_storage);
  CHECK(penny_local(storage_key) == penny_local(storage_key));
  return a + b;
}

/* Reads the counters of every worker: each keeps one task until all have one. */
static int32_t arrived;
static int64_t total;

PENNY_TASK(void, read_storage) {
  __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
  int64_t *mine = penny_local(storage_key);
  if (!CHECK(mine != NULL)) return;
  CHECK(mine[1] == 0 || mine[1] == penny_worker_id() + 1);
  __atomic_fetch_add(&total, mine[0], __ATOMIC_SEQ_CST);
  double end = penny_now_ms() + 5000;
  while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < penny_workers() && penny_now_ms() < end)
    penny_poll();
}

static void storage(PENNY_CONTEXT) {
  test_enter("storage per worker");
  CHECK_EQUAL(penny_local_new(0), PENNY_EINVAL);
  CHECK(penny_local(-1) == NULL && penny_local(32) == NULL && penny_local(31) == NULL);
  int first = storage_key = penny_local_new(1000);
  if (!CHECK(first >= 0)) return;
  unsigned char *block = penny_local(first);
  if (!CHECK(block != NULL)) return;
  for (int32_t i = 0; i < 1000; i++) CHECK(block[i] == 0);
  CHECK_EQUAL(PENNY_CALL(count_in_storage, LEAVES), LEAVES);
  __atomic_store_n(&arrived, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(&total, 0, __ATOMIC_SEQ_CST);
  for (int32_t i = 0; i < penny_workers(); i++) PENNY_SPAWN(read_storage);
  for (int32_t i = 0; i < penny_workers(); i++) PENNY_SYNC(read_storage);
  CHECK_EQUAL(total, LEAVES);
  int key = 0;
  int32_t keys = 1;
  while ((key = penny_local_new(8)) >= 0 && keys < 100) {
    keys++;
    CHECK(key > first && penny_local(key) != NULL);
  }
  CHECK_EQUAL(key, PENNY_ENOMEM);
  CHECK_EQUAL(penny_local_new(8), PENNY_ENOMEM);
  CHECK_EQUAL(keys, 32);
}

static void sentences(void) {
  test_enter("sentences");
  const char *seen[16];
  size_t count = 0;
#define SENTENCE(name, number, sentence)                \
  CHECK_EQUAL(PENNY_##name, number);                    \
  CHECK(strcmp(penny_strerror(number), sentence) == 0); \
  seen[count++] = penny_strerror(number);
  PENNY_ERROR_MAP(SENTENCE)
  for (size_t i = 0; i < count; i++) {
    CHECK(strlen(seen[i]) > 10);
    for (size_t j = 0; j < i; j++) CHECK(strcmp(seen[i], seen[j]) != 0);
  }
  CHECK(penny_strerror(-12345) && penny_strerror(0) && penny_strerror(7));
  CHECK(strcmp(penny_strerror(-12345), penny_strerror(0)) != 0);
}

PENNY_TASK(int32_t, nothing) {
  return 0;
}

static void statistics(PENNY_CONTEXT) {
  test_enter("statistics");
  penny_stats_t before, after;
  penny_stats(&before);
  CHECK_EQUAL(before.workers, penny_workers());
  CHECK(before.roots >= 1 && before.heap_committed_bytes > 0);
  for (int32_t i = 0; i < 100; i++) {
    penny_future *future = PENNY_DETACH(NULL, nothing);
    CHECK(future && PENNY_GET(nothing, future) == 0);
  }
  penny_stats(&after);
  CHECK(after.roots >= before.roots + 100);
  double start = penny_now_ms();
  test_spin_ms(2);
  CHECK(penny_now_ms() - start >= 2 && penny_now_ms() - start < 5000);
}

static void heap(uint64_t *random) {
  test_enter("heap");
  enum { BLOCKS = 64 };
  unsigned char *blocks[BLOCKS] = {0};
  size_t sizes[BLOCKS] = {0};
  for (int32_t round = 0; round < 5000; round++) {
    uint32_t i = test_below(random, BLOCKS);
    for (size_t k = 0; k < sizes[i]; k += 97) CHECK_EQUAL(blocks[i][k], (unsigned char)(i + k));
    size_t bytes = test_below(random, round % 50 ? 600 : 100000);
    switch (test_below(random, 3)) {
    case 0:
      penny_free(blocks[i]);
      blocks[i] = NULL;
      bytes = 0;
      break;
    case 1: {
      unsigned char *grown = penny_realloc(blocks[i], bytes);
      if (!CHECK(grown != NULL)) return;
      for (size_t k = 0; k < bytes && k < sizes[i]; k += 97)
        CHECK_EQUAL(grown[k], (unsigned char)(i + k));
      blocks[i] = grown;
      break;
    }
    default: {
      size_t align = (size_t)1 << test_below(random, 15);
      penny_free(blocks[i]);
      blocks[i] = penny_aligned(align, bytes);
      if (!CHECK(blocks[i] != NULL)) return;
      CHECK_EQUAL((uintptr_t)blocks[i] % align, 0);
    }
    }
    sizes[i] = bytes;
    for (size_t k = 0; k < bytes; k += 97) blocks[i][k] = (unsigned char)(i + k);
  }
  for (int32_t i = 0; i < BLOCKS; i++) penny_free(blocks[i]);
  penny_free(NULL);
  CHECK(penny_aligned(3, 100) == NULL && penny_aligned(32768, 100) == NULL &&
        penny_aligned(0, 1) == NULL);
  CHECK(penny_alloc((size_t)-1) == NULL && penny_alloc((size_t)-1 / 2) == NULL);
  void *empty = penny_alloc(0);
  CHECK(empty != NULL);
  CHECK(penny_realloc(empty, (size_t)-100) == NULL);
  penny_free(empty);
}

TEST_TASK(unit_about) {
  (void)scale;
  uint64_t random = seed;
  storage(PENNY_HERE);
  sentences();
  statistics(PENNY_HERE);
  heap(&random);
  CHECK(!penny_is_cancelled());
  penny_poll();
  penny_yield();
  return test_failures();
}
TEST_PROGRAM(unit_about);
