/*
 * priority.c: the queues of roots by priority: an inbox and, on each worker, a root deque for each.
 *
 * I1  control->urgent >= the urgent roots in inboxes and on root deques: added to before the push,
 *     taken off after the take. (A worker killed in between leaves it too high: that costs looks.)
 * I2  While an urgent root is visible, some worker is awake and about to look for it, or
 *     PN_WANT_URGENT is raised at every worker whose next poll could run it (PRIORITY.md).
 */
#include "priority.h"

#include "deque.h"
#include "park.h"
#include "port.h"
#include "queue.h"
#include "task_stack.h"

pn_root *pn_priority_take_deque(pn_worker *victim, uint32_t priority) {
  uintptr_t item;
  pn_outcome outcome;
  while ((outcome = pn_deque_take(&victim->roots_of[priority], &item)) == PN_LOST) pn_port_pause(0);
  return outcome == PN_TAKEN ? (pn_root *)item : NULL;
}

pn_root *pn_priority_take_inbox(pn_worker *w, uint32_t priority) {
  pn_root **inbox = &w->control->inbox[priority].newest;
  pn_deque *deque = &w->roots_of[priority];
  pn_root *own = pn_queue_take(inbox);
  if (!own) return NULL;
  bool has_room = true;
  for (pn_root *root = pn_load_relaxed(&own->link); root;) { /* ours alone since the take */
    pn_root *next = pn_load_relaxed(&root->link);            /* ours alone */
    /* Not asked again after a refusal, which costs a search of the whole heap. */
    has_room = has_room && pn_deque_reserve(deque);
    if (has_room) {
      pn_deque_push(deque, (uintptr_t)root);
    } else {
      pn_queue_push(inbox, root); /* no memory for a longer deque: others take it from here */
    }
    root = next;
  }
  return own;
}

pn_root *pn_priority_take(pn_worker *w, uint32_t priority) {
  pn_root *root = pn_priority_take_deque(w, priority);
  if (!root) root = pn_priority_take_inbox(w, priority);
  uint32_t workers =
      pn_load_relaxed(&w->control->workers); /* a worker that joins later is seen later */
  for (uint32_t i = 1; !root && i < workers; i++)
    root = pn_priority_take_deque(pn_worker_at(w->control, (w->id + i) % workers), priority);
  return root;
}

bool pn_priority_sees(const pn_control *control, uint32_t from, uint32_t to) {
  uint32_t workers =
      pn_load_relaxed(&control->workers); /* a worker that joins later wakes others for its work */
  for (uint32_t p = from; p < to; p++) {
    if (!pn_queue_is_empty(&control->inbox[p].newest)) return true;
    for (uint32_t i = 0; i < workers; i++)
      if (!pn_deque_is_empty(&pn_worker_at(control, i)->roots_of[p])) return true;
  }
  return false;
}

bool pn_priority_sees_urgent(const pn_control *control) {
  /* Sequentially consistent: added to before the push, so that who finds none here may miss only
   * what is announced to it later (I2). */
  return pn_load_seq_cst(&control->urgent) != 0 &&
         pn_priority_sees(control, PN_URGENT, PN_URGENT + 1);
}

void pn_priority_raise(pn_control *control) {
  uint32_t workers = pn_load_acquire(&control->workers); /* as in pn_sched_request_all */
  for (uint32_t i = 0; i < workers; i++) {
    pn_worker *w = pn_worker_at(control, i);
    /* Sequentially consistent, after the caller's push. Raised already: its owner lowers it before it
     * looks, so that look comes after the push, too. */
    if (pn_load_seq_cst(&w->want) & PN_WANT_URGENT) continue;
    pn_stack_request(w, PN_WANT_URGENT);
    pn_park_wake_joiner(w);
  }
}

void pn_priority_urge(pn_control *control) {
  if (!pn_park_wake_one(control)) pn_priority_raise(control);
}
