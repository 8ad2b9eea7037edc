/*
 * report.h: samples of the native runner, their medians, and the JSON report that all runners of
 * the project write.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>

enum { BENCH_MAX_RUNS = 64 };

typedef struct bench_samples {
  double value[BENCH_MAX_RUNS]; /* in the order of the runs */
  int count;
} bench_samples;

void bench_add(bench_samples *samples, double value);
/* The median; 0 when there are none. */
double bench_median(const bench_samples *samples);

/* Begins and ends the report; `file` may be NULL in all of these, and then nothing is written. */
void bench_report_begin(FILE *file);
/* What a result is about. `input` in words; `size` of a problem that is measured at several, or 0. */
typedef struct bench_subject {
  const char *problem, *input;
  int size;
} bench_subject;
void bench_report_result(FILE *file, const bench_subject *subject, const char *variant, int workers,
                         const char *metric, const char *unit, const bench_samples *samples);
void bench_report_end(FILE *file);

#endif
