/*
 * measure.c: see measure.h. Variants that run on the same number of workers alternate, and the whole
 * is gone through several times, so that a noisy moment meets all of them. The first run of each
 * visit is not counted: it touches new memory and wakes the threads. Peers have no pool of Penny's
 * beside them but one sleeping worker, which makes inputs and checks answers.
 */
#include "measure.h"

#include <stdlib.h>

/* A visit ends when one variant has been measured for so long. */
static const double enough_ms = 500, enough_quick_ms = 60;
/* A first run that takes longer is counted, and is the only one of its visit. */
static const double very_long_ms = 4000;

const char *const bench_variant_name[BENCH_VARIANTS] = {"serial",        "serial-plain", "penny-c",
                                                        "penny-c-grain", "tbb",          "queue"};

int bench_take(bench_state *state, int which, size_t bytes) {
  state->buffer[which] = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
  return state->buffer[which] ? 0 : -1;
}

static void release(bench_state *state) {
  for (int i = 0; i < (int)(sizeof state->buffer / sizeof *state->buffer); i++)
    free(state->buffer[i]);
}

/* What a visit measures: variants that share a pool. */
typedef struct visit {
  const bench_workload *workload;
  const bench_plan *plan;
  bench_state *state;
  bench_measurement *m;
  int place; /* in plan->counts */
  bench_variant variants[BENCH_VARIANTS];
  int variant_count;
} visit;

static int times(const bench_state *state) {
  return state->repeats ? state->repeats : 1;
}

/* One timed run: milliseconds of one time through. Clears m->is_ok when the answer is wrong. */
static double run_once(const visit *v, bench_variant variant) {
  const bench_workload *workload = v->workload;
  if (workload->reset) workload->reset(v->state);
  double start = penny_now_ms();
  int64_t result = workload->run(v->state, variant);
  double ms = penny_now_ms() - start;
  if ((variant <= BENCH_GRAIN && penny_last_error()) ||
      !workload->check(v->state, result, v->plan->quick)) {
    fprintf(stderr, "%s: %s, %d workers: %s\n", workload->name, bench_variant_name[variant],
            v->plan->counts[v->place], penny_last_error() ? penny_last_message() : "wrong answer");
    v->m->is_ok = 0;
  }
  return ms / times(v->state);
}

static void sample_statistics(const visit *v, const penny_stats_t *before) {
  penny_stats_t now;
  penny_stats(&now);
  double runs = times(v->state);
  bench_add(&v->m->steals[v->place], (double)(now.steals - before->steals) / runs);
  bench_add(&v->m->publishes[v->place], (double)(now.publishes - before->publishes) / runs);
  bench_add(&v->m->parks[v->place], (double)(now.parks - before->parks) / runs);
}

static void sample(const visit *v, bench_variant variant) {
  penny_stats_t before;
  penny_stats(&before);
  bench_add(&v->m->ms[variant][v->place], run_once(v, variant));
  if (variant == BENCH_PENNY) sample_statistics(v, &before);
}

/* Everything of a visit once the threads are there. */
static void run_visit(const visit *v) {
  double enough = v->plan->quick ? enough_quick_ms : enough_ms, spent = 0;
  for (int i = 0; i < v->variant_count; i++) {
    bench_variant variant = v->variants[i];
    if (v->workload->prepare) v->workload->prepare(v->state, variant, v->plan->counts[v->place]);
    double ms = run_once(v, variant);
    if (ms * times(v->state) < very_long_ms) continue;
    bench_add(&v->m->ms[variant][v->place], ms);
    spent = enough;
  }
  for (int run = 0; run < v->plan->runs && spent < enough; run++) {
    double start = penny_now_ms();
    for (int i = 0; i < v->variant_count; i++) sample(v, v->variants[i]);
    spent += (penny_now_ms() - start) / v->variant_count;
  }
}

static int open_peer(bench_variant variant, int workers) {
  if (variant == BENCH_QUEUE) return bench_queue_open(workers);
#ifdef BENCH_TBB_IS_THERE
  if (variant == BENCH_TBB) return bench_tbb_open(workers);
#endif
  return 0;
}

static void close_peer(bench_variant variant) {
  if (variant == BENCH_QUEUE) bench_queue_close();
#ifdef BENCH_TBB_IS_THERE
  if (variant == BENCH_TBB) bench_tbb_close();
#endif
}

static void visit_on(visit *v) {
  bench_variant first = v->variants[0];
  int is_peer = first == BENCH_TBB || first == BENCH_QUEUE;
  int workers = v->plan->counts[v->place];
  int error = penny_start(&(penny_options){.workers = is_peer ? 1 : (unsigned)workers,
                                           .cores = (unsigned)v->plan->cores});
  if (error) {
    fprintf(stderr, "%s: %s\n", v->workload->name, penny_strerror(error));
    v->m->is_ok = 0;
    return;
  }
  if (open_peer(first, workers) == 0) {
    if (v->state->buffer[0] || v->workload->setup(v->state) == 0) {
      run_visit(v);
    } else {
      v->m->is_ok = 0;
    }
    close_peer(first);
  }
  int64_t left = penny_stop();
  if (left != 0) {
    fprintf(stderr, "%s: %lld blocks were not freed\n", v->workload->name, (long long)left);
    v->m->is_ok = 0;
  }
}

void bench_measure(const bench_workload *workload, const bench_plan *plan, bench_measurement *m) {
  bench_state state = {.size = workload->size[plan->quick], .extra = workload->extra[plan->quick]};
  unsigned has = workload->variants | BENCH_HAS(BENCH_SERIAL) | BENCH_HAS(BENCH_PENNY);
#ifndef BENCH_TBB_IS_THERE
  has &= ~BENCH_HAS(BENCH_TBB);
#endif
  has &= plan->variants | BENCH_HAS(BENCH_SERIAL);
  *m = (bench_measurement){.is_ok = 1};
  for (int round = 0; round < plan->rounds; round++)
    for (int place = 0; place < plan->count_of_counts; place++) {
      visit v = {workload, plan, &state, m, place, {BENCH_SERIAL}, 0};
      for (bench_variant variant = BENCH_SERIAL; variant <= BENCH_GRAIN; variant++)
        if ((has & BENCH_HAS(variant)) && (place == 0 || variant >= BENCH_PENNY))
          v.variants[v.variant_count++] = variant;
      if (v.variant_count) visit_on(&v);
      for (bench_variant variant = BENCH_TBB; variant < BENCH_VARIANTS; variant++) {
        v.variants[0] = variant;
        v.variant_count = 1;
        if (has & BENCH_HAS(variant)) visit_on(&v);
      }
    }
  if (workload->spawns) m->spawns = workload->spawns(&state);
  release(&state);
}
