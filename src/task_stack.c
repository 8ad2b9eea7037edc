/*
 * task_stack.c: spawn, publish, steal, sync and shrink. States, steps and proof: TASK_STACK.md.
 * I1  top <= split <= head (as indices, by signed difference); slots top..split-1 are public,
 *     split..head-1 private.
 * I2  Whatever moves top or split is an atomic read-modify-write of worker->ts.
 * I3  A slot is reused only after its task was joined; its address never changes.
 * I4  While a thief is lacking (park.h), an empty public part has PN_WANT_STEAL raised, or somebody is
 *     about to raise it: its emptier, or the sleeper, who is not yet past its second look.
 * I5  The head is the end of a chunk, never the start of the one above: slot 0 of a chunk
 *     above the first is always popped by the slow path, which changes chunk.
 */
#include "task_stack.h"

#include "park.h"
#include "port.h"
#include "scheduler.h"
#include "trace.h"

/* Milliseconds: what the owner takes back so soon after publishing it was published in vain. Less
 * than a tick of the clock of a page, and than the steps of a loop (loops.c). */
#define SOON_MS 0.004

static pn_task *chunk_end(pn_chunk *chunk) {
  return chunk->tasks + PN_CHUNK_TASKS;
}

static pn_chunk *chunk_at(const pn_worker *w, uint32_t number) {
  return w->directory[number / PN_DIRECTORY_CHUNKS][number % PN_DIRECTORY_CHUNKS];
}

/* The chunk after the current one, made if need be; NULL when memory or the directory is
 * exhausted. */
static pn_chunk *chunk_after(pn_worker *w, uint32_t number) {
  uint32_t page = number / PN_DIRECTORY_CHUNKS;
  uint32_t slot = number % PN_DIRECTORY_CHUNKS;
  if (page >= PN_DIRECTORY_PAGES) return NULL;
  if (!w->directory[page]) {
    pn_chunk **made = penny_alloc(PN_DIRECTORY_CHUNKS * sizeof(pn_chunk *));
    if (!made) return NULL;
    for (uint32_t i = 0; i < PN_DIRECTORY_CHUNKS; i++) made[i] = NULL;
    w->directory[page] = made;
  }
  pn_chunk *chunk = w->directory[page][slot];
  if (chunk) return chunk;
  chunk = penny_aligned(64, sizeof *chunk);
  if (!chunk) return NULL;
  chunk->base = w->control->index_base + number * PN_CHUNK_TASKS;
  chunk->number = number;
  chunk->spill = NULL;
  w->directory[page][slot] = chunk;
  return chunk;
}

/* False when there is no such chunk. */
static bool chunk_free(pn_worker *w, uint32_t number) {
  uint32_t page = number / PN_DIRECTORY_CHUNKS;
  if (page >= PN_DIRECTORY_PAGES || !w->directory[page]) return false;
  pn_chunk *chunk = w->directory[page][number % PN_DIRECTORY_CHUNKS];
  if (!chunk) return false;
  w->directory[page][number % PN_DIRECTORY_CHUNKS] = NULL;
  penny_free(chunk->spill);
  penny_free(chunk);
  return true;
}

/* A worker alone raises no requests: nobody could take what it would publish. */
static bool has_thieves(const pn_worker *w) {
  return pn_load_relaxed(&w->control->live) > 1; /* who makes it grow raises the requests */
}

int pn_stack_init(pn_worker *w) {
  w->chunk = chunk_after(w, 0);
  if (!w->chunk) return PENNY_ENOMEM;
  uint32_t base = w->control->index_base;
  /* Release: pairs with the acquire in pn_stack_steal, which then sees the directory. */
  pn_store_release(&w->ts, pn_pack(base, base));
  pn_stack_bounds(w);
  if (has_thieves(w)) pn_stack_request(w, PN_WANT_STEAL); /* I4 holds from the start */
  return 0;
}

void pn_stack_free(pn_worker *w) {
  for (uint32_t page = 0; page < PN_DIRECTORY_PAGES && w->directory[page]; page++) {
    for (uint32_t i = 0; i < PN_DIRECTORY_CHUNKS; i++)
      chunk_free(w, page * PN_DIRECTORY_CHUNKS + i);
    penny_free(w->directory[page]);
    w->directory[page] = NULL;
  }
  w->chunk = NULL;
}

uint32_t pn_stack_index(const pn_worker *w, const pn_task *head) {
  return w->chunk->base + (uint32_t)(head - w->chunk->tasks);
}

pn_task *pn_stack_task_at(const pn_worker *w, uint32_t index) {
  uint32_t offset = index - w->control->index_base;
  return &chunk_at(w, offset / PN_CHUNK_TASKS)->tasks[offset % PN_CHUNK_TASKS];
}

pn_task *pn_stack_find(const pn_worker *w, uint32_t index) {
  uint32_t offset = index - w->control->index_base;
  uint32_t number = offset / PN_CHUNK_TASKS;
  if (number / PN_DIRECTORY_CHUNKS >= PN_DIRECTORY_PAGES ||
      !w->directory[number / PN_DIRECTORY_CHUNKS])
    return NULL;
  pn_chunk *chunk = chunk_at(w, number);
  return chunk ? &chunk->tasks[offset % PN_CHUNK_TASKS] : NULL;
}

bool pn_stack_is_public(const pn_worker *victim) {
  /* Sequentially consistent: pairs with the fetch-add in pn_stack_serve; a sleeper that announced
   * itself before this load and sees nothing is seen by that publisher (park.c: pn_park_idle). */
  uint64_t ts = pn_load_seq_cst(&victim->ts);
  return (int32_t)(pn_split(ts) - pn_top(ts)) > 0;
}

void pn_stack_request(pn_worker *victim, uint32_t bits) {
  /* Sequentially consistent, and before the two stores: an owner that overwrites them below
   * (pn_stack_bounds) re-reads want after its own stores, so either it sees the bits or these
   * stores come last. */
  pn_or_seq_cst(&victim->want, bits);
  pn_store_seq_cst(&victim->limit, (uintptr_t)0); /* same argument; pairs with pn_stack_bounds */
  pn_store_seq_cst(&victim->guard, UINTPTR_MAX);  /* same argument; pairs with pn_stack_bounds */
}

void pn_stack_bounds(pn_worker *w) {
  pn_chunk *chunk = w->chunk;
  /* Relaxed, own variable: only the owner moves split. */
  int32_t public_slots = (int32_t)(pn_split(pn_load_relaxed(&w->ts)) - chunk->base);
  int32_t lowest = chunk->number > 0 ? 1 : 0; /* I5 */
  if (public_slots > lowest) lowest = public_slots;
  if (public_slots > (int32_t)PN_CHUNK_TASKS) lowest = (int32_t)PN_CHUNK_TASKS;
  /* Sequentially consistent: both stores before the load of want; pairs with pn_stack_request. */
  pn_store_seq_cst(&w->limit, (uintptr_t)chunk_end(chunk));
  pn_store_seq_cst(&w->guard, (uintptr_t)(chunk->tasks + lowest)); /* the same */
  /* Sequentially consistent: after the stores above, else a request is erased
   * (pn_stack_request). */
  if (pn_load_seq_cst(&w->want)) {
    pn_store_relaxed(&w->limit,
                     (uintptr_t)0); /* own variable: only this owner reads it to act on it */
    pn_store_relaxed(&w->guard, UINTPTR_MAX); /* own variable, as above */
  }
}

/* Owner: so many of the private tasks, the oldest, become public. */
static void publish(pn_worker *w, uint32_t offered) {
  /* Release part: publishes the records below the new split to pn_stack_steal. Sequentially
   * consistent with the idle count: a sleeper either sees this or is seen by pn_park_wake_thief. */
  pn_add_seq_cst(&w->ts, (uint64_t)offered << 32);
  w->published_ms = pn_port_now_ms();
  pn_store_relaxed(&w->publishes, w->publishes + 1);                   /* own variable */
  pn_store_relaxed(&w->published_tasks, w->published_tasks + offered); /* own variable */
  pn_trace(w, PN_TRACE_PUBLISH, offered, NULL);
  /* Inside a claimed future the oldest tasks may still be those of the root below it. */
  pn_park_wake_thief(w->control,
                     w->depth > 1 ? pn_sched_root_of(w, pn_top(pn_load_relaxed(&w->ts))) : w->root);
}

void pn_stack_offer_all(pn_worker *w, pn_task *head) {
  /* Relaxed, own variable: only the owner moves split. */
  uint32_t private_tasks = pn_stack_index(w, head) - pn_split(pn_load_relaxed(&w->ts));
  if (!private_tasks) return;
  publish(w, private_tasks);
  pn_stack_bounds(w);
}

void pn_stack_serve(pn_worker *w, uint32_t end_index) {
  /* Relaxed: a request seen late is served at the next spawn or sync, which is tripped by then. */
  if (!(pn_load_relaxed(&w->want) & PN_WANT_STEAL)) return;
  /* Relaxed, own variable: only the owner moves split, so split cannot change under us. */
  uint32_t private_tasks = end_index - pn_split(pn_load_relaxed(&w->ts));
  bool is_public = pn_stack_is_public(w);
  if (!private_tasks && !is_public) return; /* nothing to offer: the request stays raised (I4) */
  /* Lower first, publish after: a thief that empties what is published next raises again after this
   * (I4). Sequentially consistent: pairs with the fetch-or in pn_stack_request. */
  pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_STEAL);
  if (!is_public) {
    uint32_t offered = (private_tasks + 1) / 2;
    publish(w, offered);
  }
  /* The public part may have been emptied before the request was lowered: raise it again (I4). */
  if (!pn_stack_is_public(w))
    pn_or_seq_cst(&w->want, PN_WANT_STEAL); /* read-modify-write of a shared word */
}

/* ---- spawn ---- */

pn_task *pn_spawn_room(pn_worker *w, pn_task *head) {
  if (head != chunk_end(w->chunk))
    return head; /* a request, not the end: served by pn_spawn_offer */
  pn_port_probe_stack();
  pn_chunk *chunk = chunk_after(w, w->chunk->number + 1);
  if (!chunk) penny_fail(PENNY_ENOMEM, "no room for more spawned tasks");
  w->chunk = chunk;
  return chunk->tasks;
}

unsigned char *pn_spawn_spill(pn_worker *w, pn_task *task) {
  pn_chunk *chunk = w->chunk;
  if (!chunk->spill) {
    chunk->spill = penny_aligned(64, PN_CHUNK_TASKS * 64);
    if (!chunk->spill) penny_fail(PENNY_ENOMEM, "no room for the arguments of spawned tasks");
  }
  unsigned char *line = chunk->spill + (size_t)(task - chunk->tasks) * 64;
  *(unsigned char **)(void *)task->payload = line;
  return line;
}

void pn_spawn_offer(pn_worker *w, pn_task *head) {
  pn_port_probe_stack(); /* the stack must not end between a publication and its wake-up */
  /* Relaxed: a request seen late is served at the next spawn or sync, which is tripped by then. */
  uint32_t want = pn_load_relaxed(&w->want);
  if (want & PN_WANT_POLL) pn_sched_check_cancel(w);
  if (want & PN_WANT_STEAL) pn_stack_serve(w, pn_stack_index(w, head));
  if (want & PN_WANT_URGENT) pn_sched_run_urgent(w, head); /* after the offer: others have work */
  pn_stack_bounds(w);
}

void pn_poll(pn_worker *w, pn_task *head) {
  /* Relaxed: a request seen late is seen at the next poll. */
  if (!pn_load_relaxed(&w->want)) return;
  pn_spawn_offer(w, head);
}

/* ---- steal ---- */

pn_outcome pn_stack_steal(pn_worker *victim, pn_task **task, uint32_t *index) {
  /* Acquire: pairs with the owner's fetch-add in pn_stack_serve; what is below split is written. */
  uint64_t ts = pn_load_acquire(&victim->ts);
  uint32_t top = pn_top(ts);
  uint32_t split = pn_split(ts);
  if ((int32_t)(split - top) <= 0) return PN_EMPTY;
  /* Acquire-release: one thief wins slot `top`, and only while it is public; the record is read
   * after this, never before, so a slot that was joined and spawned anew meanwhile is simply the
   * new task. */
  if (!pn_cas_acq_rel(&victim->ts, &ts, pn_pack(top + 1, split))) return PN_LOST;
  if (top + 1 == split) pn_stack_request(victim, PN_WANT_STEAL); /* I4: who empties it raises */
  *task = pn_stack_task_at(victim, top);
  *index = top;
  return PN_TAKEN;
}

/* ---- sync ---- */

/* Owner: the newest task, at `index`, is stolen. Waits for it, pops it and gives its status. */
static uint32_t join_stolen(pn_worker *w, pn_task *head, pn_task *task, uint32_t index) {
  uint32_t status = pn_sched_wait(w, head, task, w->root);
  /* Everything at and below index is stolen and nothing is above: top = split = index + 1, and only
   * the owner moves an empty public part. Read-modify-write by I2; acquire-release: as in the
   * shrink below. */
  uint64_t expected = pn_pack(index + 1, index + 1);
  if (!pn_cas_acq_rel(&w->ts, &expected, pn_pack(index, index)))
    pn_port_fatal("penny: the task stack is corrupt");
  return status;
}

/* The owner has taken back the last that it had published. May it wait until it is asked again,
 * instead of offering at once? Where tasks take less than their publication, it saves a
 * publication and a retreat at each level of a tree. Those who are awake ask (scheduler.c: ask). */
static bool may_rest(const pn_worker *w) {
  /* After the shrink; a sleeper counts itself before it asks (park.c: begin_sleep), so either it is
   * seen here or it asks after the shrink (I4). */
  if (pn_park_lacks_thief(w->control)) return false;
  return pn_port_now_ms() - w->published_ms < SOON_MS;
}

/* Pops the newest task by the slow path: 1 when the caller runs it, 0 when its result is in the
 * record. */
int pn_sync_slow(pn_worker *w, pn_task *head) {
  pn_port_probe_stack(); /* nor here; what was not popped yet is dropped by the unwinding */
  pn_chunk *chunk = w->chunk;
  pn_task *task = head - 1;
  uint32_t index = chunk->base + (uint32_t)(task - chunk->tasks);
  uint32_t status = PN_RETURNED; /* to be run here */
  /* Relaxed: a request seen late is served at the next spawn or sync, which is tripped by then. */
  uint32_t want = pn_load_relaxed(&w->want);
  if (want & PN_WANT_POLL) pn_sched_check_cancel(w);
  if (want & PN_WANT_URGENT) pn_sched_run_urgent(w, head);
  /* Acquire: a thief's compare-exchange of ts; what it says of stolen slots is then current. */
  uint64_t ts = pn_load_acquire(&w->ts);
  if ((int32_t)(index - pn_split(ts)) >= 0) {
    pn_stack_serve(w, index); /* never the very task that is popped */
  } else {
    for (;;) {
      uint32_t top = pn_top(ts);
      if ((int32_t)(index - top) < 0) {
        status = join_stolen(w, head, task, index);
        break;
      }
      /* Shrink: keep the older half public. Acquire-release: fails when a thief took one meanwhile;
       * a slot above the new split can no longer be won. */
      uint32_t split = top + (index - top) / 2;
      if (pn_cas_acq_rel(&w->ts, &ts, pn_pack(top, split))) break;
    }
    if (!pn_stack_is_public(w) && has_thieves(w) && !may_rest(w))
      pn_or_seq_cst(&w->want,
                    PN_WANT_STEAL); /* I4: who empties it raises; pn_stack_bounds below trips */
  }
  if (task == chunk->tasks &&
      chunk->number > 0) { /* I5: back to the chunk below; one spare stays */
    chunk_free(w, chunk->number + 1);
    w->chunk = chunk_at(w, chunk->number - 1);
    w->sync_head = chunk_end(w->chunk);
  } else {
    w->sync_head = task;
  }
  pn_stack_bounds(w);
  if (status == PN_FAILED) pn_sched_fail_again(w);
  return status == PN_RETURNED;
}

void pn_stack_unwind(pn_worker *w, pn_task *head, uint32_t base) {
  /* Acquire: pairs with the thieves' compare-exchanges of ts, as in pn_sync_slow. */
  uint64_t ts = pn_load_acquire(&w->ts);
  uint32_t keep;
  do { /* Take back what nobody stole. Acquire-release: as for the shrink in pn_sync_slow. */
    keep = (int32_t)(pn_top(ts) - base) > 0 ? pn_top(ts) : base;
    if ((int32_t)(pn_split(ts) - keep) <= 0) break;
  } while (!pn_cas_acq_rel(&w->ts, &ts, pn_pack(pn_top(ts), keep)));
  /* Stolen ones still read and write the frames above `head`: wait for each, newest first. */
  uint32_t stolen = pn_top(ts);
  while ((int32_t)(stolen - base) > 0) pn_sched_wait(w, head, pn_stack_task_at(w, --stolen), NULL);
  if ((int32_t)(pn_top(ts) - base) > 0) {
    /* Top = split above base: empty, so only the owner moves it. Read-modify-write by I2. */
    pn_exchange_acq_rel(&w->ts, pn_pack(base, base));
  }
  uint32_t offset = base - w->control->index_base;
  w->chunk = chunk_at(w, offset ? (offset - 1) / PN_CHUNK_TASKS : 0);
  /* What a flood of spawns has grown goes back; one spare chunk stays, as after a sync. */
  for (uint32_t spare = w->chunk->number + 2; chunk_free(w, spare); spare++) continue;
  /* I4: the public part may be empty now. A read-modify-write of a shared word. */
  if (has_thieves(w) && !pn_stack_is_public(w)) pn_or_seq_cst(&w->want, PN_WANT_STEAL);
  pn_stack_bounds(w);
}
