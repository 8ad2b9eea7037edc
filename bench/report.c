/*
 * report.c: see report.h. The commit comes from the environment variable PENNY_COMMIT, which
 * scripts set.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __EMSCRIPTEN__
#define ENGINE "emscripten"
#else
#define ENGINE "native"
#endif

void bench_add(bench_samples *samples, double value) {
  if (samples->count < BENCH_MAX_RUNS) samples->value[samples->count++] = value;
}

/* Puts the samples into `out` in ascending order. */
static void sorted(const bench_samples *samples, double *out) {
  for (int i = 0; i < samples->count; i++) {
    int at = i;
    for (; at > 0 && out[at - 1] > samples->value[i]; at--) out[at] = out[at - 1];
    out[at] = samples->value[i];
  }
}

double bench_median(const bench_samples *samples) {
  double values[BENCH_MAX_RUNS] = {0};
  if (samples->count == 0) return 0;
  sorted(samples, values);
  return (values[(samples->count - 1) / 2] + values[samples->count / 2]) / 2;
}

static void cpu_name(char *out, size_t size) {
  snprintf(out, size, "unknown");
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[256];
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) continue;
    line[strcspn(line, "\n\"\\")] = 0;
    snprintf(out, size, "%s", colon + 2);
    break;
  }
  if (file) fclose(file);
}

static int result_count;

void bench_report_begin(FILE *file) {
  if (!file) return;
  char cpu[256], date[32];
  time_t now = time(NULL);
  const char *commit = getenv("PENNY_COMMIT");
  cpu_name(cpu, sizeof cpu);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  result_count = 0;
  fprintf(file,
          "{ \"environment\": { \"commit\": \"%s\", \"cpu\": \"%s\", \"cores\": %ld, "
          "\"engine\": \"" ENGINE "\", "
          "\"isolated\": true, \"date\": \"%s\" },\n  \"results\": [",
          commit ? commit : "", cpu, sysconf(_SC_NPROCESSORS_ONLN), date);
}

void bench_report_result(FILE *file, const bench_subject *subject, const char *variant, int workers,
                         const char *metric, const char *unit, const bench_samples *samples) {
  if (!file || samples->count == 0) return;
  double values[BENCH_MAX_RUNS] = {0};
  sorted(samples, values);
  fprintf(file, "%s\n    { \"problem\": \"%s\", \"input\": \"%s\", ", result_count++ ? "," : "",
          subject->problem, subject->input);
  if (subject->size) fprintf(file, "\"size\": %d, ", subject->size);
  fprintf(file,
          "\"variant\": \"%s\", \"engine\": \"" ENGINE "\", \"workers\": %d, \"metric\": \"%s\", "
          "\"unit\": \"%s\", \"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"runs\": [",
          variant, workers, metric, unit, bench_median(samples), values[0],
          values[samples->count - 1]);
  for (int i = 0; i < samples->count; i++)
    fprintf(file, "%s%.6g", i ? ", " : "", samples->value[i]);
  fprintf(file, "] }");
}

void bench_report_end(FILE *file) {
  if (file) fprintf(file, "\n  ] }\n");
}
