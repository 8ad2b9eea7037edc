/*
 * queue.c: see queue.h. Everything shared is under `lock`; a thread that finds nothing to do sleeps
 * on `changed`, which is told of a new task (one sleeper) and of a count that has come to 0 (all,
 * because the right one must hear it).
 */
#include "queue.h"

#include "../table.h"

#include <pthread.h>
#ifndef __EMSCRIPTEN__
#include <sys/resource.h>
#endif

enum { MAX_THREADS = 256, STACK_BYTES = 120 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static queue_task *newest;
static pthread_t threads[MAX_THREADS];
static int thread_count;
static int is_closing;

void queue_push(queue_task *task, void (*run)(queue_task *task), int *pending) {
  task->run = run;
  task->pending = pending;
  pthread_mutex_lock(&lock);
  task->next = newest;
  newest = task;
  ++*pending;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

/* Under the lock: runs one task without it. False when there is none. */
static int run_newest(void) {
  queue_task *task = newest;
  if (!task) return 0;
  newest = task->next;
  int *pending = task->pending;
  pthread_mutex_unlock(&lock);
  task->run(task);
  pthread_mutex_lock(&lock);
  if (--*pending == 0) pthread_cond_broadcast(&changed);
  return 1;
}

void queue_wait(int *pending) {
  pthread_mutex_lock(&lock);
  while (*pending > 0)
    if (!run_newest()) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static void *serve(void *unused) {
  pthread_mutex_lock(&lock);
  while (!is_closing)
    if (!run_newest()) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  return unused;
}

int queue_workers(void) {
  return thread_count + 1;
}

/* A wait that runs whatever is newest nests as deep as it comes: tree search T3 overflowed 8 MiB on 8 threads. */
static void make_room(pthread_attr_t *attributes) {
  pthread_attr_init(attributes);
#ifndef __EMSCRIPTEN__
  struct rlimit stack;
  if (!getrlimit(RLIMIT_STACK, &stack) && stack.rlim_cur < STACK_BYTES &&
      stack.rlim_max >= STACK_BYTES) {
    stack.rlim_cur = STACK_BYTES;
    setrlimit(RLIMIT_STACK, &stack);
  }
  pthread_attr_setstacksize(attributes, STACK_BYTES);
#endif
}

int bench_queue_open(int workers) {
  pthread_attr_t attributes;
  make_room(&attributes);
  is_closing = 0;
  for (thread_count = 0; thread_count < workers - 1; thread_count++)
    if (pthread_create(&threads[thread_count], &attributes, serve, NULL)) {
      bench_queue_close();
      return -1;
    }
  pthread_attr_destroy(&attributes);
  return 0;
}

void bench_queue_close(void) {
  pthread_mutex_lock(&lock);
  is_closing = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  while (thread_count > 0) pthread_join(threads[--thread_count], NULL);
}
