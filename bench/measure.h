/*
 * measure.h: measures one workload in all its variants, in turn (measure.c).
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "report.h"
#include "table.h"

enum { BENCH_MAX_COUNTS = 8 };

typedef struct bench_plan {
  int quick;
  unsigned variants;            /* BENCH_HAS of what is wanted */
  int counts[BENCH_MAX_COUNTS]; /* numbers of workers, the first one 1 */
  int count_of_counts;
  int cores;        /* as many workers as spawned tasks keep awake; 0: the machine's */
  int rounds, runs; /* visits to each variant and samples of a visit, at most */
} bench_plan;

typedef struct bench_measurement {
  /* By variant and place in plan->counts; BENCH_SERIAL and BENCH_PLAIN have the first one only. */
  bench_samples ms[BENCH_VARIANTS][BENCH_MAX_COUNTS];
  bench_samples steals[BENCH_MAX_COUNTS], publishes[BENCH_MAX_COUNTS], parks[BENCH_MAX_COUNTS];
  int64_t spawns;
  int is_ok;
} bench_measurement;

/* Fills *m; m->is_ok says whether every answer was right. */
void bench_measure(const bench_workload *workload, const bench_plan *plan, bench_measurement *m);

#endif
