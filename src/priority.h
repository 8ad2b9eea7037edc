/*
 * priority.h: finding roots by priority, and telling workers of urgent ones. What is urgent starts at
 * the next poll of a running task, on top of it (scheduler.c: pn_sched_run_urgent). Protocol:
 * PRIORITY.md.
 */
#ifndef PENNY_PRIORITY_H
#define PENNY_PRIORITY_H

#include "penny.h"

/* Worker: takes the oldest root of a worker's deque, NULL when there is none. */
pn_root *pn_priority_take_deque(pn_worker *victim, uint32_t priority);
/* Worker: takes the inbox, gives its oldest root; the others are on the own deque then. */
pn_root *pn_priority_take_inbox(pn_worker *worker, uint32_t priority);
/* Worker: the own deque, the inbox, all other deques. */
pn_root *pn_priority_take(pn_worker *worker, uint32_t priority);

/* Is a root of these priorities, from..to-1, in an inbox or on a root deque? Any thread. */
bool pn_priority_sees(const pn_control *control, uint32_t from, uint32_t to);
bool pn_priority_sees_urgent(const pn_control *control);

/* Whoever has made an urgent root visible, or leaves one visible: wakes an idle worker, or else
 * raises PN_WANT_URGENT at all. Any thread. */
void pn_priority_urge(pn_control *control);
/* Raises it at all, and wakes those that wait in joins. Any thread. */
void pn_priority_raise(pn_control *control);

#endif
