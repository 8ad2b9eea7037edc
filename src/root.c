/*
 * root.c: roots, their errors, futures, groups and PENNY_RUN. A root goes PN_QUEUED -> PN_STARTED
 * -> PN_ENDED; whoever wins the first step runs it, and tells the result to the one place that its
 * kind says.
 * I1  `error` is set once, by the first failure; `message` and `failed_name` are written by
 *     who set it.
 * I2  A root is freed when its last reference goes: one of the queue (handed to the runner),
 *     one of the future's holder, one of the group. A host root's last reference goes to the
 *     host with the completion.
 */
#include "root.h"

#include "park.h"
#include "port.h"
#include "priority.h"
#include "queue.h"
#include "scheduler.h"
#include "task_stack.h"

static pn_root *root_of_task(pn_task *task) {
  return (pn_root *)((char *)task - offsetof(pn_root, task));
}

pn_root *pn_root_new(uint32_t kind, const pn_task_type *type) {
  pn_root *root = penny_aligned(64, sizeof *root);
  if (!root) return NULL;
  *root = (pn_root){.kind = kind, .refs = 1, .name = type ? type->name : NULL};
  /* What a task detaches is as urgent as itself. */
  pn_worker *w = pn_port_self();
  root->priority = w && w->depth ? w->root->priority : PN_NORMAL;
  root->top = root;
  root->task.type = type;
  if (type && type->arity > 6) *(unsigned char **)(void *)root->task.payload = root->spill;
  return root;
}

static void free_js(pn_root *root) {
  penny_free(root->data);
  penny_free(root->progress);
  for (struct pn_root_array *array = root->arrays; array;) {
    struct pn_root_array *next = array->next;
    penny_free(array->data);
    penny_free(array);
    array = next;
  }
}

void pn_root_release(pn_root *root) {
  /* Acquire-release: the last one sees all that the others did with it before it frees. */
  while (root && pn_add_acq_rel(&root->refs, (uint32_t)-1) == 1) {
    pn_root *parent = root->parent;
    penny_free(root->message);
    if (root->kind == PN_KIND_JS) free_js(root);
    penny_free(root);
    root = parent; /* it holds one of those */
  }
}

int pn_root_submit(pn_control *control, pn_root *root) {
  /* Sequentially consistent: pairs with the store in pn_pool_shutdown. A push after that store but
   * before this look is still ended, by the last worker's drain or by pn_pool_destroy. */
  if (!control || pn_load_seq_cst(&control->shutdown)) return PENNY_ECLOSED;
  uint32_t priority = root->priority; /* not ours any more after the push */
  /* Before the push, so that it is never less than what is visible (priority.c: I1). */
  if (priority == PN_URGENT) pn_add_seq_cst(&control->urgent, 1u);
  pn_queue_push(&control->inbox[priority].newest, root);
  if (priority == PN_URGENT)
    pn_priority_urge(control);
  else
    pn_park_wake_one(control);
  return 0;
}

bool pn_root_claim(pn_worker *w, pn_root *root) {
  uint32_t expected = PN_QUEUED;
  /* Acquire-release: one runner; it sees what the submitter wrote. One word says both that it was
   * started and by whom, so that nobody's death between the two can hide who had it. */
  return pn_cas_acq_rel(&root->state, &expected, PN_STARTED | w->mark);
}

static void run_task(pn_worker *w, pn_task *head, void *argument) {
  pn_root *root = argument;
  root->task.type->run(w, head, &root->task);
}

static void run_submitted(pn_worker *w, pn_task *head, void *argument) {
  pn_root *root = argument;
  void (*fn)(PENNY_CONTEXT, void *);
  *(void **)(void *)&fn = *(void **)(void *)root->task.payload;
  PN_DEBUG_FRAME_OF(w, root->name)
  fn(w, head, root->data);
}

static void run_js(pn_worker *w, pn_task *head, void *argument) {
  pn_port_run_js(w, head, argument);
}

void (*pn_root_body(const pn_root *root))(pn_worker *, pn_task *, void *) {
  if (root->kind == PN_KIND_JS) return run_js;
  return root->kind == PN_KIND_SUBMIT ? run_submitted : run_task;
}

void pn_root_end(pn_worker *w, pn_root *root) {
  /* With its worker, so that the host can tell an end whose completion was lost with the worker. */
  uint32_t ended = PN_ENDED | w->mark;
  pn_control *control = w->control;
  uint32_t kind = root->kind;
  /* Acquire: the failing worker's message comes with the error. */
  int error = pn_load_acquire(&root->error);
  if (kind == PN_KIND_JS && root->waiter)
    return; /* its promise is pending: pn_web_result comes back here (port_web.c) */
  if (kind == PN_KIND_JS && root->owner) {
    pn_worker *owner = pn_worker_at(control, root->owner - 1);
    pn_store_release(&root->state, ended); /* as below */
    pn_queue_push(&owner->ended, root);
    pn_park_wake(owner); /* after the push: a sleeper announces itself, then looks (park.c: I3) */
    return;
  }
  if (kind == PN_KIND_HOST || kind == PN_KIND_JS) {
    pn_store_release(&root->state, ended); /* pairs with the host's load after the take */
    if (!pn_queue_push(&control->completions, root))
      return; /* who found it empty signals (QUEUES.md) */
    pn_add_seq_cst(&control->signal,
                   1u); /* after the push: the host reads signal, then takes, then waits */
    pn_port_wake(&control->signal, 1);
    if (pn_load_relaxed(&control->ring)) pn_port_ring(); /* constant after start-up */
    return;
  }
  if (kind == PN_KIND_SUBMIT && root->done) root->done(root->data, error);
  /* Sequentially consistent: publishes result and error; before the look at the waiter (park.c:
   * pn_park_join). */
  uint32_t before =
      pn_exchange_seq_cst(&root->task.status, (uint32_t)(error ? PN_FAILED : PN_DONE));
  if (before & PN_WAITED)
    pn_park_wake_joiner(
        pn_worker_at(control, pn_load_acquire(&root->waiter) - 1)); /* set before the mark */
  /* Release: pairs with the acquire in pn_run_end. */
  pn_store_release(&root->state, ended);
  if (kind == PN_KIND_RUN) {
    pn_port_wake(&root->state, 1); /* an address only: the runner may have freed it by now */
    return;
  }
  pn_root_release(root);
}

bool pn_root_is_cancelled(const pn_root *root) {
  /* Acquire, all: a cause is set before the trip that makes us look (pn_stack_request). What was
   * detached ends with its parents: who would wait for it? */
  for (const pn_root *at = root; at; at = at->parent)
    if (pn_load_acquire(&at->error) || pn_load_acquire(&at->cancel)) return true; /* as above */
  if (root->group && pn_load_acquire(&root->group->cancel)) return true;          /* as above */
  return pn_load_acquire(&pn_pool()->shutdown) != 0; /* pairs with pn_pool_shutdown */
}

void pn_root_fault(pn_worker *w, int error, const char *message, size_t bytes) {
  pn_root *root = w->root;
  if (!root) return;
  if (error == PENNY_ECANCELLED) {
    /* Acquire: which cause it was. */
    uint32_t cause = pn_load_acquire(&root->cancel);
    if (cause)
      error = -(int)cause;
    else if (pn_load_acquire(&w->control->shutdown))
      error = PENNY_ECLOSED; /* as above */
  }
  int expected = 0;
  if (pn_load_relaxed(&root->error)) return; /* a first look; the exchange decides */
  char *copy = message && bytes ? penny_alloc(bytes + 1) : NULL;
  if (copy) {
    for (size_t i = 0; i < bytes; i++) copy[i] = message[i];
    copy[bytes] = 0;
  }
  /* Acquire-release: the first failure wins (I1) and writes the rest; readers look at it after the
   * root has ended. */
  if (!pn_cas_acq_rel(&root->error, &expected, error)) {
    penny_free(copy);
    return;
  }
  root->message = copy;
  root->message_bytes = copy ? (uint32_t)bytes : 0;
  const pn_task *task = w->depth ? w->entries[w->depth - 1].task : NULL;
  const char *name = task && task->type ? task->type->name : NULL;
  /* The names of what loops and sorts consist of, pn_..., say nothing to the program. */
  root->failed_name =
      name && (name[0] != 'p' || name[1] != 'n' || name[2] != '_') ? name : root->name;
  pn_sched_request_all(w->control, PN_WANT_POLL);
}

void penny_fail(int error, const char *message) {
  pn_worker *w = pn_port_self();
  if (!w || !w->depth) pn_port_fatal("penny_fail: not inside a task");
  size_t bytes = 0;
  while (message && message[bytes]) bytes++;
  pn_root_fault(w, error < 0 ? error : PENNY_EFAIL, message, bytes);
  pn_port_throw();
}

bool penny_is_cancelled(void) {
  pn_worker *w = pn_port_self();
  return w && w->depth && pn_root_is_cancelled(w->root);
}

/* ---- futures and groups ---- */

static void group_add(penny_group *group, pn_root *root);

penny_future *pn_detach_begin(const pn_task_type *type, penny_group *group) {
  pn_root *root = pn_root_new(PN_KIND_FUTURE, type);
  if (root) root->group = group;
  return root;
}

void pn_detach_end(penny_future *future) {
  future->refs = 2; /* the queue's and the holder's; not shared yet */
  pn_worker *w = pn_port_self();
  if (future->group) {
    future->refs = 3;
    group_add(future->group, future);
  }
  if (pn_root_submit(w ? w->control : pn_pool(), future) == 0) return;
  pn_root_refuse(future);
}

void pn_root_refuse(pn_root *root) {
  pn_worker *w = pn_worker_at(pn_pool(), 0); /* for the way to the control block only */
  if (!pn_root_claim(w, root)) {
    pn_root_release(root); /* somebody ran it; only the queue's reference is left */
    return;
  }
  pn_store_release(&root->error, PENNY_ECLOSED); /* before the status and state set below */
  pn_root_end(w, root);
}

bool penny_future_is_done(const penny_future *future) {
  /* Acquire: pairs with the exchange in pn_root_end, which is what waiters wait for, too: after a
   * wait this is true. The result is visible. */
  return (pn_load_acquire(&future->task.status) & ~(uint32_t)PN_WAITED) >= PN_DONE;
}

/* Waits for a future that another worker runs. The first waiter can be woken; more than one, which
 * only a group and a holder waiting at once bring about, look again every millisecond. */
static void wait_started(pn_worker *w, pn_task *head, penny_future *future) {
  uint32_t nobody = 0;
  /* Acquire-release: set before the waited mark that pn_sched_wait may set. */
  if (pn_cas_acq_rel(&future->waiter, &nobody, w->id + 1) || nobody == w->id + 1) {
    pn_sched_wait(w, head, &future->task, future);
    return;
  }
  /* Acquire: pairs with the exchange in pn_root_end. */
  while ((pn_load_acquire(&future->task.status) & ~(uint32_t)PN_WAITED) < PN_DONE)
    pn_port_wait(&w->state, PN_AWAKE, 1000000);
}

static const char too_deep_message[] = "futures that wait for futures nest more than 32 deep";

static bool is_too_deep(const pn_worker *w, const penny_future *future) {
  /* Acquire: pairs with the release in pn_root_end. */
  return w->depth == PN_ENTRIES && pn_load_acquire(&future->state) == PN_QUEUED;
}

int pn_future_wait(pn_worker *w, pn_task *head, penny_future *future) {
  pn_port_probe_stack(); /* before the claim: what was claimed must run */
  if (is_too_deep(w, future)) penny_fail(PENNY_ESTACK, too_deep_message);
  if (pn_root_claim(w, future)) {
    /* The queue's reference stays with the queue, the runner's is a new one. Relaxed: we hold one. */
    pn_add_relaxed(&future->refs, 1u);
    pn_sched_run_root(w, head, future);
  } else {
    pn_poll(w, head);
    if (!penny_future_is_done(future)) pn_stack_offer_all(w, head);
    wait_started(w, head, future);
  }
  return pn_load_acquire(&future->error); /* set before the status that was waited for */
}

pn_task *pn_future_get(pn_worker *w, pn_task *head, penny_future *future) {
  pn_entry *entry = &w->entries[w->depth - 1];
  entry->future =
      future; /* released by end_entry if this task fails in the wait or because of it */
  int error = pn_future_wait(w, head, future);
  if (error) {
    pn_root_fault(w, error, future->message, future->message_bytes);
    pn_port_throw();
  }
  entry->future = NULL;
  w->got = future->task;
  pn_future_release(future);
  return &w->got;
}

/* The holder's reference; a group keeps those of its members until it is freed. */
void pn_future_release(penny_future *future) {
  if (!future->group) pn_root_release(future);
}

void penny_future_free(penny_future *future) {
  pn_future_release(future);
}

penny_group *penny_group_new(void) {
  penny_group *group = penny_alloc(sizeof *group);
  if (group) *group = (penny_group){0};
  return group;
}

/* Members are linked through `next_member`: pushed like the inbox, taken whole by whoever waits. */
static void group_add(penny_group *group, pn_root *root) {
  pn_root *first = pn_load_relaxed(&group->members); /* a guess; the exchange checks it */
  do {
    root->next_member = first;
    /* Acquire-release: publishes the link to the waiter's exchange. */
  } while (!pn_cas_acq_rel(&group->members, &first, root));
}

void penny_group_cancel(penny_group *group) {
  pn_store_seq_cst(&group->cancel, 1u); /* before the trips that make the others look */
  pn_sched_request_all(pn_pool(), PN_WANT_POLL);
}

int pn_group_wait(pn_worker *w, pn_task *head, penny_group *group) {
  for (;;) {
    if (!group->waiting) {
      /* Acquire-release: the links come with the members; ours alone after the exchange. */
      group->waiting = pn_exchange_acq_rel(&group->members, (pn_root *)NULL);
      if (!group->waiting) return group->error;
    }
    pn_root *root = group->waiting;
    int error = pn_future_wait(w, head, root);
    if (error && !group->error) group->error = error;
    group->waiting = root->next_member;
    root->next_member = group->ended;
    group->ended = root;
  }
}

static void release_members(pn_root *root) {
  while (root) {
    pn_root *next = root->next_member;
    pn_root_release(root); /* the group's reference */
    pn_root_release(root); /* the holder's: futures of a group live as long as it */
    root = next;
  }
}

void penny_group_free(penny_group *group) {
  release_members(group->ended);
  release_members(group->waiting);
  release_members(pn_load_acquire(&group->members)); /* pairs with group_add */
  penny_free(group);
}

int penny_submit(void (*fn)(PENNY_CONTEXT, void *), void (*done)(void *, int), void *context) {
  /* A worker is inside the pool as it is, and an overflow in the allocator throws a task out of here. */
  const pn_worker *w = pn_port_self();
  pn_control *control = w ? w->control : pn_pool_enter();
  if (!control) return PENNY_ECLOSED;
  int error = PENNY_ENOMEM;
  pn_root *root = pn_root_new(PN_KIND_SUBMIT, NULL);
  if (root) {
    *(void **)(void *)root->task.payload = *(void **)(void *)&fn;
    root->done = done;
    root->data = context;
    root->name = "penny_submit";
    error = pn_root_submit(control, root);
    if (error) pn_root_release(root);
  }
  if (!w) pn_pool_leave();
  return error;
}

/* ---- PENNY_RUN ---- */

/* What a PENNY_RUN that could not begin fills in, and what it and a finished one leave for their caller. On the web all
 * workers have the same one (atomic.h): all of them are refused there, so the result is always 0, what they fill in nobody
 * reads, and the pointer to it is always the same. */
static PN_THREAD_LOCAL struct {
  pn_task task;
  pn_task refused[2]; /* of up to 6 arguments, of more */
  unsigned char spill[64];
  int error;
  char message[160];
  const char *name; /* of the task that failed: static */
} last_run;

static pn_task *run_nothing(const pn_task_type *type, int error) {
  last_run.name = type->name;
  last_run.error = error;
  if (type->arity <= 6) return &last_run.refused[0];
  *(unsigned char **)(void *)last_run.refused[1].payload = last_run.spill;
  return &last_run.refused[1];
}

pn_task *pn_run_begin(const pn_task_type *type) {
  if (pn_port_self()) return run_nothing(type, PENNY_ENESTED);
  if (!pn_port_may_block()) return run_nothing(type, PENNY_EMAINTHREAD);
  if (!pn_pool_enter()) return run_nothing(type, PENNY_ECLOSED);
  pn_root *root = pn_root_new(PN_KIND_RUN, type);
  if (!root) pn_pool_leave();
  return root ? &root->task : run_nothing(type, PENNY_ENOMEM);
}

/* So long between two looks of a waiting PENNY_RUN at whether its tasks need a wake-up (PARKING.md: Limits). */
#define LOOK_NS 25000000

static void keep_message(const pn_root *root) {
  size_t bytes = root->message ? root->message_bytes : 0;
  if (bytes >= sizeof last_run.message) {
    bytes = sizeof last_run.message - 1;
    /* The first byte left out may go on a character, which has four bytes at most. */
    for (int i = 0; i < 3 && ((unsigned char)root->message[bytes] & 0xC0) == 0x80; i++) bytes--;
  }
  if (bytes) __builtin_memcpy(last_run.message, root->message, bytes);
  last_run.message[bytes] = 0;
}

pn_task *pn_run_end(pn_task *task) {
  last_run.message[0] = 0;
  if (task != &last_run.refused[0] && task != &last_run.refused[1]) {
    pn_root *root = root_of_task(task);
    last_run.error = pn_root_submit(pn_pool(), root);
    uint32_t state;
    uint32_t steals = 0;
    int64_t wait_ns =
        pn_park_is_crowded(pn_pool()) ? LOOK_NS : -1; /* the number of workers is fixed here */
    /* Acquire: pairs with the release in pn_root_end; result and error are visible. */
    while (!last_run.error && pn_root_step(state = pn_load_acquire(&root->state)) != PN_ENDED) {
      pn_port_wait(&root->state, state, wait_ns);
      /* Relaxed: a first look; unless something has happened to the root, perhaps nothing has anywhere. */
      if (pn_load_relaxed(&root->state) == state) steals = pn_park_rouse(pn_pool(), steals);
    }
    last_run.task = *task;
    if (!last_run.error) last_run.error = pn_load_acquire(&root->error); /* set before the state */
    keep_message(root);
    last_run.name = root->failed_name ? root->failed_name : root->name;
    pn_root_release(root);
    pn_pool_leave(); /* last: the pool may go after this */
  }
  if (last_run.error) last_run.task = (pn_task){0};
  return &last_run.task;
}

int penny_last_error(void) {
  return last_run.error;
}
const char *penny_last_message(void) {
  if (!last_run.error) return "";
  return last_run.message[0] ? last_run.message : penny_strerror(last_run.error);
}

const char *penny_last_task(void) {
  return last_run.error && last_run.name ? last_run.name : "";
}
