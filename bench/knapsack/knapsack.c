/*
 * knapsack.c: 0/1 knapsack by branch and bound. Items are sorted by value per weight; a node first
 * takes the next item, then leaves it; a branch whose fractional bound cannot beat the best known
 * value is cut. All workers share that best value, so how many nodes are visited differs from run
 * to run (and may be fewer than the twin's); the optimum does not.
 */
#include "../workloads.h"

/* Items left to plain calls at the bottom of the tree: with the cuts, some hundred nodes. */
enum { SERIAL_ITEMS = 36 };

typedef struct item {
  int32_t value, weight;
} item;

typedef struct problem {
  int32_t items, capacity, best, reserved;
  item item[];
} problem;

/* Can `value` plus the rest of the capacity, filled with parts of `next` and of those after it,
 * exceed `best`? */
static inline bool is_hopeful(const item *next, int32_t capacity, int32_t value, int32_t best) {
  int64_t missing = (int64_t)best - value;
  return missing < 0 || (int64_t)capacity * next->value > missing * next->weight;
}

/* The twin, and the bottom of the parallel search, over the items from `next` to `end`: gives the
 * best of what was found and of `best`. */
static int32_t search(const item *next, const item *end, int32_t capacity, int32_t value,
                      int32_t best) {
  for (;; next++) {
    if (value > best) best = value;
    if (next == end || !is_hopeful(next, capacity, value, best)) return best;
    if (capacity >= next->weight)
      best = search(next + 1, end, capacity - next->weight, value + next->value, best);
  }
}

static inline int32_t best_now(problem *p) {
  /* Relaxed: the bound only cuts branches, and an older (smaller) one cuts fewer; the final
   * value is read after all syncs. */
  return pn_load_relaxed(&p->best);
}

static void raise_best(problem *p, int32_t value) {
  int32_t seen = best_now(p);
  /* Relaxed: one word that only grows, by compare-exchange; nothing else is published with it. */
  while (value > seen && !pn_cas_relaxed(&p->best, &seen, value)) continue;
}

PENNY_TASK(void, bench_knapsack_search, (void *, problem_of_it), (int32_t, i), (int32_t, capacity),
           (int32_t, value)) {
  problem *p = problem_of_it;
  if (p->items - i <= SERIAL_ITEMS) {
    raise_best(p, search(p->item + i, p->item + p->items, capacity, value, best_now(p)));
    return;
  }
  if (value > best_now(p)) raise_best(p, value);
  if (!is_hopeful(p->item + i, capacity, value, best_now(p))) return;
  if (capacity < p->item[i].weight) {
    PENNY_CALL(bench_knapsack_search, p, i + 1, capacity, value);
    return;
  }
  /* The branch without the item is the one to be stolen, so that one worker alone goes the
   * twin's way. */
  PENNY_SPAWN(bench_knapsack_search, p, i + 1, capacity, value);
  PENNY_CALL(bench_knapsack_search, p, i + 1, capacity - p->item[i].weight,
             value + p->item[i].value);
  PENNY_SYNC(bench_knapsack_search);
}

PENNY_TASK(int64_t, bench_knapsack, (int32_t *, numbers)) {
  problem *p = (problem *)(void *)numbers;
  p->best = 0;
  PENNY_CALL(bench_knapsack_search, p, 0, p->capacity, 0);
  return p->best;
}
PENNY_EXPORT(bench_knapsack)

PENNY_TASK(int64_t, bench_knapsack_serial, (int32_t *, numbers)) {
  problem *p = (problem *)(void *)numbers;
  return search(p->item, p->item + p->items, p->capacity, 0, 0);
}
PENNY_EXPORT(bench_knapsack_serial)

PENNY_TASK(void, bench_knapsack_fill, (int32_t *, numbers), (int32_t, items), (int32_t, seed)) {
  problem *p = (problem *)(void *)numbers;
  uint64_t random = (uint64_t)(uint32_t)seed;
  int32_t total = 0;
  for (int32_t i = 0; i < items; i++) {
    /* Value and weight are strongly correlated: then bounds cut late. */
    int32_t weight = 1000 + (int32_t)(bench_random(&random) % 9000);
    item next = {weight + 500 + (int32_t)(bench_random(&random) % 500), weight};
    total += weight;
    int32_t at = i;
    for (; at > 0 && (int64_t)p->item[at - 1].value * next.weight <
                         (int64_t)next.value * p->item[at - 1].weight;
         at--)
      p->item[at] = p->item[at - 1];
    p->item[at] = next;
  }
  p->items = items;
  p->capacity = total / 2;
  p->best = 0;
  p->reserved = 0;
}
PENNY_EXPORT(bench_knapsack_fill)

PENNY_TASK(int64_t, bench_knapsack_check, (const int32_t *, numbers), (int32_t *, scratch)) {
  const problem *p = (const problem *)(const void *)numbers;
  for (int32_t room = 0; room <= p->capacity; room++) scratch[room] = 0;
  for (int32_t i = 0; i < p->items; i++) {
    item it = p->item[i];
    for (int32_t room = p->capacity; room >= it.weight; room--) {
      int32_t with = scratch[room - it.weight] + it.value;
      if (with > scratch[room]) scratch[room] = with;
    }
  }
  return scratch[p->capacity];
}
PENNY_EXPORT(bench_knapsack_check)
