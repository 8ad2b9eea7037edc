/*
 * span.h: put before the problems' sources (-include) it makes spawn, sync and penny_for count work and span, as
 * Cilkview does (He, Leiserson and Leiserson 2010, doi:10.1145/1810479.1810509). The program runs on one worker,
 * where a sync runs its task: the span at the spawn was kept, the task begins there, and the longer of the two
 * branches is what counts afterwards. Nothing of the library is changed, and nothing of this is in a build that
 * is measured.
 */
#ifndef BENCH_SPAN_H
#define BENCH_SPAN_H

#include <penny.h>

/* Time in ticks of the clock (span.c), and spawned tasks. */
typedef struct bench_cost {
  int64_t ticks, tasks;
} bench_cost;

/* What a sync keeps while its task runs: where the other branch stands. */
typedef struct bench_branch {
  bench_cost other;
} bench_branch;

void bench_span_spawn(void);
bench_branch bench_span_sync(void);
void bench_span_join(bench_branch *branch);
/* Every piece of the loop begins where the loop does; it has at most 1024, and they cost no tasks. */
void bench_span_for(PENNY_CONTEXT, int64_t begin, int64_t end, penny_range_fn body, void *context);

#undef PENNY_SPAWN
#define PENNY_SPAWN(...)                                   \
  do {                                                     \
    PN_CAT(PN_SPAWN_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__); \
    bench_span_spawn();                                    \
  } while (0)

/* The library's own, which a macro cannot call by the name that it takes over. */
#undef PENNY_SYNC
#define PENNY_SYNC(f)                                                                     \
  __extension__({                                                                         \
    bench_branch pn_branch __attribute__((cleanup(bench_span_join))) = bench_span_sync(); \
    pn_task *pn_s = penny_head - 1;                                                       \
    int pn_here = 1;                                                                      \
    /* Order: none needed, as in penny.h. */                                              \
    if ((uintptr_t)pn_s < pn_load_relaxed(&penny_w->guard)) {                             \
      pn_here = pn_sync_slow(penny_w, penny_head);                                        \
      penny_head = penny_w->sync_head;                                                    \
    } else {                                                                              \
      penny_head = pn_s;                                                                  \
    }                                                                                     \
    pn_here ? f##_pn_go(penny_w, penny_head, pn_s) : f##_pn_result(pn_s);                 \
  })

#undef penny_for
#define penny_for(begin, end, body, context) \
  bench_span_for(PENNY_HERE, (begin), (end), (body), (context))

#endif
