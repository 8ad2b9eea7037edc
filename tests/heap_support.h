/*
 * heap_support.h: what the heap's test programs share: the heap itself, under other names than in
 * the library they are linked with, so that it works on a region of the test's own; the port's two
 * functions; reporting. Included by one source file a program, after heap_steps.c's own atomics, if
 * any.
 */
#ifndef PENNY_TESTS_HEAP_SUPPORT_H
#define PENNY_TESTS_HEAP_SUPPORT_H

#define pn_heap_aligned        test_heap_aligned
#define pn_heap_alloc          test_heap_alloc
#define pn_heap_collect        test_heap_collect
#define pn_heap_context_flush  test_heap_context_flush
#define pn_heap_context_init   test_heap_context_init
#define pn_heap_context_settle test_heap_context_settle
#define pn_heap_fail_after     test_heap_fail_after
#define pn_heap_free           test_heap_free
#define pn_heap_init           test_heap_init
#define pn_heap_owns           test_heap_owns
#define pn_heap_realloc        test_heap_realloc
#define pn_heap_reclaim_dead   test_heap_reclaim_dead
#define pn_heap_stats          test_heap_stats
#define pn_heap_usable_bytes   test_heap_usable_bytes
#define pn_pages_claim         test_pages_claim
#define pn_pages_init          test_pages_init
#define pn_pages_length        test_pages_length
#define pn_pages_reclaim       test_pages_reclaim
#define pn_pages_release       test_pages_release
#define pn_pages_resize        test_pages_resize
#define pn_port_commit         test_port_commit
#define pn_port_fatal          test_port_fatal
#define pn_port_probe_heap     test_port_probe_heap

#include "../src/heap.c"
#include "../src/heap_pages.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if UINTPTR_MAX > UINT32_MAX
#include <sys/mman.h>
#endif
#ifndef __wasm__
#include <unistd.h>
#endif

static uintptr_t commit_limit = UINTPTR_MAX;       /* pn_port_commit refuses to go beyond */
static void (*fatal_handler)(const char *message); /* does not return; NULL: fatal is fatal */
static int failures;

int pn_port_commit(void *end) {
  return (uintptr_t)end <= commit_limit ? 0 : -1;
}

void pn_port_probe_heap(void) {}

_Noreturn void pn_port_fatal(const char *message) {
  if (fatal_handler != NULL) fatal_handler(message);
  printf("not ok fatal: %s\n", message);
  __builtin_trap();
}

/* A hang is a failure; where there are no alarms, whoever runs the program sees to it. */
static inline void set_deadline(unsigned seconds) {
#ifndef __wasm__
  alarm(seconds);
  setvbuf(stdout, NULL, _IOLBF, 0);
#else
  (void)seconds;
#endif
}

/* A failed check is printed and counted; the first one tells most. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
static inline void check(bool holds, const char *what, const char *file, int line) {
  if (holds) return;
  if (failures++ < 20) printf("# %s:%d: %s\n", file, line, what);
}

static inline void report(const char *name) {
  static int reported;
  printf("%s %s\n", failures == reported ? "ok" : "not ok", name);
  reported = failures;
}

/* A region of `bytes` that begins at a multiple of 16 KiB, zeroed; untouched where there is an
 * mmap. */
static inline void *map_region(uint64_t bytes) {
  size_t size = (size_t)bytes + PN_HEAP_PAGE_BYTES;
#if UINTPTR_MAX > UINT32_MAX
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char *p = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (p == MAP_FAILED) p = NULL;
#else
  char *p = (char *)calloc(1, size);
#endif
  if (p == NULL) {
    printf("not ok: no region of %llu bytes\n", (unsigned long long)bytes);
    __builtin_trap();
  }
  /* The word before the region says where the allocation began. */
  uintptr_t base = ((uintptr_t)p + PN_HEAP_PAGE_BYTES) & ~(uintptr_t)(PN_HEAP_PAGE_BYTES - 1);
  ((void **)base)[-1] = p;
  return (void *)base;
}

static inline void unmap_region(void *base, uint64_t bytes) {
  void *p = ((void **)base)[-1];
#if UINTPTR_MAX > UINT32_MAX
  munmap(p, (size_t)bytes + PN_HEAP_PAGE_BYTES);
#else
  (void)bytes;
  free(p);
#endif
}

static inline uint64_t next_random(uint64_t *state) {
  *state += 0x9E3779B97F4A7C15u;
  uint64_t z = *state;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

/* Fills a block with a pattern that depends on the block's tag, and checks it. */
static inline void fill(void *p, size_t bytes, uint64_t tag) {
  unsigned char *b = (unsigned char *)p;
  for (size_t i = 0; i < bytes; i++) b[i] = (unsigned char)(tag * 31 + i * 7 + (i >> 8));
}

static inline bool is_filled(const void *p, size_t bytes, uint64_t tag) {
  const unsigned char *b = (const unsigned char *)p;
  for (size_t i = 0; i < bytes; i++) {
    if (b[i] != (unsigned char)(tag * 31 + i * 7 + (i >> 8))) return false;
  }
  return true;
}

/* Every page of the region belongs to exactly one run, none is BUSY; returns the pages free. Nobody
 * may be inside. Reads the map by itself, so that it does not believe what heap_pages.c believes.
 */
static inline uint32_t count_free_pages(const pn_heap *h) {
  uint32_t page = 0;
  uint32_t free_pages = 0;
  while (page < h->pages) {
    /* A test with nobody inside: the threads were joined. */
    uint32_t word = pn_load_relaxed(&h->map[page]);
    uint32_t state = word & 7;
    uint32_t length = word >> 12;
    if (state == 0) return free_pages + h->pages - page;
    if ((state != 2 && state != 4) || length == 0 || length > h->pages - page) {
      printf("# page %u of %u: word %08x\n", page, h->pages, word);
      return UINT32_MAX;
    }
    for (uint32_t i = page + 1; i < page + length; i++) {
      /* As above. */
      uint32_t inside = pn_load_relaxed(&h->map[i]);
      if (inside > 1) {
        printf("# page %u, inside the run of %u at %u: word %08x\n", i, length, page, inside);
        return UINT32_MAX;
      }
    }
    if (state == 2) free_pages += length;
    page += length;
  }
  return free_pages;
}

#endif
