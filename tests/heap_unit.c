/*
 * heap_unit.c: one thread, every size and border of the heap. Built once as it ships and once with
 * PENNY_DEBUG and PENNY_FAULT_INJECTION, which add the tests of those.
 */
#include "heap_support.h"
#if defined(PENNY_DEBUG) && !defined(__wasm__)
#include <setjmp.h>
#endif

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static pn_heap heap;
static pn_heap_context context;
static pn_heap_context other;

static void open_heap(void *base, uint64_t bytes) {
  memset(&heap, 0, sizeof heap);
  CHECK(pn_heap_init(&heap, base, bytes) == 0);
  pn_heap_context_init(&heap, &context, 0);
  pn_heap_context_init(&heap, &other, PN_HEAP_MAX_OWNER);
}

static int64_t live_blocks(void) {
  pn_heap_statistics s;
  pn_heap_context_settle(&context);
  pn_heap_context_settle(&other);
  pn_heap_stats(&heap, &s);
  CHECK((s.live_blocks == 0) == (s.live_bytes == 0));
  return s.live_blocks;
}

static size_t all_bytes(void) {
  return (size_t)(heap.pages - heap.first_page) << PN_HEAP_PAGE_SHIFT;
}

/* Exact balance, and all memory merges to one block again. */
static void close_heap(void *base, uint64_t bytes) {
  CHECK(live_blocks() == 0);
  pn_heap_context_flush(&heap, &other);
  void *all = pn_heap_alloc(&heap, &context, all_bytes());
  CHECK(all != NULL);
  CHECK(live_blocks() == 1);
  pn_heap_free(&heap, &context, all);
  CHECK(live_blocks() == 0);
  CHECK(count_free_pages(&heap) == heap.pages - heap.first_page);
  unmap_region(base, bytes);
}

static void *open_mapped(uint64_t bytes) {
  void *base = map_region(bytes);
  open_heap(base, bytes);
  return base;
}

static void test_shapes_refused(void) {
  char *base = (char *)map_region(2 * MIB);
  memset(&heap, 0, sizeof heap);
  CHECK(pn_heap_init(&heap, base, MIB - 1) == -1);
  CHECK(pn_heap_init(&heap, base + 4096, MIB) == -1);
  CHECK(pn_heap_init(&heap, NULL, MIB) == -1);
  commit_limit = (uintptr_t)base;
  CHECK(pn_heap_init(&heap, base, MIB) == -1);
  commit_limit = UINTPTR_MAX;
  CHECK(pn_heap_init(&heap, base, MIB) == 0);
  unmap_region(base, 2 * MIB);
  report("unit_heap_shapes_refused");
}

static void test_every_size(void) {
  void *base = open_mapped(16 * MIB);
  enum { LAST = 20000 };
  void **blocks = (void **)calloc(LAST + 1, sizeof *blocks);
  CHECK(blocks != NULL);
  for (size_t first = 0; first <= LAST; first += 200) {
    size_t end = first + 199 < LAST ? first + 199 : LAST;
    for (size_t n = first; n <= end; n++) {
      blocks[n] = pn_heap_alloc(&heap, &context, n);
      CHECK(blocks[n] != NULL && (uintptr_t)blocks[n] % 16 == 0);
      size_t usable = pn_heap_usable_bytes(&heap, blocks[n]);
      /* At most a quarter is lost to rounding above 128 bytes, below that at most 15 bytes. */
      CHECK(usable >= n &&
            (n <= 128 ? usable < n + 16 || n == 0 : n > 8192 || usable <= n + n / 4));
      if (usable % 64 == 0) CHECK((uintptr_t)blocks[n] % 64 == 0);
      if (n > 8192) CHECK((uintptr_t)blocks[n] % PN_HEAP_PAGE_BYTES == 0);
      CHECK(pn_heap_owns(&heap, blocks[n]));
      fill(blocks[n], usable, n);
    }
    CHECK(live_blocks() == (int64_t)(end - first + 1));
    for (size_t n = first; n <= end; n++) {
      CHECK(is_filled(blocks[n], pn_heap_usable_bytes(&heap, blocks[n]), n));
      pn_heap_free(&heap, n % 2 ? &context : &other, blocks[n]);
    }
    CHECK(live_blocks() == 0);
  }
  pn_heap_free(&heap, &context, NULL);
  CHECK(!pn_heap_owns(&heap, base) && !pn_heap_owns(&heap, blocks) && !pn_heap_owns(&heap, NULL));
  free(blocks);
  close_heap(base, 16 * MIB);
  report("unit_heap_every_size");
}

static void test_zero_bytes_unique(void) {
  void *base = open_mapped(MIB);
  void *a = pn_heap_alloc(&heap, &context, 0);
  void *b = pn_heap_alloc(&heap, &context, 0);
  CHECK(a != NULL && b != NULL && a != b);
  pn_heap_free(&heap, &context, a);
  pn_heap_free(&heap, &context, b);
  close_heap(base, MIB);
  report("unit_heap_zero_bytes_unique");
}

static void test_alignments(void) {
  void *base = open_mapped(16 * MIB);
  for (size_t align = 1; align <= PN_HEAP_PAGE_BYTES; align *= 2) {
    void *blocks[64];
    size_t count = 0;
    for (size_t bytes = 0; bytes <= 20000; bytes = bytes * 5 / 4 + 7) {
      void *p = blocks[count++] = pn_heap_aligned(&heap, &context, align, bytes);
      CHECK(p != NULL && (uintptr_t)p % align == 0);
      CHECK(pn_heap_usable_bytes(&heap, p) >= bytes);
      fill(p, bytes, bytes);
    }
    while (count > 0) pn_heap_free(&heap, &context, blocks[--count]);
  }
  CHECK(pn_heap_aligned(&heap, &context, 0, 8) == NULL);
  CHECK(pn_heap_aligned(&heap, &context, 24, 8) == NULL);
  CHECK(pn_heap_aligned(&heap, &context, 2 * (size_t)PN_HEAP_PAGE_BYTES, 8) == NULL);
  CHECK(pn_heap_aligned(&heap, &context, 64, SIZE_MAX) == NULL);
  close_heap(base, 16 * MIB);
  report("unit_heap_alignments");
}

/* Takes all memory in blocks of one size; every one of them is usable, and everything comes back.
 */
static void test_exhaustion(void) {
  void *base = open_mapped(MIB);
  static const size_t sizes[] = {1, 100, 1000, 8192, 8193, 16384, 50000, 300000};
  void **blocks = (void **)calloc(65536, sizeof *blocks);
  CHECK(blocks != NULL);
  for (size_t round = 0; round < 16; round++) {
    size_t bytes = sizes[round % 8];
    size_t count = 0;
    while (count < 65536 && (blocks[count] = pn_heap_alloc(&heap, &context, bytes)) != NULL) {
      fill(blocks[count], bytes, count);
      count++;
    }
    CHECK(live_blocks() == (int64_t)count);
    size_t usable = pn_heap_usable_bytes(&heap, blocks[0]);
    if (usable <= 16384) {
      /* Nothing is lost but the ends of pages. */
      CHECK(count == (heap.pages - heap.first_page) * (PN_HEAP_PAGE_BYTES / usable));
    } else {
      CHECK(count == all_bytes() / usable);
    }
    CHECK(pn_heap_alloc(&heap, &context, bytes) == NULL);
    CHECK(pn_heap_alloc(&heap, &context, SIZE_MAX) == NULL);
    CHECK(pn_heap_alloc(&heap, &context, SIZE_MAX - 16383) == NULL);
    CHECK(pn_heap_alloc(&heap, &context, all_bytes() + 1) == NULL);
    CHECK(live_blocks() == (int64_t)count);
    /* Odd ones first, so that runs have to merge from both sides. */
    for (size_t i = 0; i < count; i++) CHECK(is_filled(blocks[i], bytes, i));
    for (size_t i = 1; i < count; i += 2) pn_heap_free(&heap, &context, blocks[i]);
    for (size_t i = 0; i < count; i += 2) pn_heap_free(&heap, &other, blocks[i]);
    CHECK(live_blocks() == 0);
    pn_heap_context_flush(&heap, &other);
  }
  free(blocks);
  close_heap(base, MIB);
  report("unit_heap_exhaustion_and_recovery");
}

static void test_exact_fit(void) {
  void *base = open_mapped(MIB);
  void *all = pn_heap_alloc(&heap, &context, all_bytes());
  CHECK(all != NULL && pn_heap_alloc(&heap, &context, 1) == NULL);
  fill(all, all_bytes(), 1);
  CHECK(count_free_pages(&heap) == 0);
  pn_heap_free(&heap, &context, all);
  close_heap(base, MIB);
  report("unit_heap_one_block_of_everything");
}

static void test_realloc(void) {
  void *base = open_mapped(16 * MIB);
  uint64_t random = 7;
  void *p = NULL;
  void *wall = NULL;
  size_t bytes = 0;
  for (int i = 0; i < 20000; i++) {
    size_t wanted = 1 + (size_t)(next_random(&random) % (i % 3 == 0 ? 300000 : 9000));
    void *moved = pn_heap_realloc(&heap, &context, p, wanted);
    CHECK(moved != NULL);
    CHECK(is_filled(moved, bytes < wanted ? bytes : wanted, 5));
    p = moved;
    bytes = wanted;
    fill(p, bytes, 5);
    if (i % 7 == 0) {
      /* Something behind the block, so that it cannot always grow where it is. */
      pn_heap_free(&heap, &context, wall);
      wall = pn_heap_alloc(&heap, &context, 20000);
    }
    CHECK(live_blocks() == 1 + (wall != NULL));
  }
  CHECK(pn_heap_realloc(&heap, &context, p, 64 * MIB) == NULL);
  CHECK(is_filled(p, bytes, 5));
  void *least = pn_heap_realloc(&heap, &context, p, 0);
  CHECK(least != NULL && pn_heap_usable_bytes(&heap, least) == 16);
  pn_heap_free(&heap, &context, least);
  pn_heap_free(&heap, &context, wall);
  close_heap(base, 16 * MIB);
  report("unit_heap_realloc_keeps_content");
}

static void test_realloc_in_place(void) {
  void *base = open_mapped(MIB);
  void *p = pn_heap_alloc(&heap, &context, 20000);
  CHECK(pn_heap_realloc(&heap, &context, p, 500000) == p);
  CHECK(pn_heap_realloc(&heap, &context, p, 100000) == p);
  CHECK(count_free_pages(&heap) == heap.pages - heap.first_page - 7);
  CHECK(pn_heap_realloc(&heap, &context, p, all_bytes()) == p);
  CHECK(pn_heap_realloc(&heap, &context, p, all_bytes() + 1) == NULL);
  CHECK(pn_heap_realloc(&heap, &context, p, SIZE_MAX) == NULL);
  CHECK(pn_heap_realloc(&heap, &context, p, SIZE_MAX - 16382) == NULL);
  CHECK(pn_heap_usable_bytes(&heap, p) == all_bytes());
  pn_heap_free(&heap, &context, p);
  close_heap(base, MIB);
  report("unit_heap_realloc_in_place");
}

/* Memory used for one size class serves others, and large blocks, once it is free. */
static void test_slabs_come_back(void) {
  void *base = open_mapped(MIB);
  void *blocks[2000];
  for (size_t bytes = 16; bytes <= 8192; bytes += 16) {
    size_t count = 0;
    while (count < 2000 && (blocks[count] = pn_heap_alloc(&heap, &context, bytes)) != NULL) count++;
    for (size_t i = 0; i < count; i++) pn_heap_free(&heap, &context, blocks[i]);
  }
  void *all = pn_heap_alloc(&heap, &context, all_bytes());
  CHECK(all != NULL);
  pn_heap_free(&heap, &context, all);
  close_heap(base, MIB);
  report("unit_heap_slabs_come_back");
}

/* A context's cache goes back with flush, and serves another context. */
static void test_flush(void) {
  void *base = open_mapped(MIB);
  void *blocks[4096];
  size_t count = 0;
  while (count < 4096 && (blocks[count] = pn_heap_alloc(&heap, &context, 1000)) != NULL) count++;
  for (size_t i = 0; i < 40; i++) pn_heap_free(&heap, &context, blocks[i]);
  pn_heap_context_flush(&heap, &context);
  for (size_t i = 0; i < 40; i++) CHECK((blocks[i] = pn_heap_alloc(&heap, &other, 1000)) != NULL);
  CHECK(pn_heap_alloc(&heap, &other, 1000) == NULL);
  for (size_t i = 0; i < count; i++) pn_heap_free(&heap, &other, blocks[i]);
  close_heap(base, MIB);
  report("unit_heap_flush_serves_others");
}

static void test_commit_refused(void) {
  void *base = open_mapped(16 * MIB);
  commit_limit = (uintptr_t)base + 3 * MIB + 5 * PN_HEAP_PAGE_BYTES;
  CHECK(pn_heap_alloc(&heap, &context, 10 * MIB) == NULL);
  /* The step that amortises would go beyond: exactly what is there can still be had. */
  size_t count = 0;
  void *blocks[300];
  while (count < 300 && (blocks[count] = pn_heap_aligned(&heap, &context, 16384, 16384)) != NULL) {
    fill(blocks[count], 16384, count);
    count++;
  }
  CHECK(count == (commit_limit - (uintptr_t)base) / PN_HEAP_PAGE_BYTES - heap.first_page);
  CHECK(pn_heap_alloc(&heap, &context, 5) == NULL);
  CHECK(live_blocks() == (int64_t)count);
  commit_limit = UINTPTR_MAX;
  void *now = pn_heap_alloc(&heap, &context, 10 * MIB);
  CHECK(now != NULL);
  pn_heap_free(&heap, &context, now);
  while (count > 0) pn_heap_free(&heap, &context, blocks[--count]);
  close_heap(base, 16 * MIB);
  report("unit_heap_commit_refused");
}

#if UINTPTR_MAX > UINT32_MAX
/* Four GiB and more: borders where 32-bit arithmetic would wrap; only the pages touched exist. */
static void test_four_gib(void) {
  void *base = map_region(8 * GIB);
  open_heap(base, 4 * GIB);
  CHECK(heap.pages == 1u << 18);
  size_t all = all_bytes();
  unsigned char *big = (unsigned char *)pn_heap_alloc(&heap, &context, all - PN_HEAP_PAGE_BYTES);
  CHECK(big != NULL);
  CHECK(pn_heap_usable_bytes(&heap, big) == all - PN_HEAP_PAGE_BYTES);
  unsigned char *last = (unsigned char *)pn_heap_alloc(&heap, &context, 8192);
  unsigned char *end = (unsigned char *)pn_heap_alloc(&heap, &context, 8192);
  CHECK(last != NULL && end != NULL && pn_heap_alloc(&heap, &context, 8192) == NULL);
  CHECK((uintptr_t)(last > end ? last : end) + 8192 == (uintptr_t)base + 4 * GIB);
  fill(last, 8192, 1);
  fill(end, 8192, 2);
  big[all - PN_HEAP_PAGE_BYTES - 1] = 1;
  CHECK(is_filled(last, 8192, 1) && is_filled(end, 8192, 2));
  CHECK(pn_heap_owns(&heap, last) && !pn_heap_owns(&heap, (char *)base + 4 * GIB));
  CHECK(pn_heap_realloc(&heap, &context, big, 3 * GIB) == big);
  unsigned char *rest =
      (unsigned char *)pn_heap_alloc(&heap, &context, all - PN_HEAP_PAGE_BYTES - 3 * GIB);
  CHECK(rest == big + 3 * GIB);
#ifndef PENNY_DEBUG /* poisons, that is touches, what it frees */
  pn_heap_free(&heap, &context, big);
  pn_heap_free(&heap, &other, rest);
  pn_heap_free(&heap, &other, last);
  pn_heap_free(&heap, &context, end);
  close_heap(base, 4 * GIB);
  base = map_region(9 * GIB);
  open_heap(base, 9 * GIB);
  CHECK(heap.pages == PN_HEAP_MAX_PAGES);
  void *most = pn_heap_alloc(&heap, &context, all_bytes());
  CHECK(most != NULL);
  pn_heap_free(&heap, &context, most);
  close_heap(base, 9 * GIB);
#endif
  report("unit_heap_four_gib");
}
#endif

#ifdef PENNY_FAULT_INJECTION
static void test_fail_after(void) {
  void *base = open_mapped(MIB);
  void *p = pn_heap_alloc(&heap, &context, 30);
  pn_heap_fail_after(&heap, 2);
  void *a = pn_heap_alloc(&heap, &context, 10000);
  void *b = pn_heap_aligned(&heap, &other, 64, 10);
  CHECK(a != NULL && b != NULL);
  CHECK(pn_heap_alloc(&heap, &context, 16) == NULL && pn_heap_alloc(&heap, &other, 100000) == NULL);
  CHECK(pn_heap_realloc(&heap, &context, p, 100) == NULL &&
        pn_heap_realloc(&heap, &context, a, 100000) == NULL);
  CHECK(live_blocks() == 3);
  pn_heap_fail_after(&heap, UINT64_MAX);
  p = pn_heap_realloc(&heap, &context, p, 100);
  CHECK(p != NULL);
  pn_heap_free(&heap, &context, a);
  pn_heap_free(&heap, &context, b);
  pn_heap_free(&heap, &context, p);
  close_heap(base, MIB);
  report("unit_heap_failure_injection");
}
#endif

#if defined(PENNY_DEBUG) && !defined(__wasm__) /* the web has no setjmp */
static jmp_buf refusal;

static void jump_back(const char *message) {
  (void)message;
  longjmp(refusal, 1);
}

/* Whether freeing p is reported as a defect. */
static bool is_refused(void *p) {
  fatal_handler = jump_back;
  bool is_thrown = setjmp(refusal) != 0;
  if (!is_thrown) pn_heap_free(&heap, &other, p);
  fatal_handler = NULL;
  return is_thrown;
}

static void test_misuse_reported(void) {
  void *base = open_mapped(MIB);
  char *small = (char *)pn_heap_alloc(&heap, &context, 100);
  char *large = (char *)pn_heap_alloc(&heap, &context, 40000);
  int outside = 0;
  CHECK(is_refused(&outside) && is_refused(base) && is_refused((char *)base + MIB));
  CHECK(is_refused(small + 8) && is_refused(small + 16) && is_refused(large + 16384));
  small[50] = 1;
  large[39999] = 1;
  pn_heap_free(&heap, &context, small);
  pn_heap_free(&heap, &context, large);
  CHECK((unsigned char)small[50] == 0xDF && (unsigned char)large[39999] == 0xDF);
  CHECK(is_refused(small) && is_refused(large));
  close_heap(base, MIB);
  report("unit_heap_misuse_reported");
}
#endif

int main(void) {
  set_deadline(120);
  test_shapes_refused();
  test_every_size();
  test_zero_bytes_unique();
  test_alignments();
  test_exhaustion();
  test_exact_fit();
  test_realloc();
  test_realloc_in_place();
  test_slabs_come_back();
  test_flush();
  test_commit_refused();
#if UINTPTR_MAX > UINT32_MAX
  test_four_gib();
#endif
#ifdef PENNY_FAULT_INJECTION
  test_fail_after();
#endif
#if defined(PENNY_DEBUG) && !defined(__wasm__)
  test_misuse_reported();
#endif
  return failures != 0;
}
