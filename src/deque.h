/*
 * deque.h: a root deque of a worker: a dynamic circular deque with 64-bit indices. Protocol and
 * proof: DEQUE.md.
 *
 * After Chase and Lev 2005 (doi:10.1145/1073970.1073974) with the orders of Le, Pop, Cohen and
 * Zappa Nardelli 2013 (doi:10.1145/2442516.2442524). The owner pushes at the bottom; the owner and
 * thieves take from the top, oldest first, so roots are served fairly and there is no race for the
 * last item beside the one compare-exchange.
 * I1  top <= bottom; items top..bottom-1 are in the buffer; indices never wrap in practice
 *     (2^64).
 * I2  A buffer that was outgrown stays allocated until the worker retires: a thief may still
 *     read it. It is never written again, so what a thief reads at an index that it then wins
 *     is right. All of them together are smaller than the last one.
 */
#ifndef PENNY_DEQUE_H
#define PENNY_DEQUE_H

#include "penny.h"
#include "task_stack.h"

typedef struct pn_deque_buffer {
  uint64_t capacity; /* a power of two; constant, like the next */
  struct pn_deque_buffer *outgrown;
  uintptr_t items[]; /* addresses of roots; owner stores, takers read */
} pn_deque_buffer;

/* Owner: makes room for one more; false when memory is exhausted (nothing changed). */
static inline bool pn_deque_reserve(pn_deque *deque) {
  pn_deque_buffer *buffer = deque->buffer;
  uint64_t bottom = pn_load_relaxed(&deque->bottom); /* own variable */
  /* Acquire: pairs with the thieves' compare-exchange; slots below top are free for reuse. */
  uint64_t top = pn_load_acquire(&deque->top);
  if (buffer && bottom - top < buffer->capacity) return true;
  uint64_t capacity = buffer ? buffer->capacity * 2 : 64;
  pn_deque_buffer *grown =
      (pn_deque_buffer *)penny_alloc(sizeof *grown + (size_t)capacity * sizeof(uintptr_t));
  if (!grown) return false;
  grown->capacity = capacity;
  grown->outgrown = buffer;
  for (uint64_t i = top; i != bottom; i++) {
    /* Relaxed: not published yet, and the old buffer's items are this owner's own stores. */
    pn_store_relaxed(&grown->items[i & (capacity - 1)],
                     pn_load_relaxed(&buffer->items[i & (buffer->capacity - 1)]));
  }
  /* Release: pairs with the acquire in pn_deque_take; the copies come before the pointer. */
  pn_store_release(&deque->buffer, grown);
  return true;
}

/* Owner, after pn_deque_reserve. */
static inline void pn_deque_push(pn_deque *deque, uintptr_t item) {
  pn_deque_buffer *buffer = deque->buffer;
  uint64_t bottom = pn_load_relaxed(&deque->bottom); /* own variable */
  /* Relaxed: published by the store of bottom below. */
  pn_store_relaxed(&buffer->items[bottom & (buffer->capacity - 1)], item);
  /* Sequentially consistent: publishes the item, and comes before the pusher's look at the idle
   * count (park.c: I3). */
  pn_store_seq_cst(&deque->bottom, bottom + 1);
}

/* Owner or thief: the oldest item. */
static inline pn_outcome pn_deque_take(pn_deque *deque, uintptr_t *item) {
  /* Acquire: top before bottom, so that a stale top never looks non-empty against an older
   * bottom. */
  uint64_t top = pn_load_acquire(&deque->top);
  /* Sequentially consistent: pairs with the store in pn_deque_push (park.c: I3). */
  uint64_t bottom = pn_load_seq_cst(&deque->bottom);
  if ((int64_t)(bottom - top) <= 0) return PN_EMPTY;
  /* Acquire: pairs with the release in pn_deque_reserve. An outgrown buffer still has the item of
   * every index below the bottom it had (I2), and a newer bottom comes with the newer buffer. */
  pn_deque_buffer *buffer = pn_load_acquire(&deque->buffer);
  /* Relaxed: a value that a racing push overwrote belongs to a top that has moved, and then the
   * exchange below fails. */
  uintptr_t seen = pn_load_relaxed(&buffer->items[top & (buffer->capacity - 1)]);
  /* Sequentially consistent: one taker wins the index. */
  if (!pn_cas_seq_cst(&deque->top, &top, top + 1)) return PN_LOST;
  *item = seen;
  return PN_TAKEN;
}

static inline bool pn_deque_is_empty(const pn_deque *deque) {
  uint64_t top = pn_load_acquire(&deque->top); /* as in pn_deque_take */
  /* Sequentially consistent: a sleeper's look after its announcement (park.c: I3). */
  return (int64_t)(pn_load_seq_cst(&deque->bottom) - top) <= 0;
}

/* Owner, or whoever buries it, when no thief can be inside. */
static inline void pn_deque_free(pn_deque *deque) {
  pn_deque_buffer *buffer = deque->buffer;
  deque->buffer = NULL;
  while (buffer) {
    pn_deque_buffer *outgrown = buffer->outgrown;
    penny_free(buffer);
    buffer = outgrown;
  }
}

#endif
