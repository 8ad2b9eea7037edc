/*
 * thread_pool.c: penny_start and penny_stop on pthreads (native and Emscripten programs).
 */
#include "thread_pool.h"

#include <pthread.h>
#include <unistd.h>

#include "port.h"
#include "root.h"
#include "scheduler.h"

/* What the system wants, what pn_port_probe_stack leaves for the runtime, and some for tasks; as on the web. */
enum { STACK_MIN_BYTES = 65536 };

static struct {
  pthread_t threads[PN_MAX_WORKERS];
  void *region;
  uint64_t region_bytes;
  uint32_t ready; /* workers that are ready (or failed); each adds one */
  uint32_t failed;
  uint32_t step; /* CLOSED and so on; whoever starts or stops wins it by compare-exchange */
} pool;
enum { CLOSED = 0, OPEN = 1, CHANGING = 2 };

/* True for the one caller that may take the pool out of that step. */
static bool begin_change(uint32_t from) {
  return pn_cas_acq_rel(&pool.step, &from,
                        (uint32_t)CHANGING); /* pairs with end_change of another thread */
}
static void end_change(uint32_t to) {
  pn_store_release(&pool.step, to); /* pairs with begin_change: the other fields are seen */
}

static void *worker_main(void *argument) {
  pn_worker *w = argument;
  pn_port_thread_begin();
  int error = pn_pool_worker_init(w);
  if (error) pn_add_relaxed(&pool.failed, 1u); /* published by the next line */
  pn_add_acq_rel(&pool.ready, 1u);             /* pairs with the acquire in penny_start */
  pn_port_wake(&pool.ready, 1);
  if (!error) pn_sched_loop(w);
  pn_port_thread_end();
  return NULL;
}

static int64_t close_pool(uint32_t threads) {
  pn_pool_shutdown(pn_pool());
  for (uint32_t i = 0; i < threads; i++) pthread_join(pool.threads[i], NULL);
  pn_port_process_end();
  int64_t live = pn_pool_destroy();
  pn_port_unreserve(pool.region, pool.region_bytes);
  return live;
}

static int start(const penny_options *options) {
  if (options->workers > PN_MAX_WORKERS || options->cores > PN_MAX_WORKERS) return PENNY_EINVAL;
  if (options->memory_bytes && options->memory_bytes < PN_HEAP_MIN_BYTES) return PENNY_EINVAL;
  if (options->stack_bytes && options->stack_bytes < STACK_MIN_BYTES) return PENNY_EINVAL;
  if (options->memory_bytes > UINT64_MAX / 2) return PENNY_ENOMEM; /* the sums below would wrap */
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  uint32_t machine = online < 1                      ? 1
                     : online > (long)PN_MAX_WORKERS ? PN_MAX_WORKERS
                                                     : (uint32_t)online;
  uint32_t cores = options->cores ? options->cores : machine;
  uint32_t workers = options->workers ? options->workers : machine;
  /* The control and worker blocks come on top of what is asked for the heap. */
  pool.region_bytes = options->memory_bytes;
  if (pool.region_bytes)
    pool.region_bytes += sizeof(pn_control) + workers * sizeof(pn_worker) + PN_HEAP_PAGE_BYTES;
  pool.region_bytes = (pool.region_bytes + 65535) / 65536 * 65536;
  pool.region = pn_port_reserve(&pool.region_bytes);
  if (!pool.region) return PENNY_ENOMEM;
  int error = pn_pool_create(pool.region, pool.region_bytes, workers, workers, cores,
                             options->test_index_base);
  if (error) {
    pn_port_unreserve(pool.region, pool.region_bytes);
    return error;
  }
  pool.ready = pool.failed = 0;
  pn_port_process_begin();
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, options->stack_bytes ? options->stack_bytes
                                                        : pn_port_default_stack_bytes());
  pthread_attr_setguardsize(&attr, STACK_GUARD_BYTES);
  uint32_t started = 0;
  while (started < workers && pthread_create(&pool.threads[started], &attr, worker_main,
                                             pn_worker_at(pn_pool(), started)) == 0)
    started++;
  pthread_attr_destroy(&attr);
  uint32_t ready;
  /* Acquire: pairs with the add in worker_main. */
  while ((ready = pn_load_acquire(&pool.ready)) < started) pn_port_wait(&pool.ready, ready, -1);
  if (started == workers && pn_load_relaxed(&pool.failed) == 0) return 0; /* published by ready */
  error = pn_load_relaxed(&pool.failed) ? PENNY_ENOMEM : PENNY_ESTART;    /* as above */
  close_pool(started);
  return error;
}

int penny_start(const penny_options *options) {
  static const penny_options none;
  if (!begin_change(CLOSED)) return PENNY_EINVAL;
  int error = start(options ? options : &none);
  end_change(error ? CLOSED : OPEN);
  return error;
}

int64_t penny_stop(void) {
  if (pn_port_self() || !begin_change(OPEN)) return PENNY_ECLOSED;
  int64_t live = close_pool(penny_workers() > 0 ? (uint32_t)penny_workers() : 0);
  end_change(CLOSED);
  return live;
}
