/*
 * native.c: penny_bench, the native runner: every workload of the tables in every variant, on each
 * number of workers. Prints a table, or writes a JSON report. Exit code 1 when an answer is wrong.
 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

typedef struct options {
  bench_plan plan;
  const char *only, *json;
} options;

/* Is `name` in the list "one,two"? */
static int is_listed(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
    if (!strncmp(at, name, length) && (at[length] == 0 || at[length] == ',')) return 1;
  return 0;
}

/* The faster of the serial forms is the one to beat. */
static double serial_ms(const bench_measurement *m) {
  double serial = bench_median(&m->ms[BENCH_SERIAL][0]);
  const bench_samples *plain = &m->ms[BENCH_PLAIN][0];
  return plain->count && bench_median(plain) < serial ? bench_median(plain) : serial;
}

/* samples -> by / sample, or sample / by; and (sample - by) * scale. */
static bench_samples over(double by, const bench_samples *samples) {
  bench_samples out = {.count = 0};
  for (int i = 0; i < samples->count; i++) bench_add(&out, by / samples->value[i]);
  return out;
}

static bench_samples above(const bench_samples *samples, double base, double scale) {
  bench_samples out = {.count = 0};
  for (int i = 0; i < samples->count; i++) bench_add(&out, (samples->value[i] - base) * scale);
  return out;
}

static void report_penny(FILE *file, const bench_subject *subject, const bench_plan *plan,
                         const bench_measurement *m, int place) {
  int workers = plan->counts[place];
  const bench_samples *ms = &m->ms[BENCH_PENNY][place];
  double serial = serial_ms(m);
  if (place == 0) {
    bench_samples ratio = above(ms, 0, 1 / serial);
    bench_report_result(file, subject, "penny-c", 1, "t1_over_ts", "ratio", &ratio);
    if (m->spawns) {
      bench_samples ns = above(ms, serial, 1e6 / (double)m->spawns);
      bench_report_result(file, subject, "penny-c", 1, "ns_per_spawn", "ns", &ns);
    }
    return;
  }
  bench_report_result(file, subject, "penny-c", workers, "steals", "count", &m->steals[place]);
  bench_report_result(file, subject, "penny-c", workers, "publishes", "count",
                      &m->publishes[place]);
  bench_report_result(file, subject, "penny-c", workers, "parks", "count", &m->parks[place]);
}

static void report(FILE *file, const bench_workload *workload, const bench_plan *plan,
                   const bench_measurement *m) {
  const bench_subject subject = {workload->name, workload->input[plan->quick], workload->point};
  for (bench_variant variant = BENCH_SERIAL; variant < BENCH_VARIANTS; variant++) {
    const char *name = bench_variant_name[variant];
    int is_serial = variant < BENCH_PENNY;
    for (int place = 0; place < (is_serial ? 1 : plan->count_of_counts); place++) {
      const bench_samples *ms = &m->ms[variant][place];
      if (!ms->count) continue;
      bench_report_result(file, &subject, name, plan->counts[place], is_serial ? "serial_ms" : "ms",
                          "ms", ms);
      if (is_serial) continue;
      bench_samples speedup = over(serial_ms(m), ms);
      bench_report_result(file, &subject, name, plan->counts[place], "speedup", "ratio", &speedup);
      if (variant == BENCH_PENNY) report_penny(file, &subject, plan, m, place);
    }
  }
}

static void print_row(FILE *out, const bench_workload *workload, const bench_plan *plan,
                      const bench_measurement *m) {
  double serial = serial_ms(m), one = bench_median(&m->ms[BENCH_PENNY][0]);
  fprintf(out, "%-11s %-30s %-5s %10.4g %6.3f", workload->name, workload->input[plan->quick],
          m->is_ok ? "right" : "WRONG", serial, one > 0 ? one / serial : 0);
  for (bench_variant variant = BENCH_PENNY; variant < BENCH_VARIANTS; variant++) {
    if (!m->ms[variant][0].count) continue;
    fprintf(out, " | %s", bench_variant_name[variant]);
    for (int place = 0; place < plan->count_of_counts; place++) {
      double ms = bench_median(&m->ms[variant][place]);
      fprintf(out, " %.3g", ms > 0 ? serial / ms : 0);
    }
  }
  if (m->spawns) fprintf(out, " | %.2f ns/spawn", (one - serial) * 1e6 / (double)m->spawns);
  if (plan->count_of_counts > 1) fprintf(out, " | %.0f steals", bench_median(&m->steals[1]));
  fputc('\n', out);
  fflush(out);
}

static int run_table(const bench_workload *table, int count, const options *given, FILE *file,
                     FILE *out, int *is_ok) {
  static bench_measurement m;
  int done = 0;
  for (int i = 0; i < count; i++) {
    const bench_workload *workload = &table[i];
    if (given->only ? !is_listed(given->only, workload->name) : workload->is_extra) continue;
    if (!workload->input[given->plan.quick]) continue;
    bench_measure(workload, &given->plan, &m);
    print_row(out, workload, &given->plan, &m);
    report(file, workload, &given->plan, &m);
    *is_ok &= m.is_ok;
    done++;
  }
  return done;
}

/* "1,2,4,8"; one number N means 1 and N. 0, or -1 for a bad list. */
static int read_counts(bench_plan *plan, const char *text) {
  plan->counts[0] = 1;
  plan->count_of_counts = 1;
  for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    int workers = atoi(at);
    if (workers < 1 || workers > 256 || plan->count_of_counts == BENCH_MAX_COUNTS) return -1;
    if (workers > 1) plan->counts[plan->count_of_counts++] = workers;
  }
  return 0;
}

static int read_variants(bench_plan *plan, const char *text) {
  plan->variants = 0;
  for (bench_variant variant = BENCH_SERIAL; variant < BENCH_VARIANTS; variant++)
    if (is_listed(text, bench_variant_name[variant])) plan->variants |= BENCH_HAS(variant);
  return plan->variants ? 0 : -1;
}

static const char usage[] =
    "penny_bench [--quick] [--only NAME,NAME] [--variant NAME,NAME] [--workers 1,2,4,8]\n"
    "            [--cores N] [--rounds N] [--runs N] [--json FILE or -] [--words FILE]\n"
    "            [--image FILE WIDTH HEIGHT (raw RGBA)]\n";

/* 0, or -1 for what is not understood. */
static int read_options(options *given, int argc, char **argv) {
  bench_plan *plan = &given->plan;
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--quick")) {
      plan->quick = 1;
      continue;
    }
    if (!value) return -1;
    i++;
    if (!strcmp(argv[i - 1], "--only"))
      given->only = value;
    else if (!strcmp(argv[i - 1], "--json"))
      given->json = value;
    else if (!strcmp(argv[i - 1], "--runs"))
      plan->runs = atoi(value);
    else if (!strcmp(argv[i - 1], "--rounds"))
      plan->rounds = atoi(value);
    else if (!strcmp(argv[i - 1], "--cores"))
      plan->cores = atoi(value);
    else if (!strcmp(argv[i - 1], "--words"))
      bench_words_file = value;
    else if (!strcmp(argv[i - 1], "--variant") && read_variants(plan, value))
      return -1;
    else if (!strcmp(argv[i - 1], "--workers") && read_counts(plan, value))
      return -1;
    else if (!strcmp(argv[i - 1], "--image") && i + 2 < argc) {
      bench_image_file = value;
      bench_image_width = atoi(argv[++i]);
      bench_image_height = atoi(argv[++i]);
    } else if (strcmp(argv[i - 1], "--variant") && strcmp(argv[i - 1], "--workers"))
      return -1;
  }
  return plan->cores < 0 || plan->cores > 256 || plan->runs < 1 || plan->rounds < 1 ||
                 plan->runs * plan->rounds > BENCH_MAX_RUNS
             ? -1
             : 0;
}

int main(int argc, char **argv) {
  options given = {.plan = {.variants = ~0u, .counts = {1, 2, 4, 8}, .count_of_counts = 4}};
  for (int i = 1; i < argc; i++) given.plan.quick |= !strcmp(argv[i], "--quick");
  given.plan.rounds = given.plan.quick ? 1 : 3;
  given.plan.runs = given.plan.quick ? 2 : 3;
  if (read_options(&given, argc, argv)) {
    fputs(usage, stderr);
    return 2;
  }
  int is_stdout = given.json && !strcmp(given.json, "-");
  FILE *file = is_stdout ? stdout : given.json ? fopen(given.json, "w") : NULL;
  if (given.json && !file) {
    perror(given.json);
    return 2;
  }
  FILE *out = is_stdout ? stderr : stdout;
  bench_report_begin(file);
  fprintf(out, "%-11s %-30s %-5s %10s %6s | speed-up on", "workload", "input", "answer",
          "serial ms", "T1/Ts");
  for (int i = 0; i < given.plan.count_of_counts; i++) fprintf(out, " %d", given.plan.counts[i]);
  fputs(" workers\n", out);
  int is_ok = 1;
  int done = run_table(bench_workloads, bench_workload_count, &given, file, out, &is_ok) +
             run_table(bench_workloads_more, bench_workload_more_count, &given, file, out, &is_ok);
  bench_report_end(file);
  if (file && !is_stdout) fclose(file);
  if (done == 0) fprintf(stderr, "no workload %s\n", given.only ? given.only : "");
  return is_ok && done > 0 ? 0 : 1;
}
