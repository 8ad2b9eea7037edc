/*
 * js_tasks.c: what the JavaScript of a worker asks of the core for tasks of its own (web port only;
 * the other side is js-glue/spawn.js). Its private tasks live in the worker's JavaScript heap; only
 * those that are offered to thieves, oldest first, become records of the task stack: the number of
 * the function and its encoded arguments. Everything here is called by the worker itself, inside a
 * root or a stolen task, but for what says Host.
 *
 * I1  A record's `data` is a heap block or NULL: the arguments until the task has run, its result
 *     afterwards. Whoever joins the record frees it.
 * I2  The records of an entry are its oldest tasks, in order: what is private is younger.
 */
#include "park.h"
#include "port.h"
#include "queue.h"
#include "root.h"
#include "scheduler.h"
#include "task_stack.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))

/* Whether a JavaScript task ran since last asked (port_web.c). */
extern __attribute__((address_space(1))) uint32_t pn_ran_js;

/* Decodes, runs and encodes a stolen task; never throws. */
IMPORT(pn_js_run_task) void pn_js_run_task(pn_task *head, void *record);

static void run_js_task(pn_worker *w, pn_task *head, pn_task *task) {
  (void)w;
  pn_ran_js = 1;
  pn_js_run_task(head, task->payload);
}

static const pn_task_type js_task_type = {
    run_js_task, "JavaScript task", 0, PN_RESULT_ENCODED, {0}};

/* The payload of a record. */
typedef struct js_record {
  uint32_t target; /* number of the function; when it has run 1: it threw what is in data, else 0 */
  uint32_t data;   /* I1 */
  uint32_t bytes;
} js_record;

/* Makes a record of a task, above `head`: the new head. Throws PENNY_ENOMEM. */
EXPORT(pn_web_spawn)
pn_task *pn_web_spawn(pn_task *head, uint32_t target, uint32_t data, uint32_t bytes) {
  pn_worker *w = pn_port_self();
  /* Relaxed, own variable: as in PENNY_SPAWN. */
  if ((uintptr_t)head >= pn_load_relaxed(&w->limit)) head = pn_spawn_room(w, head);
  pn_task_prepare(head, &js_task_type);
  *(js_record *)(void *)head->payload = (js_record){target, data, bytes};
  return head + 1;
}

/* A poll: serves cancelling (throws), more urgent roots and thieves. 1 when a thief still wants a
 * record and there is none. */
EXPORT(pn_web_poll) uint32_t pn_web_poll(pn_task *head) {
  pn_worker *w = pn_port_self();
  pn_spawn_offer(w, head);
  /* Relaxed: a request seen late is served at the next poll. */
  return (pn_load_relaxed(&w->want) & PN_WANT_STEAL) != 0 && pn_load_relaxed(&w->control->live) > 1;
}

/* After a throw out of any of these calls, with the `depth` before it: ends the entries that the
 * throw went over. */
EXPORT(pn_web_recover) void pn_web_recover(uint32_t depth) {
  pn_port_probe_stack(); /* what is thrown out here has changed nothing */
  pn_sched_recover(pn_port_self(), depth);
}

/* Pops the newest record: 1 when the caller runs it, 0 when it has ended elsewhere. The head is
 * then in sync_head, which is NULL when this threw and popped nothing. */
EXPORT(pn_web_sync) int pn_web_sync(pn_task *head) {
  pn_worker *w = pn_port_self();
  w->sync_head = NULL;
  return pn_sync_slow(w, head);
}

/* Has somebody ended the root that the caller works for? */
EXPORT(pn_web_is_cancelled) uint32_t pn_web_is_cancelled(const pn_root *root) {
  return pn_root_is_cancelled(root);
}

/* Submits the JavaScript task `target`, whose end `ticket` is told to this worker: its root, or
 * NULL when memory is exhausted or the pool closes. `data` is the root's from here. `parent` is the
 * live root of the task that detaches it, NULL where that cannot be known. */
EXPORT(pn_web_detach)
pn_root *pn_web_detach(uint32_t target, void *data, uint32_t bytes, uint32_t ticket,
                       pn_root *parent) {
  pn_worker *w = pn_port_self();
  pn_root *root = pn_root_new(PN_KIND_JS, NULL);
  if (!root) return NULL;
  root->owner = w->id + 1;
  if (parent) {
    pn_add_relaxed(&parent->refs, 1u); /* the caller's task holds one */
    root->parent = parent;
    root->top = parent->top;
    root->priority = parent->priority;
  }
  root->target = target;
  root->data = data;
  root->data_bytes = bytes;
  root->ticket = ticket;
  if (!pn_root_submit(w->control, root)) return root;
  root->data = NULL;
  pn_root_release(root);
  return NULL;
}

/* What this worker detached and has ended, oldest first, linked; each is to be released. */
EXPORT(pn_web_ended) pn_root *pn_web_ended(void) {
  return pn_queue_take(&pn_port_self()->ended);
}

/* Ends this worker's own sleep in its event loop. */
EXPORT(pn_web_wake) void pn_web_wake(void) {
  pn_park_wake(pn_port_self());
}

/* ---- roots that go on after their call: promises ---- */

void pn_js_begin_late(pn_worker *w, pn_root *root) {
  root->late_before = NULL;
  root->late_next = w->late;
  if (w->late) w->late->late_before = root;
  w->late = root;
}

void pn_js_end_late(pn_worker *w, pn_root *root) {
  if (root->late_next) root->late_next->late_before = root->late_before;
  if (root->late_before)
    root->late_before->late_next = root->late_next;
  else
    w->late = root->late_next;
}

/* Runs a late root of this worker from its beginning: what it lacked has come. Between tasks. */
EXPORT(pn_web_restart) void pn_web_restart(pn_root *root) {
  pn_worker *w = pn_port_self();
  root->waiter = 0; /* own variable */
  pn_js_end_late(w, root);
  pn_sched_run_root(w, w->chunk->tasks, root);
}

/* In the place of the worker that ran it. */
static void fail_late(pn_worker *w, pn_root *root, int error) {
  int expected = 0;
  /* Acquire-release: the first failure stays, as in pn_root_fault. */
  pn_cas_acq_rel(&root->error, &expected, error);
  root->waiter = 0;
  pn_root_end(w, root);
}

void pn_js_fail_late(pn_worker *w, int error) {
  while (w->late) {
    pn_root *root = w->late;
    pn_js_end_late(w, root);
    fail_late(w, root, error);
  }
}

bool pn_js_drop_late(pn_worker *w) {
  for (const pn_root *root = w->late; root; root = root->late_next)
    if (!pn_root_is_cancelled(root)) return false;
  pn_js_fail_late(w, PENNY_ECANCELLED);
  return true;
}

/* Host, after the burial of worker `id`: fails what was pending there. Gives the mark of the dead. */
EXPORT(pn_web_lose_late) uint32_t pn_web_lose_late(uint32_t id) {
  pn_worker *w = pn_worker_at(pn_pool(), id);
  pn_js_fail_late(w, PENNY_EWORKER);
  pn_sched_request_all(w->control, PN_WANT_POLL); /* what they detached ends, too */
  return w->mark;
}

/* After that, for each root that it has submitted and that has not come back: the host, or the worker
 * that detached it. Fails the root if the dead worker was killed between its claim and its entry. */
EXPORT(pn_web_lose) void pn_web_lose(pn_root *root, uint32_t mark) {
  /* Acquire: what was written before the claim. */
  if (pn_load_acquire(&root->state) != (PN_STARTED | mark)) return;
  fail_late(pn_worker_at(pn_pool(), (mark >> 8 & 511) - 1), root, PENNY_EWORKER);
}

/* ---- what belongs to a root ---- */

/* A block for an array that lives as long as the root and its parents, unless the host takes it over:
 * NULL when memory is exhausted. Any worker that works for the root. */
EXPORT(pn_web_root_alloc) void *pn_web_root_alloc(pn_root *root, size_t bytes) {
  root = root->top;
  struct pn_root_array *array = penny_alloc(sizeof *array);
  if (!array) return NULL;
  array->data = penny_alloc(bytes);
  array->bytes = bytes;
  if (!array->data) {
    penny_free(array);
    return NULL;
  }
  struct pn_root_array *first =
      pn_load_relaxed(&root->arrays); /* a guess; the exchange checks it */
  do {
    array->next = first;
    /* Acquire-release: publishes the link; read when the root has ended. */
  } while (!pn_cas_acq_rel(&root->arrays, &first, array));
  return array->data;
}

/* Host, before it releases the root: the root's block that `at` points into, which is the host's from
 * here, or NULL. */
EXPORT(pn_web_adopt) void *pn_web_adopt(pn_root *root, const void *at) {
  for (struct pn_root_array *array = root->arrays; array; array = array->next) {
    void *data = array->data;
    size_t offset = (uintptr_t)at - (uintptr_t)data; /* huge when it is before it */
    if (!data || (offset && offset >= array->bytes)) continue;
    array->data = NULL;
    return data;
  }
  return NULL;
}

/* Puts an encoded value where the host finds it, or takes what is there (NULL): the value that was
 * there, which is the caller's from here. Any worker that works for the root, and the host. */
EXPORT(pn_web_progress) void *pn_web_progress(pn_root *root, void *value) {
  /* Acquire-release: publishes the block's content to whoever takes it. */
  return pn_exchange_acq_rel(&root->top->progress, value);
}
