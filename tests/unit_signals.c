/*
 * unit_signals.c: a pool takes the signals of its tasks' traps and leaves all others to the program: its own handlers are
 * called while a pool is open and are in place again after it. Each case is a child process.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { HANDLED = 7, WRONG = 90 };
static volatile int calls;
static sigjmp_buf back;

static void exits(int number) {
  (void)number;
  _exit(HANDLED);
}
static void exits_informed(int number, siginfo_t *info, void *context) {
  (void)context;
  _exit(number == SIGSEGV && info->si_addr == (void *)64 ? HANDLED : WRONG);
}
static void counts(int number) {
  (void)number;
  calls++;
}
static void jumps(int number) {
  (void)number;
  calls++;
  siglongjmp(back, 1);
}

static __attribute__((noinline, no_sanitize("undefined"), no_sanitize("address"),
                      no_sanitize("thread"))) int32_t
fault(void) {
  volatile uintptr_t at = 64;
  return *(volatile int32_t *)at;
}

PENNY_TASK(int32_t, faults) {
  return fault();
}

static void start(void) {
  if (penny_start(&(penny_options){.workers = 2})) _exit(WRONG);
}
static void stop(void) {
  if (penny_stop()) _exit(WRONG + 1);
}
/* A task's fault is its own, whatever came before. */
static void check_task(void) {
  PENNY_RUN(faults);
  if (penny_last_error() != PENNY_ETRAP) _exit(WRONG + 2);
}
static bool is_handler(void (*handler)(int)) {
  struct sigaction now;
  sigaction(SIGSEGV, NULL, &now);
  return now.sa_handler == handler;
}

static void before_start(void) {
  signal(SIGSEGV, exits);
  start();
  check_task();
  fault();
}
static void informed(void) {
  struct sigaction action = {.sa_sigaction = exits_informed, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  start();
  fault();
}
static void once(void) {
  struct sigaction action = {.sa_handler = exits, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGSEGV, &action, NULL);
  start();
  fault();
}
static void after_stop(void) {
  signal(SIGSEGV, exits);
  for (int i = 0; i < 3; i++) {
    start();
    check_task();
    stop();
  }
  if (is_handler(exits)) fault();
}
static void replaced(void) {
  start();
  signal(SIGSEGV, exits);
  stop();
  if (is_handler(exits)) fault();
}
static void sent(void) {
  signal(SIGSEGV, counts);
  signal(SIGFPE, SIG_IGN);
  start();
  raise(SIGSEGV);
  raise(SIGSEGV);
  raise(SIGFPE);
  check_task();
  stop();
  if (calls == 2 && is_handler(counts)) _exit(HANDLED);
}
static void recovered(void) {
  signal(SIGSEGV, jumps);
  start();
  for (int i = 0; i < 3; i++) {
    if (!sigsetjmp(back, 1)) fault();
    check_task();
  }
  stop();
  if (calls == 3) _exit(HANDLED);
}
static void default_open(void) {
  signal(SIGSEGV, SIG_DFL); /* a sanitizer has one of its own */
  start();
  check_task();
  fault();
}
static void default_sent(void) {
  signal(SIGSEGV, SIG_DFL);
  start();
  raise(SIGSEGV);
}
static void default_closed(void) {
  signal(SIGSEGV, SIG_DFL);
  start();
  stop();
  fault();
}

static const struct {
  const char *name;
  void (*run)(void);
  bool dies;
} cases[] = {{"a handler of before the start", before_start, false},
             {"a handler with information", informed, false},
             {"a handler for one signal", once, false},
             {"after the pool", after_stop, false},
             {"a handler set while the pool is open", replaced, false},
             {"signals that were sent", sent, false},
             {"a handler that jumps", recovered, false},
             {"no handler, open pool", default_open, true},
             {"no handler, a signal that was sent", default_sent, true},
             {"no handler, after the pool", default_closed, true}};

int main(int argc, char **argv) {
  (void)argc, (void)argv;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int32_t failed = test_failures();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
      struct rlimit none = {0, 0};
      setrlimit(RLIMIT_CORE, &none);
      alarm(20);
      cases[i].run();
      _exit(WRONG + 3);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (cases[i].dies)
      CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    else
      CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HANDLED);
    if (test_failures() != failed) printf("# status %x\n", (unsigned)status);
    printf("%s unit_signals %s\n", test_failures() == failed ? "ok" : "not ok", cases[i].name);
  }
  return test_failures() ? 1 : 0;
}
