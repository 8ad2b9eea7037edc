/*
 * pool.c: one pool in one region of memory: creation, shutdown, the public heap functions, storage
 * per worker, statistics.
 *
 * The region: control block, worker blocks (base + id * stride), then the heap. Creation and
 * destruction are single-threaded.
 */
#include "deque.h"
#include "park.h"
#include "port.h"
#include "queue.h"
#include "root.h"
#include "scheduler.h"
#include "task_stack.h"
#include "trace.h"

/* One pool a program: the web has one module instance family a pool, native programs one process.
 * Written before any worker starts and after all have ended. */
static pn_control *the_pool;

/* Foreign threads inside PENNY_RUN or penny_submit, and whether the pool lets no more in. They outlive
 * the region, which goes only when nobody is inside. */
static uint32_t visitors;
static uint32_t is_closing;

pn_control *pn_pool_enter(void) {
  /* Sequentially consistent, both: a visitor is counted before it looks, and pn_pool_destroy says
   * that it closes before it looks at the count. */
  pn_add_seq_cst(&visitors, 1u);
  /* Acquire: pairs with the release in pn_pool_create. */
  pn_control *control = pn_load_seq_cst(&is_closing) ? NULL : pn_load_acquire(&the_pool);
  if (control) return control;
  pn_pool_leave();
  return NULL;
}

void pn_pool_leave(void) {
  pn_sub_seq_cst(&visitors, 1u); /* pairs with the load in pn_pool_destroy */
}

pn_control *pn_pool(void) {
  return the_pool;
}
void pn_pool_set(pn_control *control) {
  pn_store_release(&the_pool, control); /* pairs with the acquire in pn_pool_enter */
}

/* ---- creation ---- */

static uint64_t heap_offset(uint32_t max_workers) {
  uint64_t bytes = sizeof(pn_control) + (uint64_t)max_workers * sizeof(pn_worker);
  return (bytes + PN_HEAP_PAGE_BYTES - 1) / PN_HEAP_PAGE_BYTES * PN_HEAP_PAGE_BYTES;
}

int pn_pool_create(void *region, uint64_t region_bytes, uint32_t workers, uint32_t max_workers,
                   uint32_t cores, uint32_t index_base) {
  if (!workers || workers > max_workers || max_workers > PN_MAX_WORKERS) return PENNY_EINVAL;
  uint64_t offset = heap_offset(max_workers);
  if (region_bytes < offset + PN_HEAP_MIN_BYTES) return PENNY_ENOMEM;
  pn_control *control = region;
  if (pn_port_commit((char *)region + offset)) return PENNY_ENOMEM;
  if (pn_heap_init(&control->heap, (char *)region + offset, region_bytes - offset))
    return PENNY_ENOMEM;
  pn_heap_context_init(&control->heap, &control->host_heap, PN_MAX_WORKERS);
  control->version = PN_VERSION;
  control->layout_hash = pn_layout_hash();
  control->max_workers = max_workers;
  control->index_base = index_base;
  control->cores = cores;
  control->worker_base = (pn_worker *)(control + 1);
  control->worker_bytes = sizeof(pn_worker);
  for (uint32_t i = 0; i < max_workers; i++) {
    pn_worker *w = pn_worker_at(control, i);
    w->id = i;
    w->mark = (i + 1) << 8;
    w->control = control;
    w->state = PN_AWAKE;
    w->random = i * 2654435761u + 88172645u;
    w->last_victim = i ? i - 1 : max_workers - 1;
    for (uint32_t p = 0; p < PN_PRIORITIES; p++)
      w->roots_of[p].top = w->roots_of[p].bottom = index_base; /* tests start it near 2^32 */
    for (uint32_t e = 0; e < PN_ENTRIES; e++) w->entries[e].base = pn_entry_unused(control);
    pn_heap_context_init(&control->heap, &w->heap, i);
  }
  /* Release: a worker that finds the magic finds all of the above (js: attach). */
  pn_store_release(&control->workers, workers);
  control->live = control->target = workers;
  pn_store_release(&control->magic, PN_MAGIC); /* last */
  pn_store_seq_cst(&is_closing, 0u);           /* before the pool is there */
  pn_store_release(&the_pool, control);        /* pairs with the acquire in pn_pool_enter */
  return 0;
}

int pn_pool_worker_init(pn_worker *w) {
  pn_port_set_self(w);
  pn_trace(w, PN_TRACE_START, 0, NULL);
  return pn_stack_init(w);
}

/* ---- growing and shrinking; the host calls all of it ---- */

void pn_pool_grow(pn_control *control, uint32_t id) {
  pn_pool_revive(control, id);
  /* Release: who reads a number sees the block. A worker that reads less does without the new one:
   * what that has to offer, it tells itself (park.c: wake_one_of). */
  if (id >= control->workers) pn_store_release(&control->workers, id + 1);
  /* (Not where a lost worker comes back late, in the middle.) */
  if (id >= control->target) pn_store_seq_cst(&control->target, id + 1);
  /* Before the requests: an owner that lowers one of them sees more than one worker, and raises again
   * (task_stack.c: I4); until now it may have raised none. */
  pn_store_seq_cst(&control->live, control->live + 1);
  pn_sched_request_all(control, PN_WANT_STEAL);
}

void pn_pool_shrink(pn_control *control, uint32_t target) {
  /* Sequentially consistent: before the look at who sleeps; a sleeper that announces itself later
   * sees it (pn_sched_sees_work). */
  pn_store_seq_cst(&control->target, target);
  for (uint32_t id = target; id < control->workers; id++) pn_park_wake(pn_worker_at(control, id));
}

void pn_pool_retire(pn_control *control, uint32_t id) {
  pn_worker *w = pn_worker_at(control, id);
  pn_pool_revive(control, id); /* gives back what it had; what lies on its root deques stays */
  penny_free(w->stack);
  w->stack = NULL;
  pn_store_seq_cst(&w->state, (uint32_t)PN_LEFT); /* for statistics: nobody wakes it any more */
  pn_store_seq_cst(&control->live, control->live - 1); /* only the host writes it */
  /* Who is alone now serves nobody's request, and would find it at each spawn. Sequentially consistent: before a
   * pn_pool_grow raises it again. */
  for (uint32_t i = 0; control->live == 1 && i < control->workers; i++)
    pn_and_seq_cst(&pn_worker_at(control, i)->want, ~(uint32_t)PN_WANT_STEAL);
}

int pn_pool_trace(pn_worker *w) {
  uint32_t events = w->control->trace_events;
  if (!events || w->trace) return 0;
  w->trace = penny_alloc(events * sizeof(pn_event));
  return w->trace ? 0 : PENNY_ENOMEM;
}

void pn_pool_shutdown(pn_control *control) {
  /* Sequentially consistent: before the trips and the wake-ups; a sleeper that announces itself
   * later sees it. */
  pn_store_seq_cst(&control->shutdown, 1u);
  pn_sched_request_all(control, PN_WANT_POLL);
  pn_park_wake_all(control);
}

/* Ends what was submitted after the last worker's last look. */
static void refuse_queued(pn_control *control) {
  for (uint32_t i = 0; i < control->max_workers * PN_PRIORITIES; i++) {
    pn_worker *w = pn_worker_at(control, i / PN_PRIORITIES);
    uintptr_t item;
    while (pn_deque_take(&w->roots_of[i % PN_PRIORITIES], &item) == PN_TAKEN)
      pn_root_refuse((pn_root *)item);
  }
  for (uint32_t p = 0; p < PN_PRIORITIES; p++) {
    for (pn_root *root = pn_queue_take(&control->inbox[p].newest); root;) {
      pn_root *next = root->link;
      pn_root_refuse(root);
      root = next;
    }
  }
}

int64_t pn_pool_destroy(void) {
  pn_control *control = the_pool;
  pn_store_seq_cst(&is_closing, 1u); /* before the look at the visitors (pn_pool_enter) */
  for (;;) {
    /* Sequentially consistent: pairs with pn_pool_enter and pn_pool_leave. None on the web. */
    uint32_t inside = pn_load_seq_cst(&visitors);
    refuse_queued(control);
    if (!inside) break;
    pn_port_wait(&visitors, inside, 1000000);
  }
  for (pn_root *root = pn_queue_take(&control->completions); root;) {
    pn_root *next = root->link;
    pn_root_release(root);
    root = next;
  }
  for (uint32_t i = 0; i < control->max_workers; i++) {
    pn_worker *w = pn_worker_at(control, i);
    for (pn_root *root = pn_queue_take(&w->ended); root;) {
      pn_root *next = root->link;
      pn_root_release(root);
      root = next;
    }
    pn_stack_free(w);
    for (uint32_t p = 0; p < PN_PRIORITIES; p++) pn_deque_free(&w->roots_of[p]);
    for (uint32_t key = 0; key < PN_LOCAL_KEYS; key++) penny_free(w->local[key]);
    penny_free(w->stack);
    penny_free(w->trace);
    pn_heap_context_flush(&control->heap, &w->heap);
  }
  pn_heap_context_flush(&control->heap, &control->host_heap);
  pn_heap_statistics stats;
  pn_heap_stats(&control->heap, &stats);
  the_pool = NULL;
  return stats.live_blocks;
}

/* ---- heap ---- */

/* Programs with threads beside the workers; a web page has one, its own. */
#if !defined(__wasm__) || defined(__EMSCRIPTEN__)
#define PN_FOREIGN_THREADS
#endif

/* The caller's heap context: a worker's own, or the one that all other threads of a native program
 * share under a lock. */
static pn_heap_context *begin_heap(pn_worker *w) {
  if (w) return &w->heap;
#ifdef PN_FOREIGN_THREADS
  uint32_t expected = 0, looks = 0;
  /* Acquire: pairs with the release in end_heap. Held for one allocation; never used on a web
   * page. */
  while (!pn_cas_acquire(&the_pool->host_lock, &expected, 1u)) {
    expected = 0;
    pn_port_pause(looks++);
  }
#endif
  return &the_pool->host_heap;
}

static void end_heap(pn_worker *w) {
#ifdef PN_FOREIGN_THREADS
  if (!w) pn_store_release(&the_pool->host_lock, 0u); /* pairs with the acquire in begin_heap */
#else
  (void)w;
#endif
}

void *penny_alloc(size_t bytes) {
  if (!the_pool) return NULL;
  pn_worker *w = pn_port_self();
  void *block = pn_heap_alloc(&the_pool->heap, begin_heap(w), bytes);
  end_heap(w);
  return block;
}

void *penny_aligned(size_t align, size_t bytes) {
  if (!the_pool) return NULL;
  pn_worker *w = pn_port_self();
  void *block = pn_heap_aligned(&the_pool->heap, begin_heap(w), align, bytes);
  end_heap(w);
  return block;
}

void *penny_realloc(void *old, size_t bytes) {
  if (!the_pool) return NULL;
  pn_worker *w = pn_port_self();
  void *block = pn_heap_realloc(&the_pool->heap, begin_heap(w), old, bytes);
  end_heap(w);
  return block;
}

void penny_free(void *block) {
  if (!block || !the_pool) return;
  pn_worker *w = pn_port_self();
  pn_heap_free(&the_pool->heap, begin_heap(w), block);
  end_heap(w);
}

/* ---- scratch: blocks that end with the task ---- */

void *penny_scratch(size_t bytes) {
  pn_worker *w = pn_port_self();
  if (!w || !w->depth || bytes > SIZE_MAX - PN_LINE) return NULL;
  void **block = penny_aligned(PN_LINE, bytes + PN_LINE);
  if (!block) return NULL;
  *block = w->scratch;
  w->scratch = block;
  return (char *)block + PN_LINE;
}

void pn_scratch_pop(pn_worker *w) {
  void **block = w->scratch;
  w->scratch = *block;
  penny_free(block);
}

void penny_scratch_end(void *scratch) {
  pn_worker *w = pn_port_self();
  if (!w || (char *)w->scratch + PN_LINE != scratch)
    pn_port_fatal("penny_scratch_end: not the newest scratch block of this worker");
  pn_scratch_pop(w);
}

/* ---- storage per worker ---- */

int penny_local_new(size_t bytes) {
  if (!the_pool || bytes == 0 || bytes > UINT32_MAX) return PENNY_EINVAL;
  /* Relaxed: the number is the claim; whoever uses the key got it from here. */
  uint32_t key = pn_add_relaxed(&the_pool->locals, 1u);
  if (key >= PN_LOCAL_KEYS) {
    pn_store_relaxed(&the_pool->locals, PN_LOCAL_KEYS); /* all given out: stays so */
    return PENNY_ENOMEM;
  }
  pn_store_release(&the_pool->local_bytes[key],
                   (uint32_t)bytes); /* pairs with the acquire in penny_local */
  return (int)key;
}

void *penny_local(int key) {
  pn_worker *w = pn_port_self();
  if (!w || key < 0 || key >= (int)PN_LOCAL_KEYS) return NULL;
  if (w->local[key]) return w->local[key];
  size_t bytes =
      pn_load_acquire(&the_pool->local_bytes[key]); /* pairs with the release in penny_local_new */
  unsigned char *block = bytes ? penny_alloc(bytes) : NULL;
  for (size_t i = 0; block && i < bytes; i++) block[i] = 0;
  return w->local[key] = block;
}

/* ---- about ---- */

int penny_worker_id(void) {
  pn_worker *w = pn_port_self();
  return w ? (int)w->id : -1;
}

int penny_workers(void) {
  return the_pool ? (int)pn_load_relaxed(&the_pool->live) : 0; /* a count for information */
}

void penny_stats(penny_stats_t *stats) {
  *stats = (penny_stats_t){0};
  if (!the_pool) return;
  stats->workers = pn_load_relaxed(&the_pool->live);      /* information, as all of these */
  uint32_t workers = pn_load_relaxed(&the_pool->workers); /* as above */
  for (uint32_t i = 0; i < workers; i++) {
    pn_worker *w = pn_worker_at(the_pool, i);
    /* Relaxed: counters that their owners store; no order is promised between them. */
    stats->steals += pn_load_relaxed(&w->steals);
    stats->publishes += pn_load_relaxed(&w->publishes); /* as above */
    stats->parks += pn_load_relaxed(&w->parks);         /* as above */
    stats->roots += pn_load_relaxed(&w->roots);         /* as above */
  }
  pn_heap_statistics heap;
  pn_heap_stats(&the_pool->heap, &heap);
  stats->heap_live_blocks = (uint64_t)heap.live_blocks;
  stats->heap_live_bytes = (uint64_t)heap.live_bytes;
  stats->heap_committed_bytes = heap.committed_bytes;
}

const char *penny_strerror(int error) {
  switch (error) {
#define PN_ERROR_CASE(name, number, sentence) \
  case number: return sentence;
    PENNY_ERROR_MAP(PN_ERROR_CASE)
#undef PN_ERROR_CASE
  default: return error < 0 ? "the task failed with an error of its own" : "no error";
  }
}

double penny_now_ms(void) {
  return pn_port_now_ms() + pn_port_origin_ms();
}

#ifdef PENNY_DEBUG
void pn_debug_leave(pn_debug_frame *frame) {
  if (frame->worker->open_spawns == frame->open_spawns) return;
  char text[160] = "penny: a spawned task was never synced before its spawner returned: ";
  size_t at = 0;
  while (text[at]) at++;
  for (size_t i = 0; frame->name[i] && at < sizeof text - 1; i++) text[at++] = frame->name[i];
  text[at] = 0;
  pn_port_fatal(text);
}
#endif
