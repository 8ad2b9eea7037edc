/*
 * heap_support.h: what the heap's test programs share: a region, the port's two functions, reporting.
 *
 * Included by one source file a program; these programs link heap.c and heap_pages.c alone.
 */
#ifndef PENNY_TESTS_HEAP_SUPPORT_H
#define PENNY_TESTS_HEAP_SUPPORT_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "atomic.h"
#include "heap.h"

static uintptr_t commit_limit = UINTPTR_MAX; /* pn_port_commit refuses to go beyond */
static jmp_buf *fatal_goes_to;               /* where pn_port_fatal returns to, when a test expects it */
static const char *fatal_message;
static int failures;

int pn_port_commit(void *end) { return (uintptr_t)end <= commit_limit ? 0 : -1; }

_Noreturn void pn_port_fatal(const char *message) {
    fatal_message = message;
    if (fatal_goes_to != NULL) longjmp(*fatal_goes_to, 1);
    fprintf(stderr, "fatal: %s\n", message);
    abort();
}

/* A failed check fails the whole program at once: later ones would only report what follows from it. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
static inline void check(bool holds, const char *what, const char *file, int line) {
    if (holds) return;
    printf("# %s:%d: %s\n", file, line, what);
    if (failures++ == 0) fflush(stdout);
}

static inline void report(const char *name) {
    static int reported;
    printf("%s %s\n", failures == reported ? "ok" : "not ok", name);
    fflush(stdout);
    reported = failures;
}

/* Address space for a region of `bytes` that begins at a multiple of 16 KiB, zeroed, untouched. */
static inline void *map_region(uint64_t bytes) {
    size_t size = (size_t)bytes + PN_HEAP_PAGE_BYTES;
    char *p = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return (void *)(((uintptr_t)p + PN_HEAP_PAGE_BYTES - 1) & ~(uintptr_t)(PN_HEAP_PAGE_BYTES - 1));
}

static inline void unmap_region(void *base, uint64_t bytes) { munmap(base, (size_t)bytes); }

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

/* Every page of the region belongs to exactly one run, none is BUSY; returns the pages free. Nobody may
 * be inside. Reads the map by itself, so that it does not believe what heap_pages.c believes. */
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
        if (state == 2) free_pages += length;
        page += length;
    }
    return free_pages;
}

#endif
