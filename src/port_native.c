/*
 * port_native.c: the platform of native programs: pthreads, futexes, signals. Also penny_start and
 * penny_stop for it and for Emscripten (thread_pool.h).
 *
 * A trap is a signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP) that the worker's handler, on a
 * stack of its own, turns into a jump back to the innermost pn_port_enter. A touch of the guard
 * pages below the C stack is a stack overflow.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "port.h"
#include "root.h"
#include "scheduler.h"
#include "thread_pool.h"

typedef struct enter_frame {
  sigjmp_buf jump;
  struct enter_frame *outer;
  uint32_t level; /* number of the entry that it guards */
} enter_frame;

static _Thread_local pn_worker *self;
static _Thread_local enter_frame *innermost;

pn_worker *pn_port_self(void) {
  return self;
}
void pn_port_set_self(pn_worker *worker) {
  self = worker;
}
bool pn_port_may_block(void) {
  return true;
}

void pn_port_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  struct timespec ts = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &ts, NULL, 0);
}

void pn_port_wake(uint32_t *word, uint32_t count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count, NULL, NULL,
          0);
}

/* Looks after which a thread that finds nothing offers its core to others. */
enum { LOOKS_BEFORE_YIELD = 20 };

void pn_port_pause(uint32_t looks) {
  /* With fewer cores than threads the one that is looked to may be waiting for this core. */
  if (looks >= LOOKS_BEFORE_YIELD) {
    sched_yield();
    return;
  }
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

double pn_port_now_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}
double pn_port_origin_ms(void) {
  return 0;
}

int pn_port_commit(void *end) {
  (void)end; /* the region is reserved whole; pages appear when touched */
  return 0;
}

int pn_port_enter(void (*body)(pn_worker *, pn_task *, void *), pn_worker *worker, pn_task *head,
                  void *argument) {
  enter_frame frame;
  frame.outer = innermost;
  frame.level = worker->depth;
  innermost = &frame;
  int is_thrown = sigsetjmp(frame.jump, 0);
  if (!is_thrown) body(worker, head, argument);
  innermost = frame.outer;
  return is_thrown;
}

void pn_port_throw(void) {
  if (!innermost) pn_port_fatal("penny: a failure outside any task");
  pn_sched_abandon(self, innermost->level);
  siglongjmp(innermost->jump, 1);
}

bool pn_port_has_stack(void) {
  return true; /* not told here; the task stack is looked at, too */
}

void pn_port_ring(void) {}

void pn_port_run_js(pn_worker *worker, pn_task *head, pn_root *root) {
  (void)worker, (void)head, (void)root;
  penny_fail(PENNY_EINVAL, "JavaScript tasks exist on the web only");
}

void pn_port_print(const char *text, size_t bytes, int is_error) {
  fwrite(text, 1, bytes, is_error ? stderr : stdout);
}

void pn_port_fatal(const char *message) {
  fprintf(stderr, "%s\n", message);
  abort();
}

/* ---- traps ---- */

/* What pn_port_probe_stack leaves for the runtime: its deepest path and a system call, with the frames of a sanitizer; and
 * pn_port_probe_heap for the allocator. */
enum { PROBE_BYTES = 16384, HEAP_PROBE_BYTES = PROBE_BYTES / 2 };

static const int trap_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
static const char overflow_message[] = "the C stack overflowed";
static _Thread_local char *stack_low; /* lowest usable byte of this worker's C stack */
static _Thread_local char *signal_stack;

static void probe(uintptr_t bytes) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  /* Also on the stack of the handler, and on threads that are no workers. */
  if (here - (uintptr_t)stack_low >= bytes) return;
  pn_root_fault(self, PENNY_ESTACK, NULL, 0); /* a message would need the allocator, which probes */
  pn_port_throw();
}

void pn_port_probe_stack(void) {
  probe(PROBE_BYTES);
}
void pn_port_probe_heap(void) {
  probe(HEAP_PROBE_BYTES);
}

enum { TRAP_SIGNALS = sizeof trap_signals / sizeof trap_signals[0] };
/* The program's own actions for them, while ours are in place. Written before any worker starts. */
static struct sigaction program_actions[TRAP_SIGNALS];

/* A signal that no task has caused, in the way that it takes without us. */
static void pass_on(int number, siginfo_t *info, void *context) {
  size_t i = 0;
  while (trap_signals[i] != number) i++;
  const struct sigaction *action = &program_actions[i];
  bool is_function = action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
  bool is_sent = info->si_code <= 0; /* by kill or raise: no instruction repeats it */
  if (is_sent && action->sa_handler == SIG_IGN) return;
  if (!is_function || (action->sa_flags & (int)SA_RESETHAND)) {
    sigaction(number, action, NULL); /* the instruction faults again when this returns */
    if (is_sent) raise(number);
    return;
  }
  /* Called from here, so that ours stays in place when it returns or jumps; the system puts the mask back. */
  sigset_t mask = action->sa_mask;
  if (!(action->sa_flags & SA_NODEFER)) sigaddset(&mask, number);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
  if (action->sa_flags & SA_SIGINFO)
    action->sa_sigaction(number, info, context);
  else
    action->sa_handler(number);
}

static void on_trap(int number, siginfo_t *info, void *context) {
  if (!self || !innermost) {
    pass_on(number, info, context);
    return;
  }
  /* The jump leaves the handler for good: what the system (or a sanitizer's wrapper) blocked while it runs is needed again. */
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < TRAP_SIGNALS; i++) sigaddset(&set, trap_signals[i]);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  char *at = info->si_addr;
  bool is_overflow =
      number == SIGSEGV && at >= stack_low - STACK_GUARD_BYTES && at < stack_low + 65536;
  const char *message = number == SIGFPE ? "integer division by zero or overflow"
                        : number == SIGILL || number == SIGTRAP ? "unreachable code executed"
                                                                : "memory access out of bounds";
  if (is_overflow) message = overflow_message;
  size_t bytes = 0;
  while (message[bytes]) bytes++;
  pn_root_fault(self, is_overflow ? PENNY_ESTACK : PENNY_ETRAP, message, bytes);
  pn_sched_abandon(self, innermost->level);
  siglongjmp(innermost->jump, 1);
}

void pn_port_thread_begin(void) {
  pthread_attr_t attr;
  size_t bytes = 0;
  void *low = NULL;
  if (pthread_getattr_np(pthread_self(), &attr) == 0) {
    pthread_attr_getstack(&attr, &low, &bytes);
    pthread_attr_destroy(&attr);
  }
  stack_low = low;
  signal_stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (signal_stack == MAP_FAILED) pn_port_fatal("penny: no memory for a signal stack");
  stack_t stack = {.ss_sp = signal_stack, .ss_size = 65536};
  sigaltstack(&stack, NULL);
}

void pn_port_thread_end(void) {
  stack_t stack = {.ss_flags = SS_DISABLE};
  sigaltstack(&stack, NULL);
  munmap(signal_stack, 65536);
}

void pn_port_process_begin(void) {
  struct sigaction action = {.sa_sigaction = on_trap,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < TRAP_SIGNALS; i++)
    sigaction(trap_signals[i], &action, &program_actions[i]);
}

void pn_port_process_end(void) {
  for (size_t i = 0; i < TRAP_SIGNALS; i++) {
    struct sigaction now;
    sigaction(trap_signals[i], NULL, &now);
    /* What the program has put in its place meanwhile stays. */
    bool is_ours = (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_trap;
    if (is_ours) sigaction(trap_signals[i], &program_actions[i], NULL);
  }
}

void *pn_port_reserve(uint64_t *bytes) {
  if (*bytes == 0) *bytes = (uint64_t)4 << 30;
  size_t size = (size_t)*bytes;
  size_t slack = PN_HEAP_PAGE_BYTES; /* mmap aligns to 4 KiB only; what is too much goes back */
  char *map = mmap(NULL, size + slack, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)map % slack;
  if (before) munmap(map, before);
  munmap(map + before + size, slack - before);
  return map + before;
}

void pn_port_unreserve(void *region, uint64_t bytes) {
  munmap(region, bytes);
}
size_t pn_port_default_stack_bytes(void) {
  return (size_t)8 << 20;
}
