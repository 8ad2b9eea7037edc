/*
 * queue.h: the two linked queues between host and workers, intrusive through the roots. Protocol
 * and proof: QUEUES.md.
 *
 * A push links before it publishes, by a compare-exchange on the head, so a pusher that is killed
 * leaves nothing half-linked. A taker grabs the whole list by one exchange (so there is no ABA)
 * and reverses it: first in, first out. Unbounded: a root brings its own link.
 * I1  Everything reachable from the head is fully linked.
 * I2  A root is in at most one queue, once.
 */
#ifndef PENNY_QUEUE_H
#define PENNY_QUEUE_H

#include "penny.h"

/* Any thread. True when the queue was empty before. */
static inline bool pn_queue_push(pn_root **head, pn_root *root) {
  pn_root *first = pn_load_relaxed(head); /* a guess; the exchange below checks it */
  do {
    /* Relaxed: a plain store would do; published by the exchange below. */
    pn_store_relaxed(&root->link, first);
    /* Sequentially consistent: publishes the root and its link (I1) to pn_queue_take, and comes
     * before the pusher's look at who sleeps (park.c: I3). */
  } while (!pn_cas_seq_cst(head, &first, root));
  return first == NULL;
}

/* Any one taker: all that is in the queue, oldest first, linked by `link`; NULL when empty. */
static inline pn_root *pn_queue_take(pn_root **head) {
  /* Relaxed: only a hint that saves the exchange; whoever must not miss a push looks again after
   * its announcement. */
  if (!pn_load_relaxed(head)) return NULL;
  /* Sequentially consistent: pairs with the push; the list is ours alone from here. */
  pn_root *newest = pn_exchange_seq_cst(head, (pn_root *)NULL);
  pn_root *oldest = NULL;
  while (newest) {
    pn_root *next = pn_load_relaxed(&newest->link); /* ours alone */
    pn_store_relaxed(&newest->link, oldest);        /* ours alone */
    oldest = newest;
    newest = next;
  }
  return oldest;
}

static inline bool pn_queue_is_empty(pn_root *const *head) {
  /* Sequentially consistent: a sleeper's look after its announcement (park.c: I3). */
  return pn_load_seq_cst(head) == NULL;
}

#endif
