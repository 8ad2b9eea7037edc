/*
 * native.c: penny_bench, the native runner: every workload of the table against its serial twin, on
 * one worker and on all. Prints a table, or a JSON report with --json. Exit code 1 when an answer
 * is wrong.
 *
 * The twin and the one-worker runs alternate on one pool, so that a noisy moment meets both.
 */
#include "report.h"
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long to repeat one measurement, and how often at most. */
static const double enough_ms = 1500;
static const double enough_quick_ms = 60;
static int max_runs = 5;

typedef struct measurement {
  bench_samples serial, one, all;
  uint64_t steals;
  int is_ok;
} measurement;

static void release(bench_state *state) {
  for (int i = 0; i < (int)(sizeof state->buffer / sizeof *state->buffer); i++)
    penny_free(state->buffer[i]);
}

/* One timed run; clears *is_ok when the answer is wrong. */
static double run_once(const bench_workload *workload, bench_state *state, bench_variant variant,
                       int quick, int *is_ok) {
  if (workload->reset) workload->reset(state);
  double start = penny_now_ms();
  int64_t result = workload->run(state, variant);
  double ms = penny_now_ms() - start;
  if (penny_last_error()) {
    fprintf(stderr, "%s: %s %s\n", workload->name, penny_strerror(penny_last_error()),
            penny_last_message());
    *is_ok = 0;
  } else if (!workload->check(state, result, quick)) {
    *is_ok = 0;
  }
  return ms;
}

/* Runs on a pool of `workers`; with `twin` the serial variant in turn. 0, or -1 when it could
 * not start. */
static int measure_on(const bench_workload *workload, int quick, unsigned workers,
                      bench_samples *twin, bench_samples *penny, measurement *m) {
  int error = penny_start(&(penny_options){.workers = workers});
  if (error) {
    fprintf(stderr, "%s: %s\n", workload->name, penny_strerror(error));
    return -1;
  }
  bench_state state = {.size = workload->size[quick], .extra = workload->extra[quick]};
  int outcome = workload->setup(&state);
  penny_stats_t before, after;
  if (outcome == 0) {
    int ignored = 1;
    /* Not counted: first touch of the memory. */
    run_once(workload, &state, BENCH_PENNY, quick, &ignored);
    double spent = 0;
    penny_stats(&before);
    for (int run = 0; run < max_runs && (run < 1 || spent < (quick ? enough_quick_ms : enough_ms));
         run++) {
      if (twin) bench_add(twin, run_once(workload, &state, BENCH_SERIAL, quick, &m->is_ok));
      bench_add(penny, run_once(workload, &state, BENCH_PENNY, quick, &m->is_ok));
      spent += penny->value[penny->count - 1];
    }
    penny_stats(&after);
    m->steals = (after.steals - before.steals) / (uint64_t)penny->count;
  }
  release(&state);
  int64_t left = penny_stop();
  if (left != 0) {
    fprintf(stderr, "%s: %lld blocks were not freed\n", workload->name, (long long)left);
    m->is_ok = 0;
  }
  return outcome;
}

static void report(FILE *file, const char *problem, int workers, const measurement *m) {
  bench_report_result(file, problem, "serial", 1, "serial_ms", "ms", &m->serial);
  bench_report_result(file, problem, "penny-c", 1, "ms", "ms", &m->one);
  bench_report_result(file, problem, "penny-c", workers, "ms", "ms", &m->all);
  bench_samples ratio = {.count = 0}, speedup = {.count = 0};
  double serial = bench_median(&m->serial);
  for (int i = 0; i < m->one.count; i++) bench_add(&ratio, m->one.value[i] / m->serial.value[i]);
  for (int i = 0; i < m->all.count; i++) bench_add(&speedup, serial / m->all.value[i]);
  bench_report_result(file, problem, "penny-c", 1, "t1_over_ts", "ratio", &ratio);
  bench_report_result(file, problem, "penny-c", workers, "speedup", "ratio", &speedup);
}

static const char usage[] =
    "penny_bench [--quick] [--only NAME] [--workers N] [--runs N] [--json FILE] [--words FILE]\n"
    "            [--image FILE WIDTH HEIGHT (raw RGBA)]\n";

int main(int argc, char **argv) {
  int quick = 0, workers = (int)sysconf(_SC_NPROCESSORS_ONLN), is_ok = 1;
  const char *only = NULL, *json = NULL;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--quick"))
      quick = 1;
    else if (!strcmp(argv[i], "--only") && i + 1 < argc)
      only = argv[++i];
    else if (!strcmp(argv[i], "--workers") && i + 1 < argc)
      workers = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--runs") && i + 1 < argc)
      max_runs = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--json") && i + 1 < argc)
      json = argv[++i];
    else if (!strcmp(argv[i], "--words") && i + 1 < argc)
      bench_words_file = argv[++i];
    else if (!strcmp(argv[i], "--image") && i + 3 < argc) {
      bench_image_file = argv[++i];
      bench_image_width = atoi(argv[++i]);
      bench_image_height = atoi(argv[++i]);
    } else {
      fputs(usage, stderr);
      return 2;
    }
  }
  if (workers < 1 || workers > 256 || max_runs < 1) {
    fputs("workers: 1 to 256; runs: 1 or more\n", stderr);
    return 2;
  }
  if (max_runs > BENCH_MAX_RUNS) max_runs = BENCH_MAX_RUNS;
  FILE *file = json ? fopen(json, "w") : NULL;
  if (json && !file) {
    perror(json);
    return 2;
  }
  bench_report_begin(file);
  printf("%-11s %-32s %-6s %10s %10s %10s %6s %8s %8s\n", "workload", "input", "answer",
         "serial ms", "1 worker", "all", "T1/Ts", "speed-up", "steals");
  int done = 0;
  for (int i = 0; i < bench_workload_count; i++) {
    const bench_workload *workload = &bench_workloads[i];
    if (only && strcmp(only, workload->name)) continue;
    measurement m = {.is_ok = 1};
    if (measure_on(workload, quick, 1, &m.serial, &m.one, &m) ||
        measure_on(workload, quick, (unsigned)workers, NULL, &m.all, &m))
      m.is_ok = 0;
    double serial = bench_median(&m.serial), one = bench_median(&m.one), all = bench_median(&m.all);
    printf("%-11s %-32s %-6s %10.1f %10.1f %10.1f %6.2f %8.2f %8llu\n", workload->name,
           workload->input[quick], m.is_ok ? "right" : "WRONG", serial, one, all,
           serial > 0 ? one / serial : 0, all > 0 ? serial / all : 0, (unsigned long long)m.steals);
    fflush(stdout);
    report(file, workload->name, workers, &m);
    is_ok &= m.is_ok;
    done++;
  }
  bench_report_end(file);
  if (file) fclose(file);
  if (done == 0) fprintf(stderr, "no workload %s\n", only ? only : "");
  return is_ok && done > 0 ? 0 : 1;
}
