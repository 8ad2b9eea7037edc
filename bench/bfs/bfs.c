/*
 * bfs.c: breadth-first search, level by level: a parallel loop over the vertices of a level, in
 * which whoever reaches a new vertex first claims it by compare-exchange. The graph is made by a
 * hash: every vertex has 8 edges to targets that are the more likely the fewer bits they have (an
 * and of two random numbers, as in an R-MAT graph), so a few vertices have very many neighbours.
 * The answer is checked by its definition, not by another search (bench_bfs_check).
 */
#include "../workloads.h"

#include <string.h>

enum { EDGES = BENCH_BFS_EDGES, BATCH = 256 };

/* Source and target of one of the vertices * EDGES edges. */
static inline void edge_of(uint32_t vertices, uint32_t which, uint32_t *from, uint32_t *to) {
  uint64_t random = which;
  uint64_t bits = bench_random(&random);
  uint32_t few = (uint32_t)bits & (uint32_t)(bits >> 32);
  *from = which / EDGES;
  *to = few * 0x9E3779B1u & (vertices - 1); /* an odd factor only names them anew */
}

/* offsets: vertices + 1; targets: 2 * EDGES * vertices, each edge from both ends. vertices is a
 * power of two. Returns the number of targets. */
PENNY_TASK(int64_t, bench_bfs_fill, (uint32_t *, offsets), (uint32_t *, targets),
           (int32_t, vertices)) {
  uint32_t n = (uint32_t)vertices, from, to, sum = 0;
  memset(offsets, 0, ((size_t)n + 1) * sizeof *offsets);
  for (uint32_t e = 0; e < n * EDGES; e++) {
    edge_of(n, e, &from, &to);
    offsets[from]++;
    offsets[to]++;
  }
  for (uint32_t v = 0; v <= n; v++) {
    sum += v < n ? offsets[v] : 0;
    offsets[v] = sum; /* the end of its part; filled from there down to the start */
  }
  for (uint32_t e = 0; e < n * EDGES; e++) {
    edge_of(n, e, &from, &to);
    targets[--offsets[from]] = to;
    targets[--offsets[to]] = from;
  }
  return sum;
}
PENNY_EXPORT(bench_bfs_fill)

typedef struct search {
  const uint32_t *offsets, *targets;
  int32_t *levels;          /* -1: not reached */
  const uint32_t *frontier; /* the vertices of this level */
  uint32_t *next;           /* those of the next one, in any order */
  uint32_t next_count;
  int32_t level;
} search;

static void put(search *s, const uint32_t *batch, uint32_t count) {
  /* Relaxed: it only hands out places; the end of the loop publishes what was put there. */
  uint32_t at = __atomic_fetch_add(&s->next_count, count, __ATOMIC_RELAXED);
  memcpy(s->next + at, batch, count * sizeof *batch);
}

static void visit_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  search *s = context;
  uint32_t batch[BATCH], count = 0;
  for (int64_t i = begin; i < end; i++) {
    uint32_t v = s->frontier[i];
    for (uint32_t e = s->offsets[v]; e < s->offsets[v + 1]; e++) {
      uint32_t w = s->targets[e];
      int32_t none = -1;
      /* Relaxed: the value alone decides who visits; levels are read after the loop's end. */
      if (__atomic_load_n(&s->levels[w], __ATOMIC_RELAXED) >= 0 ||
          !__atomic_compare_exchange_n(&s->levels[w], &none, s->level + 1, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED))
        continue;
      batch[count++] = w;
      if (count == BATCH) {
        put(s, batch, count);
        count = 0;
      }
    }
  }
  if (count) put(s, batch, count);
}

/* queue: 2 * vertices. Return the number of vertices reached from vertex 1. */
PENNY_TASK(int64_t, bench_bfs, (const uint32_t *, offsets), (const uint32_t *, targets),
           (int32_t *, levels), (uint32_t *, queue), (int32_t, vertices)) {
  search s = {.offsets = offsets, .targets = targets, .levels = levels};
  memset(levels, -1, (size_t)vertices * sizeof *levels);
  levels[1] = 0;
  queue[0] = 1;
  int64_t reached = 0;
  for (uint32_t count = 1; count; count = s.next_count, s.level++) {
    reached += count;
    s.frontier = queue + (s.level & 1 ? vertices : 0);
    s.next = queue + (s.level & 1 ? 0 : vertices);
    s.next_count = 0;
    penny_for(0, count, visit_part, &s);
  }
  return reached;
}
PENNY_EXPORT(bench_bfs)

PENNY_TASK(int64_t, bench_bfs_serial, (const uint32_t *, offsets), (const uint32_t *, targets),
           (int32_t *, levels), (uint32_t *, queue), (int32_t, vertices)) {
  memset(levels, -1, (size_t)vertices * sizeof *levels);
  levels[1] = 0;
  queue[0] = 1;
  uint32_t reached = 1;
  for (uint32_t i = 0; i < reached; i++) {
    uint32_t v = queue[i];
    for (uint32_t e = offsets[v]; e < offsets[v + 1]; e++) {
      uint32_t w = targets[e];
      if (levels[w] >= 0) continue;
      levels[w] = levels[v] + 1;
      queue[reached++] = w;
    }
  }
  return reached;
}
PENNY_EXPORT(bench_bfs_serial)

/* Number of faults: the start has level 0 and nobody else; the ends of an edge are both reached, at
 * levels that differ by one at most, or both not; whoever was reached has a neighbour one level
 * below. That is what the levels of a breadth-first search are. */
PENNY_TASK(int64_t, bench_bfs_check, (const uint32_t *, offsets), (const uint32_t *, targets),
           (const int32_t *, levels), (int32_t, vertices)) {
  int64_t faults = 0;
  for (int32_t v = 0; v < vertices; v++) {
    int32_t level = levels[v];
    int is_grounded = v == 1 ? level == 0 : level == -1;
    for (uint32_t e = offsets[v]; e < offsets[v + 1]; e++) {
      int32_t other = levels[targets[e]];
      is_grounded |= level > 0 && other == level - 1;
      faults += (other < 0) != (level < 0) || other > level + 1 || other < level - 1;
    }
    faults += !is_grounded;
  }
  return faults;
}
PENNY_EXPORT(bench_bfs_check)
