/*
 * span.c: penny_span: work and span of every problem of the native runner, so that times on P workers can be held
 * against T1/P + c * Tinf. `penny_span [--quick] [--only NAME]` prints a line of JSON for each problem: tasks that
 * were spawned, tasks on the longest chain of them, and the part of the time that lies on the longest chain.
 * `penny_span --check` compares the counts with known ones. Reading the clock takes longer than a small task: what
 * it takes is measured at the start and taken off, so shares of time are rough where tasks last nanoseconds; counts
 * are exact.
 */
#include "span.h"

#include "../table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 5, PIECES = 1024, MOST_OPEN = 1 << 20 };

static bench_cost work, span;
static bench_cost spawned_at[MOST_OPEN]; /* the span at each spawn that was not synced yet */
static int open_spawns;
static int64_t last_ticks, clock_ticks;

static int64_t read_clock(void) {
#if defined(__x86_64__)
  return (int64_t)__builtin_ia32_rdtsc();
#else
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
#endif
}

/* What has passed since the last hook belongs to the strand that ends here. */
static void end_strand(void) {
  int64_t passed = read_clock() - last_ticks - clock_ticks;
  if (passed > 0) {
    work.ticks += passed;
    span.ticks += passed;
  }
}

static void begin_strand(void) {
  last_ticks = read_clock();
}

static void take_longer(bench_cost other) {
  if (other.ticks > span.ticks) span.ticks = other.ticks;
  if (other.tasks > span.tasks) span.tasks = other.tasks;
}

void bench_span_spawn(void) {
  end_strand();
  if (open_spawns == MOST_OPEN) {
    fputs("penny_span: too many open spawns\n", stderr);
    __builtin_trap();
  }
  spawned_at[open_spawns++] = span;
  begin_strand();
}

bench_branch bench_span_sync(void) {
  end_strand();
  bench_branch branch = {span};
  span = spawned_at[--open_spawns];
  span.tasks++;
  work.tasks++;
  begin_strand();
  return branch;
}

void bench_span_join(bench_branch *branch) {
  end_strand();
  take_longer(branch->other);
  begin_strand();
}

void bench_span_for(PENNY_CONTEXT, int64_t begin, int64_t end, penny_range_fn body, void *context) {
  end_strand();
  bench_cost start = span, longest = span;
  int64_t pieces = end - begin < PIECES ? end - begin : PIECES;
  for (int64_t i = 0; i < pieces; i++) {
    span = start;
    begin_strand();
    body(PENNY_HERE, begin + (end - begin) * i / pieces, begin + (end - begin) * (i + 1) / pieces,
         context);
    end_strand();
    take_longer(longest);
    longest = span;
  }
  begin_strand();
}

static void reset(void) {
  work = span = (bench_cost){0, 0};
  open_spawns = 0;
  begin_strand();
}

/* What a strand with nothing in it takes: the least of many. */
static void calibrate(void) {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 100000; i++) {
    begin_strand();
    int64_t ticks = read_clock() - last_ticks;
    if (ticks < least) least = ticks;
  }
  clock_ticks = least;
}

static int is_as_known(const char *what, int64_t tasks, int64_t chain) {
  int is_right = work.tasks == tasks && span.tasks == chain && open_spawns == 0;
  printf("%s %s: %lld tasks, %lld on the longest chain", is_right ? "ok" : "not ok", what,
         (long long)work.tasks, (long long)span.tasks);
  if (!is_right) printf(", not %lld and %lld", (long long)tasks, (long long)chain);
  putchar('\n');
  return is_right && span.ticks > 0 && span.ticks <= work.ticks;
}

/* fib(n) spawns fib(n + 1) - 1 tasks, n - 1 of them one in another; a full tree of 2^h - 1 nodes as many as it has
 * inner nodes, h - 1 of them one in another. */
static int check(void) {
  static bench_tree nodes[1023];
  int is_right = 1;
  reset();
  PENNY_RUN(bench_fib, 20);
  is_right &= is_as_known("fib(20)", 10945, 19);
  reset();
  PENNY_RUN(bench_fib, 1);
  is_right &= work.tasks == 0 && span.tasks == 0;
  PENNY_RUN(bench_treesum_fill, nodes, 1023, 1);
  reset();
  PENNY_RUN(bench_treesum, nodes, 1);
  is_right &= is_as_known("a full tree of 1,023 nodes", 511, 9);
  reset();
  PENNY_RUN(bench_treesum, nodes, 3);
  is_right &= is_as_known("the same three times, one after the other", 3 * 511, 3 * 9);
  return is_right;
}

/* Prints a problem's line; of some runs the one with the shortest span, for the clock goes on while other programs have
 * the core. */
static int measure(const bench_workload *workload, int quick) {
  bench_state state = {.size = workload->size[quick], .extra = workload->extra[quick]};
  if (workload->setup(&state)) return 0;
  bench_cost least = {0, 0}, least_span = {0, 0};
  int is_right = 1;
  for (int run = 0; run < RUNS; run++) {
    if (workload->reset) workload->reset(&state);
    reset();
    int64_t result = workload->run(&state, BENCH_PENNY);
    end_strand();
    is_right &= workload->check(&state, result, quick);
    if (run && span.ticks >= least_span.ticks) continue;
    least = work;
    least_span = span;
  }
  printf("{ \"problem\": \"%s\", \"input\": \"%s\", \"tasks\": %lld, \"chain\": %lld, "
         "\"share\": %.6f }\n",
         workload->name, workload->input[quick], (long long)least.tasks,
         (long long)least_span.tasks, (double)least_span.ticks / (double)least.ticks);
  fflush(stdout);
  for (int i = 0; i < (int)(sizeof state.buffer / sizeof *state.buffer); i++) free(state.buffer[i]);
  return is_right;
}

int main(int argc, char **argv) {
  int quick = 0, is_check = 0, is_right = 1;
  const char *only = NULL;
  for (int i = 1; i < argc; i++) {
    quick |= !strcmp(argv[i], "--quick");
    is_check |= !strcmp(argv[i], "--check");
    if (!strcmp(argv[i], "--only") && i + 1 < argc) only = argv[++i];
  }
  if (penny_start(&(penny_options){.workers = 1})) return 2;
  calibrate();
  if (is_check) {
    is_right = check();
  } else {
    for (int i = 0; i < bench_workload_count + bench_workload_more_count; i++) {
      const bench_workload *workload = i < bench_workload_count
                                           ? &bench_workloads[i]
                                           : &bench_workloads_more[i - bench_workload_count];
      if (only ? strcmp(only, workload->name) != 0 : workload->is_extra) continue;
      if (workload->input[quick]) is_right &= measure(workload, quick);
    }
  }
  penny_stop();
  return is_right ? 0 : 1;
}
