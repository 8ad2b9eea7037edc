/*
 * task_stack.h: the lazily published split deque that each worker's fork-join tasks live in.
 * Protocol and proof: TASK_STACK.md.
 *
 * After van Dijk and van de Pol 2014 (doi:10.1007/978-3-319-14313-2_18), Faxen 2008 (Wool) and
 * Acar, Chargueraud and Rainey 2013 (doi:10.1145/2442516.2442538). The owner calls everything but
 * pn_stack_steal, pn_stack_request and pn_stack_is_public, which any worker (request: the host
 * too) may call on any worker.
 */
#ifndef PENNY_TASK_STACK_H
#define PENNY_TASK_STACK_H

#include "penny.h"

typedef enum { PN_TAKEN, PN_EMPTY, PN_LOST } pn_outcome;

/* Makes the empty stack; 0 or PENNY_ENOMEM. */
int pn_stack_init(pn_worker *worker);
/* Frees all chunks; the stack must be empty. */
void pn_stack_free(pn_worker *worker);
/* Index of the task that would be spawned at `head`. */
uint32_t pn_stack_index(const pn_worker *worker, const pn_task *head);
/* Thief: takes the oldest public task. On PN_TAKEN *task is it and *index its place. */
pn_outcome pn_stack_steal(pn_worker *victim, pn_task **task, uint32_t *index);
/* Sets bits of victim->want and makes its next spawn or sync take the slow path. */
void pn_stack_request(pn_worker *victim, uint32_t bits);
/* The slot at an index that is in use. */
pn_task *pn_stack_task_at(const pn_worker *worker, uint32_t index);
/* The same for any index: NULL when there is no slot. */
pn_task *pn_stack_find(const pn_worker *worker, uint32_t index);
bool pn_stack_is_public(const pn_worker *victim);
/* Owner: serves a steal request if there is one: publishes half of what lies below `end_index`. */
void pn_stack_serve(pn_worker *worker, uint32_t end_index);
/* Owner, before it waits for what may take long: publishes all that is private, for nothing is served meanwhile. */
void pn_stack_offer_all(pn_worker *worker, pn_task *head);
/* Owner: recomputes limit and guard, tripped if something is wanted. */
void pn_stack_bounds(pn_worker *worker);
/* Owner, after a failure: drops the tasks from `head` (with index `base`) on that nobody stole,
 * waits for those that were stolen, and puts the stack back to `head`. */
void pn_stack_unwind(pn_worker *worker, pn_task *head, uint32_t base);

#endif
