/*
 * scheduler.h: finding work, running it under a trampoline, and waiting for what others run.
 *
 * All of it is called on the worker that it names, except the pn_sched_sees_* looks' effects on
 * others: none.
 */
#ifndef PENNY_SCHEDULER_H
#define PENNY_SCHEDULER_H

#include "penny.h"

/* Finds one root or stolen task and runs it to its end; false when there is none. Task stack
 * empty. */
bool pn_sched_step(pn_worker *worker);
/* For each worker that has public tasks, wakes a thief (pn_park_wake_thief). */
void pn_sched_pass_on(pn_control *control);
/* Runs until the pool is shut down and nothing is left; parks when idle. */
void pn_sched_loop(pn_worker *worker);
/* Runs a claimed root (PN_STARTED) on top of the stack at `head` and ends it. */
void pn_sched_run_root(pn_worker *worker, pn_task *head, pn_root *root);
/* Serves PN_WANT_URGENT at a poll or in a join: runs an urgent root on top of the stack at `head`,
 * unless one runs here already or little of the stack is left. PRIORITY.md. */
void pn_sched_run_urgent(pn_worker *worker, pn_task *head);
/* Waits until `task`, which another worker has or had, ended: PN_DONE, PN_FAILED, or PN_RETURNED
 * when its thief gave it back. Runs tasks of `root` meanwhile, none when it is NULL. */
uint32_t pn_sched_wait(pn_worker *worker, pn_task *head, pn_task *task, pn_root *root);

/* Is this worker to leave the pool? If so, when it runs nothing: its last step. */
bool pn_sched_is_leaving(const pn_worker *worker);
void pn_sched_leave(pn_worker *worker);

/* Is there anything that an idle worker could take? Anything of `root` that a joiner could? */
bool pn_sched_sees_work(const pn_worker *worker);
bool pn_sched_sees_work_of(const pn_worker *worker, const pn_root *root);

/* The root of the task at `index` of a worker's stack, which is stolen or public; NULL when unknown. */
pn_root *pn_sched_root_of(pn_worker *victim, uint32_t index);

/* Serves PN_WANT_POLL: leaves the task when its root is cancelled. */
void pn_sched_check_cancel(pn_worker *worker);
/* Leaves the task because one that it joined failed; the root has the error. */
PN_NORETURN void pn_sched_fail_again(pn_worker *worker);
/* Before a throw leaves the frames of entry number `level` (counted from 1) and of those above it:
 * drops their unstolen children and waits for the stolen ones, which still read arguments from those
 * frames and write results into them. The port calls it while the C stack pointer is still below
 * them. */
void pn_sched_abandon(pn_worker *worker, uint32_t level);
/* The same, and ends them: for whoever catches a throw that is no trampoline (JavaScript that called
 * the core), with the depth that it began with. */
void pn_sched_recover(pn_worker *worker, uint32_t level);
/* The `result` of the type of JavaScript tasks: encoded, as their arguments are (js_tasks.c). */
#define PN_RESULT_ENCODED 255

/* Trips every worker's next spawn or sync, of all or of all but `worker`. Any thread. */
void pn_sched_request_all(pn_control *control, uint32_t bits);
void pn_sched_request_others(pn_control *control, const pn_worker *worker, uint32_t bits);

#endif
