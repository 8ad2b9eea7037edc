/*
 * steal.c: how long from a spawn until an idle worker has run the task.
 *
 * The spawner does not sync, it only looks at a word that the task sets: so the thief must come.
 * After a rest the thief has parked; without one it is still looking for work.
 */
#include "../workloads.h"

static const double give_up_ms = 20;

PENNY_TASK(void, bench_steal_mark, (uint32_t *, word)) {
  /* Release: pairs with the acquire below; only the word itself is told. */
  __atomic_store_n(word, 1u, __ATOMIC_RELEASE);
}

static void rest(double ms) {
  double end = penny_now_ms() + ms;
  while (penny_now_ms() < end) {
  }
}

PENNY_TASK(int64_t, bench_steal, (double *, times_us), (int32_t, count), (int32_t, rounds),
           (double, rest_ms)) {
  int64_t stolen = 0;
  for (int32_t i = 0; i < count; i++) {
    rest(rest_ms);
    double began = penny_now_ms();
    for (int32_t round = 0; round < rounds; round++) {
      uint32_t word = 0;
      double end = 0;
      PENNY_SPAWN(bench_steal_mark, &word);
      /* Acquire: as above. */
      for (uint32_t looks = 0; !__atomic_load_n(&word, __ATOMIC_ACQUIRE); looks++) {
        if (looks & 1023) continue;
        if (end == 0) end = penny_now_ms() + give_up_ms;
        if (penny_now_ms() > end) break;
      }
      /* Acquire: as above. */
      stolen += __atomic_load_n(&word, __ATOMIC_ACQUIRE);
      PENNY_SYNC(bench_steal_mark);
    }
    times_us[i] = (penny_now_ms() - began) * 1e3 / rounds;
  }
  return stolen;
}
PENNY_EXPORT(bench_steal)
