/*
 * stress_priority.c: urgent, normal and background roots on native threads and Emscripten. Scenarios:
 * order (by priority, whatever lies on the root deques already), shares (nothing starves), urgent
 * roots at the polls of running tasks, in joins, deep in the task stack and inside urgent ones, and
 * a random mix whose heap balance is exact.
 */
#include <pthread.h>

#include "port.h"
#include "root.h"
#include "test.h"

enum { MAX_STARTS = 20000, URGENTS = 40 };

static int32_t starts[PN_PRIORITIES], all_starts, noted, gate, stop_polling, polls;
static unsigned char order[MAX_STARTS];

static uint32_t own_priority(void) {
  return pn_port_self()->root->priority;
}
static int32_t read_now(const int32_t *count) {
  return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}
static void set(int32_t *count, int32_t value) {
  __atomic_store_n(count, value, __ATOMIC_SEQ_CST);
}

static void submit(void (*fn)(PENNY_CONTEXT, void *), uint32_t priority, void *context) {
  pn_root *root = pn_root_new(PN_KIND_SUBMIT, NULL);
  if (!CHECK(root != NULL)) return;
  *(void **)(void *)root->task.payload = *(void **)(void *)&fn;
  root->data = context;
  root->name = "submit";
  root->priority = priority;
  CHECK_EQUAL(pn_root_submit(pn_pool(), root), 0);
}

static void begin(unsigned workers, const char *phase) {
  test_start(workers, 0, 0);
  test_enter(phase);
  for (uint32_t p = 0; p < PN_PRIORITIES; p++) set(&starts[p], 0);
  set(&all_starts, 0);
  set(&noted, 0);
  set(&gate, 0);
  set(&stop_polling, 0);
  set(&polls, 0);
}

/* Notes its start. */
static void note(PENNY_CONTEXT, void *context) {
  (void)penny_w, (void)penny_head, (void)context;
  uint32_t priority = own_priority();
  int32_t at = __atomic_fetch_add(&all_starts, 1, __ATOMIC_SEQ_CST);
  if (at < MAX_STARTS) order[at] = (unsigned char)priority;
  __atomic_fetch_add(&starts[priority], 1, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&noted, 1, __ATOMIC_SEQ_CST); /* when all are, `order` may be read */
}

/* Keeps a worker until the gate is opened; neither spawns nor polls. Looks in vain count as rounds, too, so
 * how far the worker is on its way to the next fair one (scheduler.c: step_fairly) depends on how long it
 * had nothing to do: it begins anew. */
static void hold(PENNY_CONTEXT, void *context) {
  (void)penny_head;
  __atomic_fetch_add(&polls, 1, __ATOMIC_SEQ_CST);
  test_await(&gate, *(int32_t *)context, 20000);
  penny_w->ticks = 0;
}

static void submit_many(uint32_t priority, int32_t count) {
  for (int32_t i = 0; i < count; i++) submit(note, priority, NULL);
}

/* Until every worker is in one that is held until gate `number`; `count` others come behind them, and lie on
 * root deques then. */
static void hold_all(unsigned workers, uint32_t priority, int32_t *number, int32_t count) {
  set(&polls, 0);
  for (unsigned i = 0; i < workers; i++) submit(hold, priority, number);
  submit_many(priority, count);
  set(&gate, *number - 1);
  CHECK(test_await(&polls, (int32_t)workers, 10000));
}

/* Once 20 background roots have run, while the others lie on the deque: a later urgent one is next. */
static void note_and_submit(PENNY_CONTEXT, void *context) {
  note(PENNY_HERE, context);
  if (read_now(&starts[PN_BACKGROUND]) == 20) submit_many(PN_URGENT, 1);
}

static void order_of_starts(void) {
  int32_t first = 1;
  begin(1, "order");
  hold_all(1, PN_URGENT, &first, 0);
  for (int32_t i = 0; i < 300; i++) submit(note_and_submit, PN_BACKGROUND, NULL);
  submit_many(PN_NORMAL, 10);
  submit_many(PN_URGENT, 5);
  set(&gate, 1);
  CHECK(test_await(&noted, 316, 10000));
  for (int32_t i = 0; i < 15; i++) CHECK_EQUAL(order[i], i < 5 ? PN_URGENT : PN_NORMAL);
  for (int32_t i = 15; i < 316; i++) CHECK_EQUAL(order[i], i == 35 ? PN_URGENT : PN_BACKGROUND);
  test_stop();
}

static int32_t count_of(uint32_t priority, int32_t from, int32_t to) {
  int32_t count = 0;
  for (int32_t i = from; i < to; i++) count += order[i] == priority;
  return count;
}

/* Of 2,000 starts while all are queued, background ones get 1/64 at least, normal ones as much under
 * an urgent flood, and neither gets much more. That is certain for one worker: of several, one may be
 * suspended while it moves the flood to its root deque, and then the others take what they see. */
static void shares_of(unsigned workers, uint32_t flood) {
  static int32_t gates[] = {1, 2, 3};
  begin(workers, flood == PN_URGENT ? "shares under an urgent flood" : "shares");
  hold_all(workers, PN_URGENT, &gates[0], 0);
  hold_all(workers, PN_BACKGROUND, &gates[1], 3000);
  if (flood == PN_URGENT) hold_all(workers, PN_NORMAL, &gates[2], 3000);
  submit_many(flood, 3000);
  set(&gate, 3);
  CHECK(test_await(&noted, flood == PN_URGENT ? 9000 : 6000, 20000));
  int32_t background = count_of(PN_BACKGROUND, 0, 2000);
  int32_t normal = count_of(PN_NORMAL, 0, 2000);
  printf("# %u workers, flood of priority %u: %d normal and %d background starts of 2000\n",
         workers, flood, normal, background);
  CHECK(background >= 2000 / 64);
  if (flood == PN_URGENT) CHECK(normal >= 2000 / 64);
  if (workers == 1) CHECK(background <= 2000 / 32);
  if (workers == 1 && flood == PN_URGENT) CHECK(normal <= 2000 / 8);
  test_stop();
}

static void shares(void) {
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    shares_of(workers, PN_NORMAL);
    shares_of(workers, PN_URGENT);
  }
}

/* ---- at polls ---- */

static int32_t urgent_ran, nested_ran;
static double submitted_ms;
static int32_t submitted_polls, seen_polls[URGENTS];
static double seen_ms[URGENTS];

PENNY_TASK(int64_t, fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(fib, n - 1);
  int64_t a = PENNY_CALL(fib, n - 2);
  return a + PENNY_SYNC(fib);
}

/* Polls once a millisecond until told to end. */
static void poll_until_stopped(PENNY_CONTEXT, void *context) {
  (void)context;
  double end = penny_now_ms() + 30000;
  __atomic_fetch_add(&gate, 1, __ATOMIC_SEQ_CST); /* counts them here */
  while (!read_now(&stop_polling) && penny_now_ms() < end) {
    test_spin_ms(1);
    penny_poll();
    __atomic_fetch_add(&polls, 1, __ATOMIC_SEQ_CST);
  }
}

static void urgent(PENNY_CONTEXT, void *context) {
  int32_t at = *(int32_t *)context;
  seen_ms[at] = penny_now_ms() - submitted_ms;
  seen_polls[at] = read_now(&polls) - submitted_polls;
  if (penny_w->depth > 1) __atomic_fetch_add(&nested_ran, 1, __ATOMIC_SEQ_CST);
  CHECK_EQUAL(PENNY_CALL(fib, 12), 144); /* nested spawns and syncs, on top of what runs below */
  __atomic_fetch_add(&urgent_ran, 1, __ATOMIC_SEQ_CST);
}

static void at_polls(void) {
  static int32_t numbers[URGENTS];
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    begin(workers, "urgent roots at polls");
    set(&urgent_ran, 0);
    set(&nested_ran, 0);
    for (unsigned i = 0; i < workers; i++) submit(poll_until_stopped, PN_BACKGROUND, NULL);
    CHECK(test_await(&gate, (int32_t)workers, 10000)); /* each worker is in one */
    submit_many(PN_BACKGROUND, 2000);
    submit_many(PN_NORMAL, 100);
    int32_t in_time = 0;
    double longest_ms = 0;
    for (int32_t i = 0; i < URGENTS; i++) {
      numbers[i] = i;
      test_spin_ms(0.3 * (i % 5));
      submitted_polls = read_now(&polls);
      submitted_ms = penny_now_ms();
      submit(urgent, PN_URGENT, &numbers[i]);
      if (!CHECK(test_await(&urgent_ran, i + 1, 10000))) break;
      in_time +=
          seen_polls[i] <= (int32_t)workers; /* no worker polled twice, or one instead of one */
      if (seen_ms[i] > longest_ms) longest_ms = seen_ms[i];
    }
    printf("# %u workers: %d of %d urgent starts within a poll of each, at most %.2f ms\n", workers,
           in_time, URGENTS, longest_ms);
    CHECK_EQUAL(nested_ran, URGENTS); /* the workers never left the tasks that poll */
    CHECK(in_time >= URGENTS * 9 / 10);
    CHECK_EQUAL(all_starts, 0); /* nothing else started meanwhile */
    set(&stop_polling, 1);
    CHECK(test_await(&all_starts, 2100, 20000));
    test_stop();
  }
}

/* ---- in joins ---- */

static int32_t leaf_began;

PENNY_TASK(int32_t, leaf_without_polls) {
  set(&leaf_began, 1);
  return test_await(&urgent_ran, 1, 8000);
}

static void join_a_leaf(PENNY_CONTEXT, void *context) {
  PENNY_SPAWN(leaf_without_polls);
  double end = penny_now_ms() + 5000;
  while (!read_now(&leaf_began) && penny_now_ms() < end) penny_poll();
  CHECK_EQUAL(PENNY_SYNC(leaf_without_polls), 1);
  set((int32_t *)context, 1);
}

static void in_joins(uint64_t *random, int32_t scale) {
#ifdef __EMSCRIPTEN__
  const int32_t rounds = 5; /* pools start slowly there */
#else
  const int32_t rounds = 20;
#endif
  for (int32_t round = 0; round < rounds * scale; round++) {
    int32_t number = 0, is_joined = 0;
    begin(2, "urgent roots in joins");
    set(&urgent_ran, 0);
    set(&leaf_began, 0);
    submit(join_a_leaf, PN_NORMAL, &is_joined);
    CHECK(test_await(&leaf_began, 1, 5000));
    test_spin_ms(test_below(random, 4) * 0.05); /* it spins, announces itself, or sleeps */
    submit(urgent, PN_URGENT, &number);
    CHECK(test_await(&is_joined, 1, 10000));
    test_stop();
  }
}

/* ---- where none starts ---- */

static void deep_then_shallow(PENNY_CONTEXT, void *context) {
  (void)context;
  for (int32_t i = 0; i < 1500; i++) PENNY_SPAWN(fib, 1);
  set(&gate, 1);
  CHECK(test_await(&stop_polling, 1, 5000)); /* the urgent root is there */
  for (int32_t i = 0; i < 5; i++) penny_poll();
  CHECK_EQUAL(read_now(&urgent_ran), 0); /* little room: not here */
  for (int32_t i = 0; i < 1490; i++) PENNY_SYNC(fib);
  CHECK_EQUAL(read_now(&urgent_ran), 1);
  for (int32_t i = 0; i < 10; i++) PENNY_SYNC(fib);
  set(&all_starts, 1);
}

/* Two urgent ones: the second waits for the end of the first, although that polls. */
static void first_urgent(PENNY_CONTEXT, void *context) {
  for (int32_t i = 0; i < 10; i++) {
    if (i == 2) submit(urgent, PN_URGENT, context);
    penny_poll();
    CHECK_EQUAL(read_now(&urgent_ran), 0);
  }
}

static void limits(void) {
  int32_t number = 0;
  begin(1, "urgent roots and deep stacks");
  set(&urgent_ran, 0);
  submit(deep_then_shallow, PN_NORMAL, NULL);
  CHECK(test_await(&gate, 1, 5000));
  submit(urgent, PN_URGENT, &number);
  set(&stop_polling, 1);
  CHECK(test_await(&all_starts, 1, 10000));
  test_stop();

  begin(1, "an urgent root inside an urgent one");
  set(&urgent_ran, 0);
  set(&nested_ran, 0);
  submit(poll_until_stopped, PN_NORMAL, NULL);
  CHECK(test_await(&polls, 1, 5000));
  submit(first_urgent, PN_URGENT, &number);
  CHECK(test_await(&urgent_ran, 1, 5000));
  CHECK_EQUAL(nested_ran, 1); /* at the next poll of the task below, not after its end */
  set(&stop_polling, 1);
  test_stop();
}

/* ---- a mix ---- */

static int32_t mixed_done;

static void mixed(PENNY_CONTEXT, void *context) {
  CHECK_EQUAL(PENNY_CALL(fib, 8), 21);
  if (context) {
    penny_future *future = PENNY_DETACH(NULL, fib, 6);
    if (CHECK(future != NULL)) CHECK_EQUAL(PENNY_GET(fib, future), 8);
  }
  __atomic_fetch_add(&mixed_done, 1, __ATOMIC_SEQ_CST);
}

static void failing(PENNY_CONTEXT, void *context) {
  (void)context;
  PENNY_SPAWN(fib, 5);
  __atomic_fetch_add(&mixed_done, 1, __ATOMIC_SEQ_CST);
  penny_fail(PENNY_EFAIL, "as it should");
}

static void *produce(void *argument) {
  uint64_t random = *(uint64_t *)argument;
  for (int32_t i = 0; i < 3000; i++) {
    uint32_t kind = test_below(&random, 8);
    submit(kind == 0 ? failing : mixed, test_below(&random, PN_PRIORITIES),
           kind < 3 ? argument : NULL);
    if (test_below(&random, 64) == 0) test_spin_ms(test_below(&random, 200) / 1000.0);
  }
  return NULL;
}

static void mix(uint64_t *random, int32_t scale) {
  for (unsigned workers = 1; workers <= 4; workers *= 2) {
    for (int32_t round = 0; round < scale; round++) {
      begin(workers, "a mix of priorities");
      set(&mixed_done, 0);
      pthread_t threads[2];
      uint64_t seeds[2] = {test_random(random), test_random(random)};
      for (int32_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, produce, &seeds[i]) == 0);
      for (int32_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
      CHECK(test_await(&mixed_done, 6000, 30000));
      test_stop();
    }
  }
}

int main(int argc, char **argv) {
  uint64_t random = test_begin("stress_priority", argc, argv);
  int32_t scale = test_scale();
  order_of_starts();
  test_report("order of starts");
  shares();
  test_report("shares of 2,000 starts");
  at_polls();
  test_report("urgent roots at polls");
  in_joins(&random, scale);
  test_report("urgent roots in joins");
  limits();
  test_report("urgent roots wait for room");
  mix(&random, scale);
  test_report("a mix of priorities");
  return test_end();
}
