/*
 * table.h: the workloads as the native runner (native.c) knows them: how each problem gets its
 * input, runs in each variant and is checked. The tables are in workloads.c and workloads_more.c.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "workloads.h"

/* Who computes. BENCH_SERIAL and BENCH_PENNY exist for every problem. */
typedef enum bench_variant {
  BENCH_SERIAL,
  BENCH_PLAIN, /* a second serial form, where the compiler's inlining makes a difference */
  BENCH_PENNY,
  BENCH_GRAIN, /* Penny with a grain tuned by hand, where Penny needs none */
  BENCH_TBB,   /* oneTBB, where it is installed */
  BENCH_QUEUE, /* a pthread pool with one locked queue */
  BENCH_VARIANTS
} bench_variant;
#define BENCH_HAS(variant) (1u << (variant))
enum { BENCH_PEERS = 1 << BENCH_TBB | 1 << BENCH_QUEUE };

extern const char *const bench_variant_name[BENCH_VARIANTS];

/* What a run works on; which fields mean what is the workload's own affair. */
typedef struct bench_state {
  int32_t size, extra;
  int32_t repeats; /* the timed part does everything so many times over; 0 counts as 1 */
  void *buffer[6];
  int64_t number[4];
} bench_state;

typedef struct bench_workload {
  const char *name;
  const char *input[2];              /* in words: full, quick (NULL: not in a quick run) */
  int32_t size[2];                   /* full, quick */
  int32_t extra[2];                  /* a second number */
  unsigned variants;                 /* BENCH_HAS of those beside BENCH_SERIAL and BENCH_PENNY */
  int32_t point;                     /* a problem measured at several sizes: which; else 0 */
  int is_extra;                      /* 1: only when it is named */
  int (*setup)(bench_state *state);  /* 0, or -1 when there is no memory or no input */
  void (*reset)(bench_state *state); /* before each run; NULL: nothing to do */
  int64_t (*run)(bench_state *state, bench_variant variant);   /* the timed part */
  int (*check)(bench_state *state, int64_t result, int quick); /* 1 when the answer is right */
  int64_t (*spawns)(const bench_state *state); /* number of spawns of a run; NULL: of no interest */
  /* Once before the runs of a variant on so many workers, untimed; NULL: nothing to do. */
  void (*prepare)(bench_state *state, bench_variant variant, int workers);
} bench_workload;

extern const bench_workload bench_workloads[], bench_workloads_more[];
extern const int bench_workload_count, bench_workload_more_count;

/* Memory for state->buffer[which], on a line of its own; 0 or -1. The runner frees it. */
int bench_take(bench_state *state, int which, size_t bytes);

/* The word list that the words workload reads, and a file of raw RGBA for the image workload (or
 * NULL: a made one). */
extern const char *bench_words_file;
extern const char *bench_image_file;
extern int32_t bench_image_width, bench_image_height;

/* ---- peers: bench_X_tbb and bench_X_queue have the arguments and the answer of bench_X -------- */

#ifdef __cplusplus
extern "C" {
#endif
/* Threads for all that follow, the caller included; 0 or -1. */
int bench_tbb_open(int workers);
void bench_tbb_close(void);
int bench_queue_open(int workers);
void bench_queue_close(void);

#define BENCH_PEER(peer)                                                               \
  int64_t bench_fib_##peer(int32_t n);                                                 \
  int64_t bench_nqueens_##peer(int32_t size);                                          \
  int64_t bench_treesum_##peer(const bench_tree *root, int32_t repeats);               \
  int64_t bench_uts_##peer(int32_t tree);                                              \
  int64_t bench_matmul_##peer(double *c, const double *a, const double *b, int32_t n); \
  int64_t bench_loop_##peer(uint32_t *out, int32_t count, int32_t kind, int32_t repeats);
BENCH_PEER(tbb)
BENCH_PEER(queue)
#undef BENCH_PEER
#ifdef __cplusplus
}
#endif

/* Runs a workload's task or function in a variant that every one of the workload's peers has. */
#ifdef BENCH_TBB_IS_THERE
#define BENCH_RUN_TBB(name, ...) name##_tbb(__VA_ARGS__)
#else
#define BENCH_RUN_TBB(name, ...) 0
#endif
#define BENCH_RUN(variant, name, ...) \
  ((variant) == BENCH_PENNY ? PENNY_RUN(name, __VA_ARGS__) : PENNY_RUN(name##_serial, __VA_ARGS__))
#define BENCH_RUN_PEERS(variant, name, ...)                      \
  ((variant) == BENCH_TBB     ? BENCH_RUN_TBB(name, __VA_ARGS__) \
   : (variant) == BENCH_QUEUE ? name##_queue(__VA_ARGS__)        \
                              : BENCH_RUN(variant, name, __VA_ARGS__))

#endif
