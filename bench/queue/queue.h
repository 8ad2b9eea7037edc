/*
 * queue.h: what a program without a scheduler would use: a fixed set of threads and one list of
 * tasks behind one lock. A thread that waits for its children runs what is in the list meanwhile
 * (without that, nested tasks would fill the pool and hang). The newest task goes first, so that
 * memory stays bounded by the depth. A task lies in the frame of whoever waits for it.
 */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

typedef struct queue_task {
  void (*run)(struct queue_task *task);
  struct queue_task *next;
  int *pending; /* counts the tasks that somebody waits for together; under the lock */
} queue_task;

/* Adds a task; *pending goes up by one. */
void queue_push(queue_task *task, void (*run)(queue_task *task), int *pending);
/* Runs tasks until *pending is 0. */
void queue_wait(int *pending);
/* Number of threads, the caller's included. */
int queue_workers(void);

#endif
