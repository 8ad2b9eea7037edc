/*
 * park.c: sleeping and waking. States, steps per side, the interleavings that must not happen and
 * the proof: PARKING.md.
 * I1  control->idle >= number of workers in PN_SLEEPING; control->joining >= number in
 *     PN_JOINING.
 * I2  Whoever moves a state word from PN_SLEEPING or PN_JOINING to PN_AWAKE (always by
 *     compare-exchange) takes one off the count of its class, once.
 * I3  A sleeper announces itself first and looks for work after; a publisher publishes first
 *     and reads the counts after.
 * I4  While public tasks are visible to a sleeper that could take them, as many workers are awake as
 *     there are cores, or somebody is about to look at the tasks or to wake one.
 */
#include "park.h"

#include "deque.h"
#include "port.h"
#include "scheduler.h"
#include "task_stack.h"
#include "trace.h"

static uint32_t *class_count(pn_control *control, uint32_t state) {
  return state == PN_SLEEPING ? &control->idle : &control->joining;
}

/* Ends the sleep of `w` in class `state`: true for the one caller that did it (I2). */
static bool end_sleep(pn_worker *w, uint32_t state) {
  uint32_t expected = state;
  /* Sequentially consistent: exactly one of the wakers and the sleeper itself takes the count
   * down. */
  if (!pn_cas_seq_cst(&w->state, &expected, PN_AWAKE)) return false;
  pn_sub_seq_cst(class_count(w->control, state), 1u); /* read-modify-write of a shared count (I2) */
  return true;
}

static void begin_sleep(pn_worker *w, uint32_t state) {
  /* Count up first (I1), then the state; both sequentially consistent, so they come before the
   * looks that follow (I3). */
  pn_add_seq_cst(class_count(w->control, state), 1u);
  pn_store_seq_cst(&w->state, state); /* pairs with the loads of the wakers, as above */
  /* And ask the others: owners rest only while nobody sleeps (task_stack.c: I4). */
  pn_sched_request_others(w->control, w, PN_WANT_STEAL);
}

bool pn_park_announce(pn_worker *w) {
  pn_heap_context_settle(&w->heap);
  begin_sleep(w, PN_SLEEPING);
  if (!pn_sched_sees_work(w)) return true;
  end_sleep(w, PN_SLEEPING); /* false: somebody woke us meanwhile, and counted */
  return false;
}

void pn_park_count(pn_worker *w, uint32_t state) {
  pn_store_relaxed(&w->parks, w->parks + 1); /* own variable */
  pn_trace(w, PN_TRACE_PARK, state, NULL);
}

static void sleep_while(pn_worker *w, uint32_t state) {
  pn_park_count(w, state);
  /* Acquire: pairs with the waker's compare-exchange; what it published before is visible. A
   * wake-up for no reason changes nothing: the state decides. */
  while (pn_load_acquire(&w->state) == state) pn_port_wait(&w->state, state, -1);
  pn_trace(w, PN_TRACE_UNPARK, 0, NULL);
}

void pn_park_idle(pn_worker *w) {
  if (!pn_park_announce(w)) return;
  sleep_while(w, PN_SLEEPING);
}

void pn_park_join(pn_worker *w, pn_task *task, pn_root *root, bool heeds_urgent) {
  pn_heap_context_settle(&w->heap);
  /* Mark the task waited, from free or running only: an ended one is not waited for any more. */
  uint32_t status =
      pn_load_acquire(&task->status); /* pairs with the executor's exchange in end_entry */
  do {
    if ((status & ~(uint32_t)PN_WAITED) >= PN_RETURNED) return;
    if (status & PN_WAITED) break;
    /* Sequentially consistent: with the state store below it comes before the re-check; the
     * executor exchanges the status first and reads our state after, so one of the two sees the
     * other. */
  } while (!pn_cas_seq_cst(&task->status, &status, status | PN_WAITED));
  /* It shows the root that it helps: none, so that no wake-up meant for a helper is spent on one that
   * is not. The release comes before the state that makes it visible. */
  pn_store_release(&w->helps, root);
  begin_sleep(w, PN_JOINING);
  /* Sequentially consistent: after the announcement (I3); pairs with the exchange in end_entry. */
  bool is_over = (pn_load_seq_cst(&task->status) & ~(uint32_t)PN_WAITED) >= PN_RETURNED;
  /* Sequentially consistent: after the announcement; pn_sched_raise_urgent raises first and looks at
   * our state after. */
  if (heeds_urgent && (pn_load_seq_cst(&w->want) & PN_WANT_URGENT)) is_over = true;
  if (is_over || (root && pn_sched_sees_work_of(w, root))) {
    end_sleep(w, PN_JOINING); /* false: somebody woke us meanwhile, and counted */
  } else {
    /* One less is awake now: tasks that it may not take may keep another one awake (I4). */
    if (pn_park_is_crowded(w->control)) pn_sched_pass_on(w->control);
    sleep_while(w, PN_JOINING);
  }
}

/* More workers than cores would only take them from each other: what was spawned wakes nobody while
 * as many are awake. */
bool pn_park_is_crowded(const pn_control *control) {
  /* Relaxed: only the host changes it. Whoever sees the old number while it shrinks passes on in vain; while it grows, the
   * new workers look themselves. */
  return control->cores < pn_load_relaxed(&control->target);
}

bool pn_park_lacks_thief(const pn_control *control) {
  /* Sequentially consistent, all: after the caller's publication (I3), and idle before joining: whoever
   * is in neither announces itself later, and looks (I4). */
  uint32_t target = pn_load_seq_cst(&control->target);
  uint32_t asleep = pn_load_seq_cst(&control->idle);
  asleep += pn_load_seq_cst(&control->joining); /* as above */
  return asleep && asleep + control->cores > target;
}

/* Wakes one worker of the class, the first from `first` on; with a root, only a joiner of that root. */
static bool wake_one_of(pn_control *control, uint32_t state, uint32_t first, const pn_root *root) {
  /* Sequentially consistent: after the caller's publication (I3); pairs with begin_sleep. */
  if (pn_load_seq_cst(class_count(control, state)) == 0) return false;
  uint32_t workers =
      pn_load_relaxed(&control->workers); /* who sees a new one's count in its class sees it here */
  for (uint32_t i = 0; i < workers; i++) {
    pn_worker *w = pn_worker_at(control, (first + i) % workers);
    /* Sequentially consistent: as for the count; pairs with begin_sleep. */
    if (pn_load_seq_cst(&w->state) != state) continue;
    /* Acquire: the owner wrote helps before its state; only compared, never followed. */
    if (root && pn_load_acquire(&w->helps) != root) continue;
    if (!end_sleep(w, state)) continue;
    pn_port_wake(&w->state, 1);
    return true;
  }
  return false;
}

bool pn_park_wake_one(pn_control *control) {
  return wake_one_of(control, PN_SLEEPING, 0, NULL);
}

bool pn_park_wake_thief(pn_control *control, const pn_root *root) {
  if (!pn_park_lacks_thief(control)) return false;
  /* Each in turn, where not all can be awake. Relaxed: any start will do. */
  uint32_t first = pn_add_relaxed(&control->turn, (uint32_t)pn_park_is_crowded(control));
  return wake_one_of(control, PN_SLEEPING, first, NULL) ||
         (root && wake_one_of(control, PN_JOINING, first, root));
}

void pn_park_wake(pn_worker *w) {
  if (end_sleep(w, PN_SLEEPING)) pn_port_wake(&w->state, 1);
}

void pn_park_wake_joiner(pn_worker *joiner) {
  if (end_sleep(joiner, PN_JOINING)) pn_port_wake(&joiner->state, 1);
}

void pn_park_end_of_dead(pn_worker *dead) {
  /* Killed between the count and the state it leaves a count too high: that costs wakers a look
   * that finds nobody, and nothing else (I1). */
  if (!end_sleep(dead, PN_SLEEPING)) end_sleep(dead, PN_JOINING);
}

void pn_park_wake_all(pn_control *control) {
  for (uint32_t i = 0; i < control->max_workers; i++) {
    pn_worker *w = pn_worker_at(control, i);
    if (!end_sleep(w, PN_SLEEPING)) end_sleep(w, PN_JOINING);
    pn_port_wake(&w->state,
                 1); /* in any case: a killed waker may have ended the sleep and no more */
  }
}

uint32_t pn_park_rouse(pn_control *control, uint32_t before) {
  uint32_t steals = 0;
  uint32_t workers =
      pn_load_relaxed(&control->workers); /* a new one's steals are counted the next time */
  for (uint32_t i = 0; i < workers; i++)
    steals +=
        (uint32_t)pn_load_relaxed(&pn_worker_at(control, i)->steals); /* each its owner's count */
  if (steals == before && pn_park_is_crowded(control)) pn_park_wake_all(control);
  return steals;
}
