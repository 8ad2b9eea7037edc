/*
 * scheduler.c: the scheduler of one worker. The theory is Blumofe and Leiserson 1999
 * (doi:10.1145/324133.324234); waiting joins steal back from their thief first (leapfrogging:
 * Wagner and Calder 1993, doi:10.1145/155332.155354).
 * I1  What runs under a trampoline has an entry (base, root, task, head); entries nest like
 *     the stack, bases never fall.
 * I2  While a stolen task runs, its victim stays inside the entry that the task belongs to: an
 *     entry does not end before its stolen children have.
 * I3  Every entry is ended exactly once, by end_entry, whatever throws.
 * I4  Every wait goes from a frame to one that started later, so waits cannot form a circle.
 */
#include "scheduler.h"

#include "park.h"
#include "port.h"
#include "priority.h"
#include "queue.h"
#include "root.h"
#include "task_stack.h"
#include "trace.h"

enum {
  SPINS_BEFORE_PARK = 200,
  /* Of so many rounds one each begins with what usually comes later, so that nothing starves. */
  FAIR_ROUNDS = 61,
  NORMAL_ROUND = 15,
  INBOX_ROUND = 30,
  STEAL_ROUND = 45,
  /* Background roots get one start of a worker in so many (1/64 is promised of all starts, whatever
   * stage each worker has reached), and up to so many in a row to make up for what started at polls
   * meanwhile. */
  BACKGROUND_SHARE = 48,
  BACKGROUND_DEBTS = 4,
  CRUMBS_BEFORE_HESITATION = 8,
  /* A join below that many entries and tasks steals back from its thief only: other work of the root
   * could nest as deep again, and C stacks are finite. */
  HELP_DEPTH = 4,
  HELP_TASKS = 1000,
  /* Joins that help have these; what is left is for futures, which nest where they are waited for. */
  HELP_ENTRIES = PN_ENTRIES / 2
};
/* How often a join that waits looks before it parks: on the web for about as long as a wake-up takes (50 us). Natively
 * it yields from the 20th look on. */
#ifdef __wasm__
#define JOIN_LOOKS 1000
#else
#define JOIN_LOOKS SPINS_BEFORE_PARK
#endif
/* Milliseconds: a stolen task shorter than this was a crumb: about what its steal costs the victim. One of
 * JavaScript is encoded there, decoded here, and its result the same way back. */
#define CRUMB_MS    0.001
#define JS_CRUMB_MS 0.01
/* The longest hesitation after one, in crumbs. */
#define HESITATION_MAX 20

static uint32_t next_random(pn_worker *w) {
  uint32_t x = w->random; /* xorshift, Marsaglia 2003 (doi:10.18637/jss.v008.i14) */
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return w->random = x;
}

void pn_sched_request_others(pn_control *control, const pn_worker *w, uint32_t bits) {
  uint32_t workers =
      pn_load_acquire(&control->workers); /* pairs with the host's store when the pool grows */
  for (uint32_t i = 0; i < workers; i++) {
    pn_worker *other = pn_worker_at(control, i);
    if (other != w) pn_stack_request(other, bits);
  }
}

void pn_sched_request_all(pn_control *control, uint32_t bits) {
  pn_sched_request_others(control, NULL, bits);
}

/* ---- entries: tasks under a trampoline ---- */

static void set_root(pn_worker *w) {
  pn_root *root = w->depth ? w->entries[w->depth - 1].root : NULL;
  /* Release: joiners only compare it (pn_sched_sees_work_of); park.c reads it after our state. */
  pn_store_release(&w->root, root);
}

/* A stolen JavaScript task has its number first in its record (js_tasks.c). */
static void trace_begin(pn_worker *w, const pn_root *root, const pn_task *task, uint32_t victim) {
  const char *name = task->type ? task->type->name : root->name;
  if (victim)
    pn_trace_add(w, PN_TRACE_TASK, *(const uint32_t *)(const void *)task->payload, name);
  else
    pn_trace_add(w, PN_TRACE_ROOT, root->target, name);
}

static pn_entry *begin_entry(pn_worker *w, pn_task *head, pn_root *root, pn_task *task,
                             uint32_t victim) {
  pn_entry *entry = &w->entries[w->depth];
  entry->task = task;
  entry->head = head;
  entry->victim = victim;
  entry->scratch = w->scratch;
  entry->future = NULL;
  pn_store_relaxed(&entry->root, root); /* published by the store of base */
  /* Release: pairs with the acquire in root_of; a thief that sees this base sees the root. */
  pn_store_release(&entry->base, pn_stack_index(w, head));
  w->depth++;
  set_root(w);
  if (PN_UNLIKELY(w->trace)) trace_begin(w, root, task, victim);
  return entry;
}

/* The root of the task that the caller won at `index` of the victim's stack: the newest entry that
 * began at or below it (I2: that entry cannot end meanwhile, nor can older ones; newer ones have
 * greater bases, ended ones the greatest). From the oldest on: few nest, 64 could. */
static pn_root *root_of(pn_worker *victim, uint32_t index) {
  pn_root *root = pn_sched_root_of(victim, index);
  if (!root) pn_port_fatal("penny: the task has no root");
  return root;
}

pn_root *pn_sched_root_of(pn_worker *victim, uint32_t index) {
  uint32_t origin = victim->control->index_base;
  pn_root *root = NULL;
  for (uint32_t level = 0; level < PN_ENTRIES; level++) {
    /* Acquire: pairs with the release in begin_entry. */
    uint32_t base = pn_load_acquire(&victim->entries[level].base);
    if (base - origin > index - origin) break;
    root = pn_load_relaxed(&victim->entries[level].root); /* published with base */
  }
  return root;
}

/* Ends the newest entry: the stack is put back, the result told. The last touch of the task is the
 * exchange of its status. */
static void end_entry(pn_worker *w, bool is_failed) {
  pn_entry *entry = &w->entries[w->depth - 1];
  pn_task *task = entry->task;
  pn_root *root = entry->root;
  uint32_t victim = entry->victim;
  if (is_failed) {
    pn_stack_unwind(w, entry->head, entry->base);
    while (w->scratch != entry->scratch) pn_scratch_pop(w);
    if (entry->future) pn_future_release(entry->future);
  }
  /* Release: after the unwind; nobody holds a task of this entry any more (I2). */
  pn_store_release(&entry->base, pn_entry_unused(w->control));
  w->depth--;
  set_root(w);
  pn_trace(w, PN_TRACE_END, 0, NULL);
  if (victim == 0) {
    pn_root_end(w, root);
  } else {
    pn_worker *owner = pn_worker_at(w->control, victim - 1);
    /* Acquire-release: publishes the result and the task's effects to the joiner; sequentially
     * consistent so that it comes before the look at the joiner's state (park.c: pn_park_join). */
    uint32_t before =
        pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
    if (before & PN_WAITED) pn_park_wake_joiner(owner);
  }
  if (!w->depth) return;
  /* A poll that the ended task consumed may have been meant for the one below. */
  if (pn_root_is_cancelled(w->root)) pn_stack_request(w, PN_WANT_POLL);
  /* And an urgent root that it could not run may be for it. Sequentially consistent: after the
   * lowering in pn_sched_run_urgent. */
  if (pn_load_seq_cst(&w->control->urgent)) pn_stack_request(w, PN_WANT_URGENT);
}

/* Ends entries above `level` that were thrown over (their own trampoline had no stack left to run
 * on). */
static void end_thrown_over(pn_worker *w, uint32_t level) {
  while (w->depth > level) {
    pn_root_fault(w, PENNY_ESTACK, NULL, 0);
    end_entry(w, true);
  }
}

static void run_body(pn_worker *w, pn_task *head, void *argument) {
  pn_task *task = argument;
  task->type->run(w, head, task);
}

static void run_entry(pn_worker *w, pn_task *head, void (*body)(pn_worker *, pn_task *, void *),
                      void *argument) {
  uint32_t level = w->depth;
  uint32_t open_spawns = w->open_spawns;
  bool is_failed = true;
  if (!pn_root_is_cancelled(w->root)) {
    is_failed = pn_port_enter(body, w, head, argument) != 0;
    end_thrown_over(w, level);
  } else {
    pn_root_fault(w, PENNY_ECANCELLED, NULL, 0);
  }
  if (is_failed) {
    w->open_spawns = open_spawns;
    pn_root_fault(w, PENNY_ESTACK, NULL, 0); /* thrown with no cause: kept only if there is none */
  }
  end_entry(w, is_failed);
}

void pn_sched_run_root(pn_worker *w, pn_task *head, pn_root *root) {
  pn_store_relaxed(&root->task.thief, w->id + 1); /* a hint for waiters, as in run_stolen */
  pn_store_relaxed(&w->roots, w->roots + 1);      /* own variable */
  w->starts = root->priority != PN_BACKGROUND ? w->starts + 1
              : w->starts > BACKGROUND_SHARE  ? w->starts - BACKGROUND_SHARE
                                              : 0;
  begin_entry(w, head, root, &root->task, 0);
  run_entry(w, head, pn_root_body(root), root);
}

static void run_stolen(pn_worker *w, pn_task *head, pn_worker *victim, pn_task *task, pn_root *root,
                       bool is_last) {
  pn_store_relaxed(&w->steals, w->steals + 1); /* own variable */
  w->starts++;
  pn_store_relaxed(&task->thief, w->id + 1); /* a hint for the joiner: whom to steal back from */
  /* Never a blind store: the joiner may have marked it waited. Release: after the name, for whoever
   * buries this worker. PN_FREE is 0. */
  pn_or_seq_cst(&task->status, (uint32_t)PN_RUNNING);
  begin_entry(w, head, root, task, victim->id + 1);
  /* Now: when it has run its record may be another task's. */
  double crumb_ms = task->type->result == PN_RESULT_ENCODED ? JS_CRUMB_MS : CRUMB_MS;
  double start_ms = pn_port_now_ms();
  run_entry(w, head, run_body, task);
  double end_ms = pn_port_now_ms();
  /* A thief of crumbs costs its victim more than it helps when that has to publish anew for each:
   * after some in a row (one may be what a coarse clock makes of a longer task) it hesitates, twice
   * as long each time. */
  if (end_ms - start_ms > crumb_ms) {
    w->crumbs = 0;
    w->hesitation_ms = 0;
  } else if (++w->crumbs > CRUMBS_BEFORE_HESITATION &&
             w->hesitation_ms < HESITATION_MAX * crumb_ms) {
    w->hesitation_ms = w->hesitation_ms * 2 + crumb_ms;
  }
  if (is_last) w->hesitates_until_ms = end_ms + w->hesitation_ms;
}

/* ---- finding work ---- */

void pn_sched_pass_on(pn_control *control) {
  uint32_t workers =
      pn_load_relaxed(&control->workers); /* a worker that joins later looks itself */
  for (uint32_t i = 0; i < workers; i++) {
    const pn_worker *other = pn_worker_at(control, i);
    /* Acquire: only compared. */
    if (pn_stack_is_public(other)) pn_park_wake_thief(control, pn_load_acquire(&other->root));
  }
}

/* Tells one more worker when there is more to do than this one takes. */
static void wake_next(pn_worker *w) {
  const pn_control *control = w->control;
  /* Sequentially consistent: after this worker's push (take_inbox); a sleeper announces itself
   * before it looks for what was pushed (park.c: I3). */
  if (!pn_load_seq_cst(&control->idle) && !pn_load_seq_cst(&control->joining)) return;
  if (pn_priority_sees(control, 0, PN_PRIORITIES) && pn_park_wake_one(w->control)) return;
  pn_sched_pass_on(w->control);
}

/* Runs what was taken, unless somebody who waited for it has; false when it is NULL. */
static bool start_root(pn_worker *w, pn_task *head, pn_root *root) {
  if (!root) return false;
  if (root->priority == PN_URGENT) {
    pn_sub_seq_cst(&w->control->urgent,
                   1u); /* read-modify-write of a shared count (priority.c: I1) */
    if (pn_priority_sees_urgent(w->control)) pn_priority_urge(w->control);
  }
  wake_next(w);
  if (pn_root_claim(w, root)) {
    pn_sched_run_root(w, head, root);
  } else {
    pn_root_release(root); /* somebody who waited for it has run it */
  }
  return true;
}

/* ---- urgent roots ---- */

/* Is so much of the task stack in use that an urgent root had better start elsewhere? */
static bool is_deep(const pn_worker *w, const pn_task *head) {
  return pn_stack_index(w, head) - w->control->index_base > HELP_TASKS || !pn_port_has_stack();
}

void pn_sched_run_urgent(pn_worker *w, pn_task *head) {
  /* Lowered before the look: what is pushed after it raises again. Sequentially consistent: pairs
   * with the load and the fetch-or of pn_priority_raise. */
  pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_URGENT);
  /* end_entry raises it again. */
  if (w->depth >= HELP_ENTRIES || (w->depth && w->root->priority == PN_URGENT)) return;
  if (!is_deep(w, head)) {
    if (pn_priority_sees_urgent(w->control)) start_root(w, head, pn_priority_take(w, PN_URGENT));
  } else if (pn_priority_sees_urgent(w->control)) {
    pn_or_seq_cst(&w->want, PN_WANT_URGENT); /* less deep polls shall look; bounds follow */
  }
}

/* ---- stealing ---- */

/* A joiner has won a task of another root: it must not run it, for its own root may be what that
 * task waits for. Whoever joins the task gets it back. */
static void give_back(pn_worker *victim, pn_task *task) {
  uint32_t before = PN_FREE;
  /* Sequentially consistent: before the look at the joiner's state, as in end_entry. */
  while (!pn_cas_seq_cst(&task->status, &before, PN_RETURNED | (before & PN_WAITED))) {
  }
  if (before & PN_WAITED) pn_park_wake_joiner(victim);
}

/* Tries to steal a fork-join task from `victim`; with a root, only one of it. */
static bool steal_from(pn_worker *w, pn_task *head, pn_worker *victim, const pn_root *root) {
  if (victim == w || !pn_stack_is_public(victim)) return false;
  /* Acquire: only compared, to save wins in vain; the root of the task itself is checked below. */
  if (root && pn_load_acquire(&victim->root) != root) return false;
  pn_task *task;
  uint32_t index;
  if (pn_stack_steal(victim, &task, &index) != PN_TAKEN) return false;
  pn_root *found = root_of(victim, index);
  if (root && found != root) {
    give_back(victim, task);
    return false;
  }
  w->last_victim = victim->id;
  bool is_last = !pn_stack_is_public(victim);
  /* More to steal there: wake one more, an idle worker or a joiner of that root. */
  if (!is_last) pn_park_wake_thief(w->control, found);
  /* This worker was perhaps woken for a root, and for the task nobody (PARKING.md). */
  if (!root && pn_park_is_crowded(w->control) && pn_priority_sees(w->control, 0, PN_PRIORITIES))
    pn_park_wake_one(w->control);
  run_stolen(w, head, victim, task, found, is_last);
  return true;
}

/* Asks a busy worker that offers nothing and was not asked yet, because it rests (task_stack.c:
 * may_rest). Not too often: what it then offers may be gone before this worker comes. */
static void ask(pn_worker *w, pn_worker *victim, const pn_root *root) {
  /* Acquire: only compared. */
  const pn_root *shown = pn_load_acquire(&victim->root);
  if (!shown || (root && shown != root)) return;
  /* Relaxed: a guess; who sleeps asks surely (park.c: begin_sleep). */
  if (pn_load_relaxed(&victim->want) & PN_WANT_STEAL) return;
  double now_ms = pn_port_now_ms();
  if (now_ms < w->asks_at_ms) return;
  w->asks_at_ms = now_ms + CRUMB_MS;
  pn_stack_request(victim, PN_WANT_STEAL);
}

static bool steal_any(pn_worker *w, pn_task *head, const pn_root *root) {
  uint32_t workers =
      pn_load_relaxed(&w->control->workers); /* a worker that joins later is seen later */
  if (workers < 2) return false;
  if (!root && w->hesitation_ms > 0) {
    while (pn_port_now_ms() < w->hesitates_until_ms) pn_port_pause(SPINS_BEFORE_PARK);
  }
  if (steal_from(w, head, pn_worker_at(w->control, w->last_victim), root)) return true;
  uint32_t at = next_random(w) % workers;
  for (uint32_t i = 0; i < workers; i++) {
    pn_worker *victim = pn_worker_at(w->control, at);
    if (steal_from(w, head, victim, root)) return true;
    if (!root && victim != w && start_root(w, head, pn_priority_take_deque(victim, PN_NORMAL)))
      return true;
    if (victim != w) ask(w, victim, root);
    if (++at == workers) at = 0;
  }
  return false;
}

/* Begins with what comes later in other rounds. */
static bool step_fairly(pn_worker *w, pn_task *head) {
  uint32_t round = ++w->ticks % FAIR_ROUNDS;
  bool is_background = w->starts >= BACKGROUND_SHARE - 1;
  if (!is_background && round != NORMAL_ROUND && round != INBOX_ROUND && round != STEAL_ROUND)
    return false;
  /* This worker was perhaps woken for it, and now begins with something else (priority.c: I2). */
  if (pn_priority_sees_urgent(w->control)) pn_priority_urge(w->control);
  if (is_background) {
    if (w->starts > BACKGROUND_DEBTS * BACKGROUND_SHARE)
      w->starts = BACKGROUND_DEBTS * BACKGROUND_SHARE;
    if (start_root(w, head, pn_priority_take(w, PN_BACKGROUND))) return true;
    w->starts = 0; /* there is none */
  }
  if (round == NORMAL_ROUND) return start_root(w, head, pn_priority_take(w, PN_NORMAL));
  if (round == INBOX_ROUND) return start_root(w, head, pn_priority_take_inbox(w, PN_NORMAL));
  return round == STEAL_ROUND && steal_any(w, head, NULL);
}

bool pn_sched_step(pn_worker *w) {
  pn_task *head = w->chunk->tasks;
  if (step_fairly(w, head)) return true;
  if (pn_priority_sees_urgent(w->control) && start_root(w, head, pn_priority_take(w, PN_URGENT)))
    return true;
  return start_root(w, head, pn_priority_take_deque(w, PN_NORMAL)) ||
         start_root(w, head, pn_priority_take_inbox(w, PN_NORMAL)) || steal_any(w, head, NULL) ||
         start_root(w, head, pn_priority_take(w, PN_BACKGROUND));
}

bool pn_sched_is_leaving(const pn_worker *w) {
  /* Sequentially consistent, both: a sleeper's look after its announcement; pairs with the stores in
   * pn_pool_shrink and pn_pool_shutdown. At the end of the pool it helps to empty the queues. */
  return w->id >= pn_load_seq_cst(&w->control->target) && !pn_load_seq_cst(&w->control->shutdown);
}

void pn_sched_leave(pn_worker *w) {
  pn_heap_context_settle(&w->heap);
  /* It was perhaps woken for work that it will not look for any more: somebody else is, a joiner of
   * that root if nobody is idle. */
  pn_control *control = w->control;
  if (pn_priority_sees_urgent(control)) pn_priority_urge(control);
  pn_park_wake_one(control);
  /* One less is awake: what owners keep to themselves may be wanted now (task_stack.c: I4). */
  pn_sched_request_others(control, w, PN_WANT_STEAL);
  pn_sched_pass_on(control);
}

bool pn_sched_sees_work(const pn_worker *w) {
  const pn_control *control = w->control;
  if (pn_sched_is_leaving(w)) return true;
  if (!pn_queue_is_empty(&w->ended)) return true;
  /* Sequentially consistent: pairs with the store in pn_pool_shutdown; a sleeper announces itself
   * before this look. */
  if (pn_load_seq_cst(&control->shutdown) || pn_priority_sees(control, 0, PN_PRIORITIES))
    return true;
  uint32_t workers = pn_load_relaxed(&control->workers); /* as above */
  for (uint32_t i = 0; i < workers; i++) {
    const pn_worker *other = pn_worker_at(control, i);
    if (other != w && pn_stack_is_public(other)) return true;
  }
  return false;
}

bool pn_sched_sees_work_of(const pn_worker *w, const pn_root *root) {
  uint32_t workers = pn_load_relaxed(&w->control->workers); /* as above */
  for (uint32_t i = 0; i < workers; i++) {
    const pn_worker *other = pn_worker_at(w->control, i);
    /* Acquire: only compared (steal_from). */
    if (other != w && pn_stack_is_public(other) && pn_load_acquire(&other->root) == root)
      return true;
  }
  return false;
}

void pn_sched_loop(pn_worker *w) {
  for (uint32_t spins = 0;;) {
    if (pn_sched_step(w)) {
      spins = 0;
    } else if (pn_load_acquire(
                   &w->control->shutdown)) { /* pairs with the store in pn_pool_shutdown */
      return;
    } else if (++spins < SPINS_BEFORE_PARK) {
      pn_port_pause(spins);
    } else {
      pn_park_idle(w);
      spins = 0;
    }
  }
}

/* ---- waiting and failing ---- */

uint32_t pn_sched_wait(pn_worker *w, pn_task *head, pn_task *task, pn_root *root) {
  bool is_full = is_deep(w, head);
  bool heeds_urgent = root && !is_full && w->depth < HELP_ENTRIES;
  bool helps_all = w->depth < HELP_DEPTH || !is_full;
  bool has_room = false;
  /* What is over soon is waited for without asking. */
  w->asks_at_ms = pn_port_now_ms() + CRUMB_MS;
  for (uint32_t spins = 0;;) {
    /* Acquire: pairs with the exchange in end_entry; the result and the task's effects are
     * visible. */
    uint32_t status = pn_load_acquire(&task->status) & ~(uint32_t)PN_WAITED;
    if (status >= PN_RETURNED) return status;
    if (root && w->depth < HELP_ENTRIES) {
      if (!has_room)
        pn_port_probe_stack(); /* a fault from here on could lose a task that was just won */
      has_room = true;
      /* Relaxed: a request seen late is seen in the next round, or when it parks. */
      if (heeds_urgent && (pn_load_relaxed(&w->want) & PN_WANT_URGENT)) {
        pn_sched_run_urgent(w, head);
        continue;
      }
      /* Relaxed: a hint, written after the win; until then it is whatever the slot held before. */
      uint32_t thief = pn_load_relaxed(&task->thief) - 1;
      if ((thief < w->control->max_workers &&
           steal_from(w, head, pn_worker_at(w->control, thief), root)) ||
          (helps_all && steal_any(w, head, root))) {
        pn_store_relaxed(&w->joins_helped, w->joins_helped + 1); /* own variable */
        spins = 0;
        continue;
      }
    }
    if (++spins < JOIN_LOOKS) {
      pn_port_pause(spins);
    } else {
      pn_park_join(w, task, w->depth < HELP_ENTRIES && helps_all ? root : NULL, heeds_urgent);
      spins = 0;
    }
  }
}

void pn_sched_abandon(pn_worker *w, uint32_t level) {
  for (uint32_t i = w->depth; i >= level && i > 0; i--)
    pn_stack_unwind(w, w->entries[i - 1].head, w->entries[i - 1].base);
}

void pn_sched_recover(pn_worker *w, uint32_t level) {
  pn_sched_abandon(w, level + 1);
  end_thrown_over(w, level);
}

void pn_sched_check_cancel(pn_worker *w) {
  /* Lowered before the look at the cause: a cause set later raises it again. Sequentially
   * consistent: pairs with the fetch-or in pn_stack_request, which comes after the cause. */
  pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_POLL);
  if (!w->depth || !pn_root_is_cancelled(w->root)) return;
  pn_root_fault(w, PENNY_ECANCELLED, NULL, 0);
  pn_port_throw();
}

void pn_sched_fail_again(pn_worker *w) {
  pn_root_fault(w, PENNY_EFAIL, NULL, 0); /* kept only if the root has no error yet: it has */
  pn_port_throw();
}
