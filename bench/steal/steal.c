/*
 * steal.c: how long from a spawn until an idle worker runs the task.
 *
 * The spawner does not sync before it has seen a word that the task sets: so the thief must come. After a rest
 * the thief has parked; right after another steal it is still looking for work. A thief of many tiny tasks
 * hesitates (scheduler.c), so each group begins with one that is not tiny. Clocks of pages are coarse: only
 * the median of many groups means something.
 */
#include "../workloads.h"

static const double give_up_ms = 20;

static void spend(double ms) {
  double end = penny_now_ms() + ms;
  while (penny_now_ms() < end) {
  }
}

PENNY_TASK(void, bench_steal_mark, (uint32_t *, word), (double, ms)) {
  /* Release: pairs with the acquire below; only the word itself is told. */
  __atomic_store_n(word, 1u, __ATOMIC_RELEASE);
  if (ms > 0) spend(ms);
}

/* One steal of a task of so many milliseconds: how long it took. */
static double steal_one(PENNY_CONTEXT, double ms, int64_t *stolen) {
  uint32_t word = 0, is_set = 0;
  double began = penny_now_ms(), now = began;
  PENNY_SPAWN(bench_steal_mark, &word, ms);
  while (!is_set && now <= began + give_up_ms) {
    /* Acquire: as above. */
    is_set = __atomic_load_n(&word, __ATOMIC_ACQUIRE);
    now = penny_now_ms();
  }
  PENNY_SYNC(bench_steal_mark);
  *stolen += is_set;
  return now - began;
}

PENNY_TASK(int64_t, bench_steal, (double *, times_us), (int32_t, count), (int32_t, rounds),
           (double, rest_ms)) {
  int64_t stolen = 0, ignored = 0;
  for (int32_t i = 0; i < count; i++) {
    double sum_ms = 0;
    steal_one(PENNY_HERE, 0.01, &ignored);
    steal_one(PENNY_HERE, 0, &ignored);
    for (int32_t round = 0; round < rounds; round++) {
      if (rest_ms > 0) spend(rest_ms);
      sum_ms += steal_one(PENNY_HERE, 0, &stolen);
    }
    times_us[i] = sum_ms * 1e3 / rounds;
  }
  return stolen;
}
PENNY_EXPORT(bench_steal)
