/*
 * loop.c: a parallel loop over 1 to 10^7 iterations, with three bodies:
 *   LOOP_EMPTY    one multiplication and one store: nearly nothing, and the compiler vectorises it
 *   LOOP_UNIFORM  16 rounds of xorshift: 5 to 30 ns each, as far as the compiler vectorises
 *   LOOP_SKEWED   the same, but 64 times as many rounds in the last 64th: half of the work lies
 *                 there, and a grain or a share found at the beginning is wrong by 64 at the end
 * Twins: a serial loop, and halving down to a grain that somebody tuned by hand (bench_loop_grain).
 * `repeats` runs the loop again within one root, so that short ones can be timed.
 */
#include "../workloads.h"

enum { ROUNDS = 16, SKEW = 64 };

static inline uint32_t churn(int64_t i, int32_t rounds) {
  uint32_t x = (uint32_t)i + 0x9E3779B9u;
  for (int32_t r = 0; r < rounds; r++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
  }
  return x;
}

/* Where the heavy part begins. */
static int64_t heavy_from(const bench_loop_part *loop) {
  return loop->kind == BENCH_LOOP_SKEWED ? loop->count - loop->count / SKEW : loop->count;
}

static void churn_all(uint32_t *out, int64_t begin, int64_t end, int32_t rounds) {
  for (int64_t i = begin; i < end; i++) out[i] = churn(i, rounds);
}

/* Not inlined, so that all variants run the same instructions for a part. */
__attribute__((noinline)) void bench_loop_run(const bench_loop_part *loop, int64_t begin,
                                              int64_t end) {
  uint32_t *out = loop->out;
  if (loop->kind == BENCH_LOOP_EMPTY) {
    for (int64_t i = begin; i < end; i++) out[i] = (uint32_t)i * 0x9E3779B1u;
    return;
  }
  int64_t heavy = heavy_from(loop), middle = heavy < begin ? begin : heavy < end ? heavy : end;
  churn_all(out, begin, middle, ROUNDS);
  churn_all(out, middle, end, ROUNDS * SKEW);
}

static void body(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  bench_loop_run(context, begin, end);
}

PENNY_TASK(int64_t, bench_loop, (uint32_t *, out), (int32_t, count), (int32_t, kind),
           (int32_t, repeats)) {
  bench_loop_part loop = {out, count, kind};
  for (int32_t i = 0; i < repeats; i++) penny_for(0, count, body, &loop);
  return 0;
}
PENNY_EXPORT(bench_loop)

PENNY_TASK(void, bench_loop_half, (int64_t, begin), (int64_t, end), (const bench_loop_part *, loop),
           (int64_t, grain)) {
  if (end - begin <= grain) {
    bench_loop_run(loop, begin, end);
    return;
  }
  int64_t middle = begin + (end - begin) / 2;
  PENNY_SPAWN(bench_loop_half, middle, end, loop, grain);
  PENNY_CALL(bench_loop_half, begin, middle, loop, grain);
  PENNY_SYNC(bench_loop_half);
}

PENNY_TASK(int64_t, bench_loop_grain, (uint32_t *, out), (int32_t, count), (int32_t, kind),
           (int32_t, repeats), (int32_t, grain)) {
  const bench_loop_part loop = {out, count, kind};
  for (int32_t i = 0; i < repeats; i++) PENNY_CALL(bench_loop_half, 0, count, &loop, grain);
  return 0;
}
PENNY_EXPORT(bench_loop_grain)

PENNY_TASK(int64_t, bench_loop_serial, (uint32_t *, out), (int32_t, count), (int32_t, kind),
           (int32_t, repeats)) {
  const bench_loop_part loop = {out, count, kind};
  for (int32_t i = 0; i < repeats; i++) {
    bench_loop_run(&loop, 0, count);
    /* The compiler must not see that a second turn writes what the first wrote. */
    __asm__ volatile("" : : : "memory");
  }
  return 0;
}
PENNY_EXPORT(bench_loop_serial)

/* Number of wrong elements: every one of an empty-ish loop, of the others every 61st and the ends
 * (a body costs as much to check as to run). */
PENNY_TASK(int64_t, bench_loop_check, (const uint32_t *, out), (int32_t, count), (int32_t, kind)) {
  const bench_loop_part loop = {(uint32_t *)(uintptr_t)out, count, kind};
  int64_t wrong = 0;
  for (int32_t i = 0; i < count; i++) {
    if (kind != BENCH_LOOP_EMPTY && i % 61 && i + 1 != count) {
      wrong += out[i] == 0; /* xorshift never gives 0 but for one i; the reset leaves 0 */
      continue;
    }
    wrong += out[i] != (kind == BENCH_LOOP_EMPTY
                            ? (uint32_t)i * 0x9E3779B1u
                            : churn(i, i < heavy_from(&loop) ? ROUNDS : ROUNDS * SKEW));
  }
  return wrong;
}
PENNY_EXPORT(bench_loop_check)
