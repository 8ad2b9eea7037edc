/*
 * unit_args.c: every mix of argument types for 0 to 8 arguments and every type of result, called,
 * spawned (stolen and not), detached and run from outside. The tasks, in a file of their own, and
 * the checks are written by make_args.js.
 */
#include "args.h"

#include "args_tasks.h"

TEST_GLOBALS

const char args_letters[27] = "abcdefghijklmnopqrstuvwxyz";

static int32_t ran;

int32_t args_one(int32_t x) {
  return x;
}

int32_t args_two(int32_t x) {
  return x * 2;
}

void args_ran(void) {
  __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
}

/* 0: nobody may have the time to steal; 1: the spawner waits until its task has run, so it was
 * stolen. */
static int32_t wait_for_thief;
static int32_t ran_before;

static void args_wait(PENNY_CONTEXT) {
  penny_poll(); /* offers the task that was just spawned */
  if (!wait_for_thief) return;
  double end = penny_now_ms() + 2000;
  while (__atomic_load_n(&ran, __ATOMIC_SEQ_CST) == ran_before && penny_now_ms() < end)
    penny_poll();
  CHECK(__atomic_load_n(&ran, __ATOMIC_SEQ_CST) == ran_before + 1);
}

#include "args_checks.h"

/* What JavaScript is told of a parameter does not depend on its qualifiers. */
PENNY_TASK(int32_t, qualified, (const int32_t, n), (volatile double, x), (const int8_t, c)) {
  return n + (int32_t)x + c;
}

TEST_TASK(unit_args) {
  (void)seed, (void)scale;
  const size_t count = sizeof args_checks / sizeof args_checks[0];
  CHECK_EQUAL(qualified_pn_type.parameters[0], PN_CODE(int32_t));
  CHECK_EQUAL(qualified_pn_type.parameters[1], PN_CODE(double));
  CHECK_EQUAL(qualified_pn_type.parameters[2], PN_CODE(int8_t));
  CHECK_EQUAL(PENNY_CALL(qualified, 1, 2.0, 3), 6);
  for (int32_t way = 0; way < 3; way++) {
    for (wait_for_thief = 0; wait_for_thief <= (penny_workers() > 1 && way > 0); wait_for_thief++) {
      test_enter(way == 0 ? "call" : way == 1 ? "spawn" : "detach");
      penny_stats_t before, after;
      penny_stats(&before);
      for (size_t i = 0; i < count; i++) {
        ran_before = __atomic_load_n(&ran, __ATOMIC_SEQ_CST);
        args_checks[i](PENNY_HERE, way);
        CHECK_EQUAL(__atomic_load_n(&ran, __ATOMIC_SEQ_CST), ran_before + 1);
      }
      penny_stats(&after);
      if (way == 1 && wait_for_thief) CHECK(after.steals >= before.steals + count);
    }
  }
  return test_failures();
}

PENNY_EXPORT(test_unit_args)
#ifndef TEST_WEB
extern const char *const test_program;
int32_t test_entry(uint32_t seed, int32_t scale);
const char *const test_program = "unit_args";

int32_t test_entry(uint32_t seed, int32_t scale) {
  test_enter("run");
  args_run();
  return PENNY_RUN(test_unit_args, seed, scale);
}
#endif
