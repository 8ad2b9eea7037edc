/*
 * bury.c: what the host does for a worker that was killed at any step: end what it had begun, so
 * that nobody waits for it for ever, and make its block ready for a replacement.
 *
 * Called by one thread (the host), which never waits here: it calls again until nothing is left.
 * What the dead worker had only queued needs nothing: its root deque can be stolen from, and the
 * host submits anew, from its own ledger, the roots that are still PN_QUEUED (QUEUES.md).
 *
 * I1  Tasks stolen from the dead worker are waited for before the entry that they belong to ends:
 *     their thieves still write into its task stack. Before that entry, never before a newer one or
 *     before what is in its hand: those thieves may themselves be waiting for it.
 * I2  A task that it had won and not ended is failed, found by its id in the record.
 */
#include "park.h"
#include "port.h"
#include "root.h"
#include "scheduler.h"
#include "task_stack.h"

static void fail_root(pn_root *root) {
  int expected = 0;
  /* Acquire-release: the first failure wins, as in pn_root_fault. */
  if (pn_cas_acq_rel(&root->error, &expected, PENNY_EWORKER)) root->failed_name = root->name;
}

/* The arguments or the result of a JavaScript task that the dead worker will not join (js_tasks.c: js_record). */
static void drop_encoded(pn_task *task) {
  if (task->type->result != PN_RESULT_ENCODED) return;
  uint32_t *record = (uint32_t *)(void *)task->payload;
  penny_free((void *)(uintptr_t)record[1]);
  record[1] = 0;
}

/* Ends the sleep that the dead worker may have announced, and takes back what nobody stole. */
static void bury_first(pn_control *control, pn_worker *w) {
  w->is_gone = 1;
  pn_park_end_of_dead(w);
  for (uint32_t level = 0; level < PN_ENTRIES; level++) {
    pn_entry *entry = &w->entries[level];
    /* Acquire: pairs with the release in begin_entry. */
    if (pn_load_acquire(&entry->base) != pn_entry_unused(control)) fail_root(entry->root);
  }
  /* Acquire: pairs with the thieves' compare-exchanges. */
  uint64_t ts = pn_load_acquire(&w->ts);
  /* Acquire-release: in the owner's place, as the shrink in pn_sync_slow. */
  while (!pn_cas_acq_rel(&w->ts, &ts, pn_pack(pn_top(ts), pn_top(ts)))) {
  }
  /* Ours alone since. What it had not published yet is freed with the pool. */
  for (uint32_t index = pn_top(ts); index != pn_split(ts); index++)
    drop_encoded(pn_stack_task_at(w, index));
  pn_sched_request_all(control,
                       PN_WANT_POLL | PN_WANT_STEAL | PN_WANT_URGENT); /* the last two in case it
                       died raising, or was woken to look */
  pn_heap_reclaim_dead(&control->heap, w->id);
  /* In case it died between a publication, or the end of a task, and its wake-up. Here already: what
   * is waited for below may sleep for want of it. */
  pn_park_wake_all(control);
}

/* Are tasks that were stolen from it, at or above `base`, still running? */
static bool has_stolen(pn_worker *w, uint32_t base) {
  uint32_t top = pn_top(pn_load_acquire(&w->ts)); /* nobody moves it any more: the stack is empty */
  for (uint32_t index = base; (int32_t)(top - index) > 0; index++) {
    /* Acquire: pairs with the exchange in end_entry. */
    uint32_t status = pn_load_acquire(&pn_stack_task_at(w, index)->status);
    if ((status & ~(uint32_t)PN_WAITED) < PN_RETURNED) return true;
  }
  return false;
}

static void fail_task(pn_control *control, uint32_t victim_id, pn_task *task) {
  /* Sequentially consistent: in the dead worker's place, as in end_entry. */
  uint32_t before = pn_exchange_seq_cst(&task->status, (uint32_t)PN_FAILED);
  if (before & PN_WAITED) pn_park_wake_joiner(pn_worker_at(control, victim_id));
}

static bool has_entry(const pn_control *control, const pn_worker *w, const pn_task *task) {
  for (uint32_t level = 0; level < PN_ENTRIES; level++) {
    const pn_entry *entry = &w->entries[level];
    /* Acquire: pairs with the release in begin_entry. */
    if (pn_load_acquire(&entry->base) != pn_entry_unused(control) && entry->task == task)
      return true;
  }
  return false;
}

/* Tasks that it had won from others, marked running and without an entry when it died, before it or
 * after it, so that nobody has stolen their children: a record that
 * is running and names it is its own, since the name is written first and a record is reused only
 * after it ended. (Killed in the few instructions between winning and marking, it leaves a task
 * that its joiner waits for until the pool ends: no record can be made in the same step as the
 * win.) */
static void fail_in_hand(pn_control *control, const pn_worker *dead) {
  uint32_t workers = pn_load_acquire(&control->workers); /* pairs with the host's own store */
  for (uint32_t id = 0; id < workers; id++) {
    pn_worker *victim = pn_worker_at(control, id);
    if (victim == dead || !victim->chunk) continue;
    uint32_t top =
        pn_top(pn_load_acquire(&victim->ts)); /* slots below are stolen, not yet joined */
    for (uint32_t index = control->index_base; (int32_t)(top - index) > 0; index++) {
      pn_task *task = pn_stack_find(victim, index);
      if (!task) continue; /* the victim joined it and freed its chunk meanwhile */
      /* Acquire, both: the name first, then the mark, in run_stolen. */
      uint32_t status = pn_load_acquire(&task->status) & ~(uint32_t)PN_WAITED;
      if (status != PN_RUNNING || pn_load_acquire(&task->thief) != dead->id + 1) continue;
      if (has_entry(control, dead, task)) continue; /* ends with it (I1) */
      pn_root *root = pn_sched_root_of(victim, index);
      if (root) fail_root(root);
      fail_task(control, id, task);
    }
  }
}

int pn_pool_bury(pn_control *control, uint32_t id) {
  pn_worker *w = pn_worker_at(control, id);
  if (!w->is_gone) bury_first(control, w);
  fail_in_hand(control, w);
  for (uint32_t level = PN_ENTRIES; level-- > 0;) {
    pn_entry *entry = &w->entries[level];
    /* Acquire: pairs with the release in begin_entry. */
    if (pn_load_acquire(&entry->base) == pn_entry_unused(control)) continue;
    if (has_stolen(w, entry->base)) return 1;
    if (entry->victim == 0) {
      pn_root_end(w, entry->root);
    } else {
      fail_task(control, entry->victim - 1, entry->task);
    }
    pn_store_release(&entry->base, pn_entry_unused(control)); /* in the owner's place */
  }
  /* All have ended, and nobody will join them. */
  uint32_t top = pn_top(pn_load_acquire(&w->ts)); /* as in has_stolen */
  for (uint32_t index = control->index_base; index != top; index++)
    drop_encoded(pn_stack_task_at(w, index));
  return 0;
}

int pn_pool_revive(pn_control *control, uint32_t id) {
  pn_worker *w = pn_worker_at(control, id);
  while (w->scratch) pn_scratch_pop(w);
  pn_stack_free(w);
  pn_heap_context_flush(&control->heap, &w->heap);
  w->depth = 0;
  w->open_spawns = 0;
  w->is_gone = 0;
  w->mark += 1u << 17; /* what names the dead one does not name its replacement */
  pn_store_release(&w->root, (pn_root *)NULL); /* only compared by others */
  pn_store_release(&w->want, 0u);              /* nobody else runs on this block yet */
  pn_store_release(&w->state, PN_AWAKE);       /* the same */
  return 0;
}
