/*
 * park.h: sleeping and waking. Protocol and proof: PARKING.md.
 *
 * A worker sleeps only on its own state word, in one of two classes: idle (any work will do) and
 * joining (a stolen task, or work of its own root, will do). Nobody sleeps while there is work
 * that its class could take and that nobody is about to; with more workers than cores, tasks keep only
 * as many awake as there are cores.
 */
#ifndef PENNY_PARK_H
#define PENNY_PARK_H

#include "penny.h"

/* Owner: announces that it is about to sleep idle and looks once more. True: it may wait on its
 * state word while that is PN_SLEEPING. False: there is work (or an end), and it is awake again. */
bool pn_park_announce(pn_worker *worker);
/* Owner, before it waits on its state word: for the statistics and the trace. */
void pn_park_count(pn_worker *worker, uint32_t state);
/* Owner: announces and sleeps until woken. Returns at once when there is work. */
void pn_park_idle(pn_worker *worker);
/* Owner: sleeps until the status of `task` says that it ended, or work of `root` (NULL: none) may be
 * there to help with, or, if it heeds urgent roots, PN_WANT_URGENT is raised. */
void pn_park_join(pn_worker *worker, pn_task *task, pn_root *root, bool heeds_urgent);
/* Whoever has made a root visible, or leaves one visible; any worker or the host: wakes one idle
 * worker. Never blocks. True when it woke one. */
bool pn_park_wake_one(pn_control *control);
/* Whoever has made tasks of `root` public, or leaves them so; any worker or the host: wakes one idle
 * worker, or else one joiner of that root (if not NULL), unless as many workers are awake as there are cores. Never
 * blocks. True when it woke one. */
bool pn_park_wake_thief(pn_control *control, const pn_root *root);
/* Are there sleepers, and fewer awake than there are cores? After the caller's publication. */
bool pn_park_lacks_thief(const pn_control *control);
/* Are there more workers than cores? */
bool pn_park_is_crowded(const pn_control *control);
/* Wakes this worker if it sleeps idle. Any worker. */
void pn_park_wake(pn_worker *worker);
/* Whoever ended a task that is marked waited: wakes the worker that waits for it. */
void pn_park_wake_joiner(pn_worker *joiner);
/* The host, for a worker that was killed: takes back the sleep that it had announced. */
void pn_park_end_of_dead(pn_worker *dead);
/* Shutdown, and after a worker was killed in the middle of a wake-up: wakes everybody. */
void pn_park_wake_all(pn_control *control);
/* Whoever waits for a root and has seen nothing move for a while; any thread: with more workers than cores, wakes everybody
 * when nothing was stolen since the call that gave `before` (0 at first). Gives the sum of the steals, for the next
 * call. Never blocks. */
uint32_t pn_park_rouse(pn_control *control, uint32_t before);

#endif
