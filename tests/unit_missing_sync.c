/*
 * unit_missing_sync.c: in debug builds a task that returns without the sync of a spawn ends the
 * program with a message that names it. Each case is a child process. Built with the core and
 * PENNY_DEBUG.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

PENNY_TASK(int32_t, leaf) {
  return 1;
}

PENNY_TASK(int32_t, complete) {
  PENNY_SPAWN(leaf);
  PENNY_SPAWN(leaf);
  int32_t sum = PENNY_SYNC(leaf);
  return sum + PENNY_SYNC(leaf);
}

PENNY_TASK(int32_t, forgets_one) {
  PENNY_SPAWN(leaf);
  PENNY_SPAWN(leaf);
  return PENNY_SYNC(leaf);
}

PENNY_TASK(int32_t, syncs_too_often) {
  return PENNY_SYNC(leaf);
}

PENNY_TASK(int32_t, calls_forgetful) {
  PENNY_SPAWN(leaf);
  int32_t sum = PENNY_CALL(forgets_one);
  return sum + PENNY_SYNC(leaf);
}

PENNY_TASK(int32_t, calls_greedy) {
  PENNY_SPAWN(leaf);
  int32_t sum = PENNY_CALL(syncs_too_often);
  return sum;
}

PENNY_TASK(int32_t, fails_with_open_spawn) {
  PENNY_SPAWN(leaf);
  penny_fail(-9, "not a missing sync");
}

enum { SUBMITTED = 5 };
static void submitted(PENNY_CONTEXT, void *context) {
  (void)context;
  PENNY_SPAWN(leaf);
}

static void child(int which) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (penny_start(&(penny_options){.workers = 1})) _exit(90);
  if (which == SUBMITTED) {
    penny_submit(submitted, NULL, NULL);
    sleep(10); /* its end ends this */
  }
  int32_t result = which == 0   ? PENNY_RUN(complete)
                   : which == 1 ? PENNY_RUN(forgets_one)
                   : which == 2 ? PENNY_RUN(calls_forgetful)
                   : which == 3 ? PENNY_RUN(calls_greedy)
                                : PENNY_RUN(fails_with_open_spawn);
  if (which == 4 && penny_last_error() == -9) result = PENNY_RUN(complete);
  if (penny_stop()) _exit(91);
  _exit(result == 2 ? 0 : 92);
}

/* Runs the case in a child: its wait status, and what it wrote to stderr. */
static int run(int which, char *text, size_t capacity) {
  int ends[2];
  if (!CHECK(pipe(ends) == 0)) return -1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    dup2(ends[1], 2);
    child(which);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t got;
  while (length < capacity - 1 && (got = read(ends[0], text + length, capacity - 1 - length)) > 0)
    length += (size_t)got;
  text[length] = 0;
  close(ends[0]);
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  return status;
}

int main(int argc, char **argv) {
  char text[4096];
  (void)argc, (void)argv;
  int status = run(0, text, sizeof text);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  printf("%s unit_missing_sync complete\n", test_failures() ? "not ok" : "ok");

  static const char *const names[] = {"", "forgets_one", "forgets_one", "syncs_too_often"};
  for (int which = 1; which <= 3; which++) {
    status = run(which, text, sizeof text);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, "sync") != NULL);
    CHECK(strstr(text, names[which]) != NULL);
    if (test_failures()) printf("# case %d: status %d, said: %s\n", which, status, text);
    printf("%s unit_missing_sync case %d\n", test_failures() ? "not ok" : "ok", which);
  }
  status = run(SUBMITTED, text, sizeof text);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, "penny_submit"));
  printf("%s unit_missing_sync in what was submitted\n", test_failures() ? "not ok" : "ok");
  status = run(4, text, sizeof text);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  if (test_failures()) printf("# case 4: status %d, said: %s\n", status, text);
  printf("%s unit_missing_sync failure with an open spawn\n", test_failures() ? "not ok" : "ok");
  return test_failures() ? 1 : 0;
}
