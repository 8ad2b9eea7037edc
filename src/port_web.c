/*
 * port_web.c: the platform of web pages: one module, instantiated by the page (the host) and by
 * every worker on one shared memory. What JavaScript calls is exported as pn_web_*; what C asks of
 * JavaScript is imported as pn_js_* (js-glue/enter.js).
 *
 * Threads: "Host" functions are called by the page's instance only and never block; the others by
 * the worker's own instance.
 *
 * I1  pn_self differs by instance (a wasm global): NULL in the host's. Everything else that is
 * static is shared.
 * I2  The C stack of a worker is a heap block of its own; its limits are set before any function
 * with a frame runs.
 */
#include "park.h"
#include "port.h"
#include "priority.h"
#include "queue.h"
#include "root.h"
#include "scheduler.h"
#include "trace.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))

/* Runs pn_web_body under try/catch: 0, or 1 when it was thrown out (the failure is then recorded
 * by pn_web_fault). */
IMPORT(pn_js_enter)
int pn_js_enter(void (*body)(pn_worker *, pn_task *, void *), pn_worker *w, pn_task *head,
                void *argument, uint32_t level);
IMPORT(pn_js_throw) PN_NORETURN void pn_js_throw(void);
IMPORT(pn_js_fatal) PN_NORETURN void pn_js_fatal(const char *message, size_t bytes);
IMPORT(pn_js_now) double pn_js_now(void);
IMPORT(pn_js_origin) double pn_js_origin(void);
IMPORT(pn_js_ring) void pn_js_ring(void);
/* Runs the JavaScript task: 1 when it goes on after this call (a promise), 0 when pn_web_result
 * was called. */
IMPORT(pn_js_run) int pn_js_run(pn_root *root, pn_task *head);
IMPORT(pn_port_print) void pn_port_print(const char *text, size_t bytes, int is_error);
/* Shows what a task printed without the end of its line (libc_web.c); NULL in a module that uses nothing of that. */
__attribute__((weak)) void pn_libc_flush(void);

/* Globals of each instance: this worker, whether its thread may block, whether a JavaScript task
 * ran since last asked, whether this worker looks for work while all others sleep, and how many turns ago it was
 * asked to leave and passed on what it was woken for. */
__asm__(".globaltype pn_self, i32\n.globl pn_self\npn_self:\n"
        ".globaltype pn_blocks, i32\n.globl pn_blocks\npn_blocks:\n"
        ".globaltype pn_ran_js, i32\n.globl pn_ran_js\npn_ran_js:\n"
        ".globaltype pn_hopes, i32\n.globl pn_hopes\npn_hopes:\n"
        ".globaltype pn_leaves, i32\n.globl pn_leaves\npn_leaves:\n");
#define SHORT_MS    0.25 /* of a sleep */
#define LEAVE_TURNS 250  /* of 4 ms (js-glue/worker.js) */
#define PN_INSTANCE extern __attribute__((address_space(1)))
PN_INSTANCE uintptr_t pn_self;
PN_INSTANCE uint32_t pn_blocks;
PN_INSTANCE uint32_t pn_ran_js;
PN_INSTANCE uint32_t pn_hopes;
PN_INSTANCE uint32_t pn_leaves;

/* The linker's. Both are nothing, and cost nothing, in a module without such variables. */
extern unsigned char __heap_base;
extern void __wasm_init_tls(void *block); /* makes this instance's _Thread_local variables */
extern void __wasm_call_ctors(void); /* once: else each call of an export would begin with it */

enum {
  WASM_PAGE_BYTES = 65536,
  LEFT = 0,
  AGAIN = 1,
  ASLEEP = 2,
  IDLE = 3,
  LEAVING = 4,
  SPINS_BEFORE_PARK = 2000, /* of all workers together */
  SPINS_BY_MESSAGE = 50,    /* the same where the page hears by message */
  NAP_NS = 1000000,
  PROBE_FRAMES = 32,
  HEAP_PROBE_FRAMES = PROBE_FRAMES / 2
};

/* ---- port.h ---- */

pn_worker *pn_port_self(void) {
  return (pn_worker *)pn_self;
}
void pn_port_set_self(pn_worker *worker) {
  pn_self = (uintptr_t)worker;
  pn_blocks = 1;
}
bool pn_port_may_block(void) {
  return pn_blocks;
}

/* Never inlined, by Binaryen neither (cmake/postlink.mjs): the baseline compiler of V8 11 (Node 20)
 * loses locals over a wait, so none may be used after it, the saved stack pointer included. */
__attribute__((noinline)) void pn_port_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  /* Sequentially consistent by the instruction; callers look at the word again (park.c). */
  __builtin_wasm_memory_atomic_wait32((int *)word, (int)expected, timeout_ns);
}

void pn_port_wake(uint32_t *word, uint32_t count) {
  /* The caller has changed the word before; pairs with the wait above. All who wait: one of them may
   * be a waitAsync that JavaScript has left behind (worker.js), which would take the only wake-up. */
  (void)count;
  __builtin_wasm_memory_atomic_notify((int *)word, UINT32_MAX);
}
void pn_port_pause(uint32_t looks) {
  (void)looks;
} /* wasm has no such instruction, and a call to JavaScript would cost more than it saves */
double pn_port_now_ms(void) {
  return pn_js_now();
}
double pn_port_origin_ms(void) {
  return pn_js_origin();
}

/* Wasm pages whose growth has returned; only grows. In WebKit 2.50 memory.size shows a growth before
 * the new pages have been cleared, so that another thread's first stores there are lost (seen as
 * free lists cut short, in one pool of 30): nobody may use a page before its memory.grow returned. */
static uint32_t ready_pages;

int pn_port_commit(void *end) {
  /* `end` is at most 4 GiB - 64 KiB */
  uint32_t pages = (uint32_t)(((uintptr_t)end + (WASM_PAGE_BYTES - 1)) / WASM_PAGE_BYTES);
  /* Acquire: pairs with the exchange below; what another's growth cleared stays cleared. */
  uint32_t ready = pn_load_acquire(&ready_pages);
  while (ready < pages) {
    uint32_t have = (uint32_t)__builtin_wasm_memory_size(0);
    /* By nothing when another thread has grown it: engines that clear pages let one growth in at a
     * time, so that all that this one counts in `old` have ended when it returns. */
    uint32_t more = have < pages ? pages - have : 0;
    size_t old = __builtin_wasm_memory_grow(0, more);
    if (old == SIZE_MAX) {
      /* Or another thread grew it meanwhile: a new look. */
      if (__builtin_wasm_memory_size(0) == have) return PENNY_ENOMEM;
      continue;
    }
    have = (uint32_t)old + more;
    /* Acquire-release: publishes this thread's growth and those that ended before it. */
    while (ready < have && !pn_cas_acq_rel(&ready_pages, &ready, have)) {
    }
  }
  return 0;
}

int pn_port_enter(void (*body)(pn_worker *, pn_task *, void *), pn_worker *worker, pn_task *head,
                  void *argument) {
  return pn_js_enter(body, worker, head, argument, worker->depth);
}

void pn_port_throw(void) {
  pn_js_throw();
}

/* The engine checks its stack at function entry: PROBE_FRAMES nested entries need more than 2 KiB in every engine. The
 * volatile local keeps each frame, and the use of the result after the call keeps it from being a loop. */
__attribute__((noinline)) static uint32_t probe(uint32_t frames) {
  volatile uint32_t here = frames;
  return frames ? probe(frames - 1) + here : here;
}

void pn_port_probe_stack(void) {
  probe(PROBE_FRAMES);
}
void pn_port_probe_heap(void) {
  if (pn_self) probe(HEAP_PROBE_FRAMES);
}

bool pn_port_has_stack(void) {
  const pn_worker *w = pn_port_self();
  volatile char here = 0;
  return (uintptr_t)&here - (uintptr_t)w->stack >= w->control->stack_bytes / 2;
}

void pn_port_ring(void) {
  pn_js_ring();
}

void pn_port_run_js(pn_worker *worker, pn_task *head, pn_root *root) {
  pn_ran_js = 1;
  /* pn_root_end leaves the root alone while this is set. Own variable: pn_web_result comes
   * later, on this worker. */
  if (!pn_js_run(root, head)) return;
  root->waiter = 1;
  pn_js_begin_late(worker, root);
}

void pn_port_fatal(const char *message) {
  size_t bytes = 0;
  while (message[bytes]) bytes++;
  pn_js_fatal(message, bytes);
}

/* ---- host: life of a pool ---- */

static uintptr_t page_after(uintptr_t address) {
  return (address + (PN_HEAP_PAGE_BYTES - 1)) & ~(uintptr_t)(PN_HEAP_PAGE_BYTES - 1);
}

/* A worker's C stack, whole heap pages; above it are its _Thread_local variables. */
static int make_stack(pn_worker *w) {
  size_t bytes = pn_pool()->stack_bytes + __builtin_wasm_tls_size();
  if (!w->stack) w->stack = penny_aligned(PN_HEAP_PAGE_BYTES, bytes);
  return w->stack ? 0 : PENNY_ENOMEM;
}

/* Makes the pool in what lies above the module's own data, with C stacks for `workers`. The memory's maximum comes as a
 * double because 4 GiB is no uint32_t. 0 or PENNY_EINVAL, PENNY_ENOMEM. Host, or a test program's
 * own thread. */
EXPORT(pn_web_create)
int pn_web_create(double maximum_bytes, uint32_t workers, uint32_t max_workers, uint32_t cores,
                  uint32_t index_base, uint32_t stack_bytes) {
  uintptr_t variables = page_after((uintptr_t)&__heap_base); /* the host's own */
  uintptr_t base = page_after(variables + __builtin_wasm_tls_size());
  if (maximum_bytes < (double)base) return PENNY_ENOMEM;
  uint64_t bytes = (uint64_t)maximum_bytes - base;
  /* What the memory began with. Own variable: nobody else is here yet. */
  pn_store_relaxed(&ready_pages, (uint32_t)__builtin_wasm_memory_size(0));
  int error = pn_pool_create((void *)base, bytes, workers, max_workers, cores, index_base);
  if (error) return error;
  pn_control *control = pn_pool();
  control->stack_bytes = stack_bytes; /* before any worker starts */
  control->host_heap.never_collects = true;
  for (uint32_t i = 0; !error && i < workers; i++) error = make_stack(pn_worker_at(control, i));
  if (__builtin_wasm_tls_size()) __wasm_init_tls((void *)variables);
  __wasm_call_ctors(); /* they may allocate */
  return error;
}

EXPORT(pn_web_control) pn_control *pn_web_control(void) {
  return pn_pool();
}
/* The version is in it, too. */
EXPORT(pn_web_layout_hash) uint32_t pn_web_layout_hash(void) {
  return pn_layout_hash();
}
EXPORT(pn_web_strerror) const char *pn_web_strerror(int error) {
  return penny_strerror(error);
}
/* 1: the host cannot wait on memory and wants pn_js_ring instead. Before the workers start. */
EXPORT(pn_web_set_ring) void pn_web_set_ring(uint32_t ring) {
  pn_store_relaxed(&pn_pool()->ring, ring);
} /* published by the start */
/* As pn_park_rouse, which tells when. */
EXPORT(pn_web_rouse) uint32_t pn_web_rouse(uint32_t before) {
  return pn_park_rouse(pn_pool(), before);
}
EXPORT(pn_web_shutdown) void pn_web_shutdown(void) {
  pn_pool_shutdown(pn_pool());
}
/* After every worker has left: the number of blocks that the program still holds. */
EXPORT(pn_web_destroy) double pn_web_destroy(void) {
  return (double)pn_pool_destroy();
}
EXPORT(pn_web_alloc) void *pn_web_alloc(size_t bytes) {
  return penny_alloc(bytes);
}
EXPORT(pn_web_free) void pn_web_free(void *block) {
  penny_free(block);
}
EXPORT(pn_web_usable) size_t pn_web_usable(const void *block) {
  return pn_heap_usable_bytes(&pn_pool()->heap, block);
}

/* Host, after an allocation failed: turns free small blocks back into pages (heap.h); 0 if it found none. It takes some
 * milliseconds where many are free, so it does nothing for ten times as long after that. */
EXPORT(pn_web_collect) uint32_t pn_web_collect(void) {
  static double next_ms;
  double began_ms = pn_js_now();
  if (began_ms < next_ms) return 0;
  uint32_t pages = pn_heap_collect(&pn_pool()->heap, &pn_pool()->host_heap);
  double ended_ms = pn_js_now();
  next_ms = ended_ms + 10 * (ended_ms - began_ms);
  return pages;
}

/* ---- host: submitting ---- */

/* Where the host puts the arguments of the next pn_web_call, 8 bytes each, or the numbers of the
 * next pn_web_call_js. */
static uint64_t stage[8];
EXPORT(pn_web_stage) uint64_t *pn_web_stage(void) {
  return stage;
}

/* Submits a C task with the arguments in `stage` and a priority (PN_URGENT and so on): its root, or NULL
 * when memory is exhausted. */
EXPORT(pn_web_call)
pn_root *pn_web_call(const pn_task_type *type, uint32_t ticket, uint32_t priority) {
  pn_root *root = pn_root_new(PN_KIND_HOST, type);
  if (!root) return NULL;
  uint64_t *arguments = (uint64_t *)(void *)PN_ARGS_OF(type->arity, &root->task);
  for (uint32_t i = 0; i < type->arity; i++) arguments[i] = stage[i];
  root->ticket = ticket;
  root->priority = priority;
  pn_root_submit(pn_pool(),
                 root); /* never closed: the host closes it, and asks nothing more of it then */
  return root;
}

/* Submits the JavaScript task `target` with encoded arguments in `data` (a heap block, now the
 * root's), or without data: with at most six numbers, `bytes` says how many, from the stage. Its
 * result may come the same way: no data, and a number in the payload if there is one. */
EXPORT(pn_web_call_js)
pn_root *pn_web_call_js(uint32_t target, void *data, uint32_t bytes, uint32_t ticket,
                        uint32_t priority) {
  pn_root *root = pn_root_new(PN_KIND_JS, NULL);
  if (!root) return NULL;
  root->target = target;
  root->data = data;
  root->data_bytes = bytes;
  if (!data) __builtin_memcpy(root->task.payload, stage, sizeof root->task.payload);
  root->ticket = ticket;
  root->priority = priority;
  pn_root_submit(pn_pool(), root); /* as above */
  return root;
}

/* An urgent root that still waits a little after its submission: the worker that was woken for it is
 * perhaps held up in its event loop. Now whoever polls first takes it. */
EXPORT(pn_web_urge) void pn_web_urge(const pn_root *root) {
  /* Acquire: only looked at; the host holds a reference. */
  if (pn_load_acquire(&root->state) == PN_QUEUED) pn_priority_raise(pn_pool());
}

/* The host has read the result (or gives the root up after every worker has left). */
EXPORT(pn_web_release) void pn_web_release(pn_root *root) {
  pn_root_release(root);
}

/* The tasks of a root that has not ended shall fail with -cause: queued ones at once, running
 * ones at their next poll. */
EXPORT(pn_web_cancel) void pn_web_cancel(pn_root *root, uint32_t cause) {
  pn_store_seq_cst(&root->cancel,
                   cause); /* before the trips that make the workers look (pn_root_is_cancelled) */
  pn_sched_request_all(pn_pool(), PN_WANT_POLL);
}

/* Is worker `id` inside code of this live root of the host right now, or of what that has detached (its
 * newest entry, and it does not wait in a join)? What is read may be out of date when it is used. */
EXPORT(pn_web_is_running) uint32_t pn_web_is_running(uint32_t id, const pn_root *root) {
  const pn_worker *w = pn_worker_at(pn_pool(), id);
  /* Acquire, both: only compared; pairs with set_root (scheduler.c) and begin_sleep (park.c). */
  const pn_root *runs = pn_load_acquire(&w->root);
  if (runs) runs = runs->top; /* what was detached counts; freed meanwhile, it is still memory */
  return runs == root && pn_load_acquire(&w->state) == PN_AWAKE; /* as above */
}

/* A worker was killed and touches nothing any more: 0 when all that it had begun has failed with PENNY_EWORKER, 1: again a
 * little later (pn_pool_bury). */
EXPORT(pn_web_bury) int pn_web_bury(uint32_t id) {
  return pn_pool_bury(pn_pool(), id);
}

/* Nothing waits in the inbox or a root deque: a root that is still PN_QUEUED is in a worker's hand,
 * or was in a dead one's. */
EXPORT(pn_web_is_drained) uint32_t pn_web_is_drained(void) {
  const pn_control *control = pn_pool();
  return !pn_priority_sees(control, PN_URGENT, PN_PRIORITIES);
}

/* Host, or the worker that detached it. Submits a copy of a root that may have been lost: the copy, or the root itself when it was begun
 * meanwhile or memory is exhausted. The root is void from here: whoever still finds it in a queue
 * fails to claim it and releases it (QUEUES.md); it is never linked anew. */
EXPORT(pn_web_requeue) pn_root *pn_web_requeue(pn_root *root) {
  pn_root *copy = penny_aligned(64, sizeof *copy);
  if (!copy) return root;
  uint32_t expected = PN_QUEUED;
  /* Acquire-release: against a claim by a worker that has it in hand after all; one of us wins. */
  if (!pn_cas_acq_rel(&root->state, &expected, PN_ENDED)) {
    penny_free(copy);
    return root;
  }
  *copy = *root;
  copy->state = PN_QUEUED;
  copy->refs = 1;
  if (!copy->parent) copy->top = copy;
  if (copy->task.type && copy->task.type->arity > 6)
    *(unsigned char **)(void *)copy->task.payload = copy->spill;
  root->data = NULL; /* the copy's now */
  root->parent = NULL;
  pn_root_submit(pn_pool(), copy);
  return copy;
}

/* Makes the block and the C stack of one more worker, the lowest that is not in use: 0 or
 * PENNY_ENOMEM. */
EXPORT(pn_web_grow) int pn_web_grow(uint32_t id) {
  pn_worker *w = pn_worker_at(pn_pool(), id);
  if (make_stack(w) || pn_pool_trace(w)) return PENNY_ENOMEM;
  pn_pool_grow(pn_pool(), id);
  return 0;
}

/* Workers with these ids and above leave: each says so. Then, for each, when its thread has ended. */
EXPORT(pn_web_shrink) void pn_web_shrink(uint32_t target) {
  pn_pool_shrink(pn_pool(), target);
}
EXPORT(pn_web_retire) void pn_web_retire(uint32_t id) {
  pn_pool_retire(pn_pool(), id);
}

/* Before the workers start: each notes its last `events` events, a power of two. 0 or PENNY_ENOMEM. */
EXPORT(pn_web_trace) int pn_web_trace(uint32_t events) {
  pn_control *control = pn_pool();
  control->trace_events = events;
  for (uint32_t id = 0; id < control->workers; id++)
    if (pn_pool_trace(pn_worker_at(control, id))) return PENNY_ENOMEM;
  return 0;
}

/* After that: makes its block ready for a replacement, which begins by pn_web_attach. */
EXPORT(pn_web_revive) int pn_web_revive(uint32_t id) {
  return pn_pool_revive(pn_pool(), id);
}

/* ---- worker ---- */

/* First call in a worker's instance, on its own stack: 0 or PENNY_ENOMEM. */
EXPORT(pn_web_attach) int pn_web_attach(uint32_t id) {
  pn_worker *w = pn_worker_at(pn_pool(), id);
  if (__builtin_wasm_tls_size()) __wasm_init_tls((char *)w->stack + w->control->stack_bytes);
  return pn_pool_worker_init(w);
}

/* How often an idle worker looks for work before it sleeps. A look takes 5 to 10 ns, a sleep 10 us at least: while others are
 * awake they may offer some at any moment, but with many workers some lack a core. When all others sleep only the host can
 * bring work, and may need the core that a look takes: then it looks only when its last sleep was a short one, for such a host
 * submits as soon as it has a result. One that hears by message (WebKit) answers later than that, on a core that it has to get. */
static uint32_t patience(const pn_control *control) {
  /* Relaxed, all: constant, and guesses. */
  uint32_t spins = pn_load_relaxed(&control->ring) ? SPINS_BY_MESSAGE : SPINS_BEFORE_PARK;
  uint32_t live = pn_load_relaxed(&control->live);
  uint32_t idle = pn_load_relaxed(&control->idle);
  uint32_t awake = live < control->cores ? live : control->cores;
  return idle < live - 1 ? spins / awake : pn_hopes * spins;
}

/* Runs tasks until the pool is shut down (LEFT), a JavaScript task ran and its promises want their turn (AGAIN), or there is
 * nothing to do and the thread sleeps in its event loop until its state word is no longer
 * PN_SLEEPING (ASLEEP: only when `has_events`; otherwise it sleeps in here). AGAIN, too, when roots
 * that its JavaScript detached have ended. With 2 for `has_events` it never waits, because its memory is not
 * shared (js-glue/single_worker.js), and gives AGAIN after each task: all that the host wants comes
 * by message. With `is_busy` it gives IDLE instead of looking for work
 * a second time. LEAVING: it takes nothing more, and what is pending here has not ended. While nothing is pending it runs up
 * to `row` JavaScript tasks before AGAIN. */
EXPORT(pn_web_run) uint32_t pn_web_run(uint32_t has_events, uint32_t is_busy, uint32_t row) {
  pn_worker *w = pn_port_self();
  if (PN_UNLIKELY(w->trace)) pn_trace_turn(w);
  for (uint32_t spins = 0;;) {
    if (!pn_queue_is_empty(&w->ended)) return AGAIN;
    if (pn_sched_is_leaving(w)) {
      if (pn_ran_js) {
        pn_ran_js = 0;
        return AGAIN; /* promises first */
      }
      /* Once: while promises are pending here it asks again every 4 ms. */
      if (!pn_leaves) pn_sched_leave(w);
      /* For promises of tasks that were given up it does not wait for ever: their JavaScript hears that it has left. */
      bool is_patient = pn_leaves++ < LEAVE_TURNS;
      return is_busy || (w->late && (is_patient || !pn_js_drop_late(w))) ? LEAVING : LEFT;
    }
    if (pn_sched_step(w)) {
      spins = 0;
      if (has_events > 1 || (pn_ran_js && (is_busy || w->late || row-- < 2))) {
        pn_ran_js = 0;
        return AGAIN;
      }
    } else if (pn_ran_js) {
      pn_ran_js = 0;
      return AGAIN; /* before it looks a second time, or sleeps */
    } else if (pn_load_acquire(
                   &w->control->shutdown)) { /* pairs with the store in pn_pool_shutdown */
      pn_js_fail_late(w, PENNY_ECLOSED);
      return LEFT;
    } else if (is_busy) {
      return IDLE;
    } else if (++spins < patience(w->control)) {
      pn_port_pause(spins);
    } else {
      spins = 0;
      if (!pn_park_announce(w)) continue;
      pn_park_count(w, PN_SLEEPING);
      pn_hopes = 0;
      double began_ms = pn_js_now();
      /* Sleeping in the event loop takes several times as long to wake up from: it blocks for a moment before, when
       * nothing that it runs waits for an event. Events that its tasks left wait that long at most. */
      if (w->late || has_events > 1) return ASLEEP;
      for (;;) {
        pn_port_wait(&w->state, PN_SLEEPING, has_events ? NAP_NS : -1);
        /* Acquire: pairs with the waker's compare-exchange, as in park.c. */
        if (pn_load_acquire(&w->state) != PN_SLEEPING) break;
        if (has_events) return ASLEEP;
      }
      pn_trace(w, PN_TRACE_UNPARK, 0, NULL);
      pn_hopes = pn_js_now() - began_ms < SHORT_MS;
    }
  }
}

EXPORT(pn_web_body)
void pn_web_body(void (*body)(pn_worker *, pn_task *, void *), pn_worker *w, pn_task *head,
                 void *argument) {
  body(w, head, argument);
  if (pn_libc_flush) pn_libc_flush();
}

/* After any throw, before the C stack pointer is put back: it is still below the thrown frames. */
EXPORT(pn_web_abandon) void pn_web_abandon(pn_worker *w, uint32_t level) {
  pn_sched_abandon(w, level);
  if (pn_libc_flush) pn_libc_flush();
}

/* Records why the innermost body was thrown out; `message` is a heap block, freed here, or NULL. */
EXPORT(pn_web_fault) void pn_web_fault(int error, char *message, uint32_t bytes) {
  pn_root_fault(pn_port_self(), error, message, bytes);
  penny_free(message);
}

/* What a JavaScript task gives back: encoded, in a heap block that is the root's from here, or no
 * data (pn_web_call_js). `is_late`: it ended after its
 * pn_js_run did. Same worker as pn_js_run. */
EXPORT(pn_web_result)
void pn_web_result(pn_root *root, int error, void *data, uint32_t bytes, uint32_t is_late) {
  penny_free(root->data);
  root->data = data;
  root->data_bytes = bytes;
  int expected = 0;
  if (error) {
    /* Release: the data before the error; pairs with the host's load after the take. A cancel may
     * have come first. */
    pn_cas_acq_rel(&root->error, &expected, error);
    pn_sched_request_all(pn_pool(), PN_WANT_POLL); /* what it detached ends, too */
  }
  if (!is_late) return;
  root->waiter = 0; /* own variable */
  pn_js_end_late(pn_port_self(), root);
  pn_root_end(pn_port_self(), root);
}
