/*
 * penny.h: Cilk-style fork-join for WebAssembly, Emscripten and native threads. C11 and C++.
 *
 * A *task* is a C function declared by PENNY_TASK. Inside it PENNY_SPAWN(f, ...) says that f may
 * run in parallel with what follows, PENNY_CALL(f, ...) calls it now, and PENNY_SYNC(f) takes the
 * result of the newest spawn that was not synced yet (last in, first out; every spawn needs its
 * sync before the task returns). Idle *workers* steal the oldest spawned tasks; what nobody steals
 * costs about a nanosecond. A *root* is a task run from outside (PENNY_RUN, pool.call) or detached,
 * with everything below it. A fault in a task fails its root with an error; nothing else is harmed.
 * Results are ordinary values: a sync makes all that the task wrote visible to the caller.
 *
 *     #include <penny.h>
 *     PENNY_TASK(int64_t, fib, (int32_t, n)) {
 *       if (n < 2) return n;
 *       PENNY_SPAWN(fib, n - 1);
 *       int64_t a = PENNY_CALL(fib, n - 2);
 *       int64_t b = PENNY_SYNC(fib);
 *       return a + b;
 *     }
 *     PENNY_EXPORT(fib)                  // pool.call('fib', [30]) in JavaScript
 *
 * Every function says which threads may call it: *task* (inside a task), *worker* (any code on a
 * worker), *any* (also the page's thread or a native thread that is no worker). Names that begin with
 * pn_ or PN_ are Penny's own: not for tasks.
 */
#ifndef PENNY_H
#define PENNY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task_macros.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors: 0 or positive is success ---- */

/* X(name, number, sentence): also makes penny_strerror and the JavaScript table
 * (js-glue/layout.gen.js). */
#define PENNY_ERROR_MAP(X)                                                                     \
  X(ENOMEM, -1, "the heap's maximum is reached: raise the memory maximum or free something")   \
  X(ESTACK, -2, "a task nested deeper than its stack: recurse less deeply or spawn in a tree") \
  X(ETRAP, -3, "a task trapped: out-of-bounds access, division by zero or unreachable code")   \
  X(ECANCELLED, -4, "the task was cancelled")                                                  \
  X(ECLOSED, -5, "the pool is closed: start or create one first")                              \
  X(EMAINTHREAD, -6, "the page's thread may not block: use penny_submit or pool.call")         \
  X(EINVAL, -7, "an argument is out of its documented range")                                  \
  X(EWORKER, -8, "the worker that ran the task was lost")                                      \
  X(EFAIL, -9, "the task failed by penny_fail")                                                \
  X(ENESTED, -10, "PENNY_RUN inside a task: use PENNY_CALL there")                             \
  X(ESTART, -11, "the workers could not be started")                                           \
  X(EVERSION, -12, "the module and its loader are of different versions: rebuild or reload both")

#define PN_ERROR_ENUM(name, number, sentence) PENNY_##name = (number),
enum penny_error { PENNY_OK = 0, PENNY_ERROR_MAP(PN_ERROR_ENUM) };
#undef PN_ERROR_ENUM

/* The sentence for an error code; a general one for an unknown code. Any thread. Static storage. */
const char *penny_strerror(int error);

/* ---- tasks ---- */

/* PENNY_TASK(result, name, (type, parameter)...) { body }: 0 to 8 parameters of scalar or pointer
 * types of at most 8 bytes; result void, scalar or pointer. PENNY_DECLARE(same arguments); declares
 * it, in a header or before its definition. */
#define PENNY_TASK(...) PN_CAT(PN_TASK_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define PENNY_DECLARE(...) \
  PN_CAT(PN_DECLARE_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__) typedef int pn_declared

/* PENNY_SPAWN(name, arguments...); a statement. Task. Cost: about 1 ns. Fails the task with
 * PENNY_ENOMEM when the stack of tasks cannot grow. The arguments are evaluated now. */
#define PENNY_SPAWN(...) PN_CAT(PN_SPAWN_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__)

/* PENNY_CALL(name, arguments...): an ordinary call. Task. */
#define PENNY_CALL(...) PN_CAT(PN_CALL_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__)

/* PENNY_SYNC(name): the result of the newest spawn not yet synced, which must be one of `name`.
 * Task. Runs it here when it was not stolen; else helps with tasks of the same root, then sleeps. A
 * failure of that task fails this one. */
#define PENNY_SYNC(f) PN_SYNC(f) /* a name made by a macro, too, as everywhere */
#define PN_SYNC(f)                                                                              \
  __extension__({                                                                               \
    pn_task *pn_s = penny_head - 1;                                                             \
    int pn_here = 1;                                                                            \
    PN_DEBUG_SYNCED();                                                                          \
    /* Order: none needed; a stale guard is impossible for what the owner itself wrote, and a \
     * request may come late. */ \
    if (PN_UNLIKELY((uintptr_t)pn_s < pn_load_plain(&penny_w->guard))) {                        \
      pn_here = pn_sync_slow(penny_w, penny_head);                                              \
      penny_head = penny_w->sync_head;                                                          \
    } else {                                                                                    \
      penny_head = pn_s;                                                                        \
    }                                                                                           \
    (f##_pn_r)(pn_here ? f##_pn_go(penny_w, penny_head, pn_s) : f##_pn_result(pn_s));           \
  })

/* A plain helper that spawns takes the context as its first parameter and is called with PENNY_HERE
 * first: static int64_t twice(PENNY_CONTEXT, int n) { PENNY_SPAWN(fib, n); ... } twice(PENNY_HERE,
 * 20) (The position in the stack of tasks is kept in a register, so it has to be handed on: looking
 * it up would double the cost of every spawn.) */
#define PENNY_CONTEXT PN_CONTEXT
#define PENNY_HERE    penny_w, penny_head

/* PENNY_EXPORT(name): makes the task callable from JavaScript, pool.call('name', [arguments]). At
 * file scope. */
#define PENNY_EXPORT(f) PN_EXPORT(f)
#if defined(__wasm__)
#define PN_EXPORT(f)                                               \
  PN_EXTERN __attribute__((used, export_name("penny_export_" #f))) \
  const pn_task_type *f##_pn_export(void);                         \
  const pn_task_type *f##_pn_export(void) {                        \
    return &f##_pn_type;                                           \
  }
#else
#define PN_EXPORT(f) typedef int f##_pn_exported;
#endif

/* PENNY_RUN(name, arguments...): runs a root from outside the pool and waits for its result. A
 * native thread that is no worker, or Emscripten's main off the page. On failure the value is 0 and
 * penny_last_error() tells why. */
#define PENNY_RUN(...) PN_CAT(PN_RUN_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__)
/* Error code of this thread's last PENNY_RUN, 0 for success; its message, of which a long one ends after 159
 * bytes at most and between two characters of UTF-8, or the code's sentence when there is none; and the name of
 * the task that failed ("" for both after a success): of the root, or of the stolen task, in which it was an
 * ordinary call. */
int penny_last_error(void);
const char *penny_last_message(void);
const char *penny_last_task(void);

/* ---- life of a pool (native and Emscripten; web pages use createPool) ---- */

typedef struct penny_options {
  unsigned workers; /* 1 to 256; 0: one for each core */
  uint64_t
      memory_bytes; /* maximum of the heap, at least 1 MiB; what is above 8 GiB (Emscripten: 2 GiB is
                          * refused) is not used; 0: 4 GiB native, 256 MiB Emscripten */
  size_t stack_bytes; /* C stack of a worker, at least 64 KiB; 0: 8 MiB native, 1 MiB Emscripten */
  unsigned cores; /* spawned tasks keep at most so many workers awake, 1 to 256; 0: as many as the
                   * machine has cores. Roots always get a worker. As many as there are workers, if spawned tasks
                   * wait for each other by other means than syncs. */
  uint32_t test_index_base; /* for tests: the first index of the task stacks and root deques */
} penny_options;

/* Starts the pool and waits until every worker is ready. 0 or PENNY_EINVAL, PENNY_ENOMEM,
 * PENNY_ESTART (as always in a web module); then nothing was started. */
int penny_start(const penny_options *options);
/* Ends the pool: running roots are cancelled, queued ones fail with PENNY_ECLOSED. Returns the
 * number of heap blocks that were still allocated by the program (0: an exact balance) or
 * PENNY_ECLOSED. Not from a task. */
int64_t penny_stop(void);

/* ---- failing and cancelling ---- */

/* Fails the task that runs here, and with it every join above it: does not return. `error` is a
 * negative code of yours or one of ours; `message` (copied) may be NULL. Worker. */
PN_NORETURN void penny_fail(int error, const char *message);
/* True when the root of this task was cancelled or has failed: a long loop may then return early.
 * Worker. About 2 ns. */
bool penny_is_cancelled(void);
/* Poll point for long loops: fails the task when it is cancelled. Task. */
#define penny_poll() pn_poll(penny_w, penny_head)

/* ---- detached tasks, futures, groups ---- */

typedef struct pn_root penny_future;
typedef struct pn_group penny_group;

/* PENNY_DETACH(group or NULL, name, arguments...): queues a root of its own and returns its future,
 * or NULL when memory is exhausted. Worker. The caller releases it, by PENNY_GET, penny_future_free
 * or its group. */
#define PENNY_DETACH(...) PN_CAT(PN_DETACH_, PN_COUNT(__VA_ARGS__))(__VA_ARGS__)
/* PENNY_GET(name, future): waits, releases the future and gives the result; a failure fails this
 * task too. What has not begun is run here: such waits may nest 32 deep, and
 * up to 63 where no join helps below them, then PENNY_ESTACK. Task. */
#define PENNY_GET(f, future) PN_GET(PN_UNIQUE, f, future)
/* Waits like PENNY_GET but returns 0 or the error and keeps the future; the result is then read by
 * PENNY_GET. Task. */
#define penny_future_wait(future) PN_WAIT(PN_UNIQUE, penny_future, pn_future_wait, future)
/* True when it has ended. Any. */
bool penny_future_is_done(const penny_future *future);
/* Releases a future without waiting; the task still runs. Any worker. */
void penny_future_free(penny_future *future);

/* A group cancels and waits together. NULL when memory is exhausted. Worker. */
penny_group *penny_group_new(void);
/* Cancels every task of the group: queued ones do not start, running ones fail with
 * PENNY_ECANCELLED at their next spawn, sync or poll. Worker. */
void penny_group_cancel(penny_group *group);
/* Waits for all tasks of the group; 0 or the first error. One task may wait for a group at a time,
 * and none of the group's own. Futures of the group stay valid until penny_group_free. Task. */
#define penny_group_wait(group) PN_WAIT(PN_UNIQUE, penny_group, pn_group_wait, group)
/* Frees a group all of whose tasks have ended (wait first); their futures with it. Worker. */
void penny_group_free(penny_group *group);

/* Queues fn(context) as a root; done(context, error) is called on a worker at the end
 * (by the thread that closes the pool, or finds a worker lost, when no worker can). Never
 * blocks. Any thread of the program, the page's too. 0, PENNY_ENOMEM or PENNY_ECLOSED; then done is
 * not called. */
int penny_submit(void (*fn)(PENNY_CONTEXT, void *context), void (*done)(void *context, int error),
                 void *context);

/* ---- loops (task; each is a macro so that it gets the context) ---- */

/* Calls body over disjoint parts of begin..end-1; splits when somebody is hungry, so no grain is
 * needed. */
typedef void (*penny_range_fn)(PENNY_CONTEXT, int64_t begin, int64_t end, void *context);
#define penny_for(begin, end, body, context) PN_FOR(PN_UNIQUE, begin, end, body, context)

/* Folds begin..end-1 into `result` (bytes long, at most 256, holding the identity at entry). body
 * adds a part to an accumulator that began as the identity (`result` itself, or a block of the core's, aligned to
 * 64 bytes); combine adds the right one to the left one. The tree of combinations depends on the range only, not on the workers: float results repeat
 * exactly. */
typedef void (*penny_fold_fn)(PENNY_CONTEXT, int64_t begin, int64_t end, void *accumulator,
                              void *context);
typedef void (*penny_combine_fn)(void *left, const void *right, void *context);
#define penny_reduce(begin, end, result, bytes, body, combine, context) \
  PN_REDUCE(PN_UNIQUE, begin, end, result, bytes, body, combine, context)

/* Prefix combination of `count` elements of `bytes` (at most 256) each, in place; `identity` is
 * such an element. With exclusive, element i gets the combination of those before it. combine is
 * associative: left = left + right. */
#define penny_scan(base, count, bytes, identity, combine, exclusive, context) \
  PN_SCAN(PN_UNIQUE, base, count, bytes, identity, combine, exclusive, context)

/* Sorts `count` elements of `bytes` each, stably, by compare(a, b, context) < 0, 0, > 0. Needs as
 * much memory again: fails the task with PENNY_ENOMEM, the array unchanged, when there is none. */
typedef int (*penny_compare_fn)(const void *a, const void *b, void *context);
#define penny_sort(base, count, bytes, compare, context) \
  PN_SORT(PN_UNIQUE, base, count, bytes, compare, context)

/* ---- memory ---- */

/* As malloc, realloc and free, in the shared heap; any thread of the pool and the host; never
 * blocks. NULL when the maximum is reached, with nothing lost. `align` is a power of two of at most
 * 16384. */
void *penny_alloc(size_t bytes);
void *penny_aligned(size_t align, size_t bytes);
void *penny_realloc(void *block, size_t bytes);
void penny_free(void *block);

/* Memory for the time of a task: freed by penny_scratch_end, newest first, or by itself when the
 * task fails (what came from penny_alloc in a task that fails stays allocated). Task. NULL when
 * memory is exhausted. Aligned to 64 bytes. */
void *penny_scratch(size_t bytes);
void penny_scratch_end(void *scratch);

/* Per-worker storage: a key for `bytes` of zeroed memory in each worker (0.. or PENNY_ENOMEM after
 * 32 keys); this worker's block, made at first use and freed with the pool (NULL when memory is
 * exhausted). */
int penny_local_new(size_t bytes);
void *penny_local(int key);

/* ---- about ---- */

typedef struct penny_stats_t {
  uint32_t workers;
  uint64_t steals, publishes, parks, roots;
  uint64_t heap_live_blocks, heap_live_bytes, heap_committed_bytes;
} penny_stats_t;

/* This worker's number, 0.., or -1 on any other thread. */
int penny_worker_id(void);
/* Number of workers of the pool. */
int penny_workers(void);
/* Sums over all workers; exact when nothing runs. Any. */
void penny_stats(penny_stats_t *stats);
/* Lets a root that waits be noticed and offers work; a poll point. Task. */
#define penny_yield() pn_poll(penny_w, penny_head)
/* Milliseconds of a steady clock that all threads share. Any. */
double penny_now_ms(void);

/* ---- what the macros call ---- */

static inline void pn_task_prepare(pn_task *task, const pn_task_type *type) {
#ifdef __wasm__
  typedef uint64_t __attribute__((may_alias)) type_and_status;
  *(type_and_status *)(void *)task = (uintptr_t)type; /* PN_FREE is 0 */
#else
  task->type = type;
  task->status = PN_FREE;
#endif
}
pn_task *pn_spawn_room(pn_worker *worker, pn_task *head);
unsigned char *pn_spawn_spill(pn_worker *worker, pn_task *task);
void pn_spawn_offer(pn_worker *worker, pn_task *head);
int pn_sync_slow(pn_worker *worker, pn_task *head);
void pn_poll(pn_worker *worker, pn_task *head);
pn_task *pn_run_begin(const pn_task_type *type);
pn_task *pn_run_end(pn_task *task);
penny_future *pn_detach_begin(const pn_task_type *type, penny_group *group);
static inline pn_task *pn_future_task(penny_future *future) {
  return &future->task;
}
void pn_detach_end(penny_future *future);
pn_task *pn_future_get(pn_worker *worker, pn_task *head, penny_future *future);
int pn_future_wait(pn_worker *worker, pn_task *head, penny_future *future);
int pn_group_wait(pn_worker *worker, pn_task *head, penny_group *group);
void pn_for(PENNY_CONTEXT, int64_t begin, int64_t end, penny_range_fn body, void *context);
void pn_reduce(PENNY_CONTEXT, int64_t begin, int64_t end, void *result, size_t bytes,
               penny_fold_fn body, penny_combine_fn combine, void *context);
void pn_scan(PENNY_CONTEXT, void *base, size_t count, size_t bytes, const void *identity,
             penny_combine_fn combine, bool exclusive, void *context);
void pn_sort(PENNY_CONTEXT, void *base, size_t count, size_t bytes, penny_compare_fn compare,
             void *context);

#ifdef __cplusplus
}
#endif

#endif
