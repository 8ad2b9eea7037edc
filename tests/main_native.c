/*
 * main_native.c: the main function of every portable test program on native threads and
 * Emscripten: its task in pools of several sizes, once with task stack indices that wrap during
 * the test.
 *
 * Usage: PROGRAM [seed [workers]]
 */
#include <stdlib.h>

#include "test.h"

extern const char *const test_program;
int32_t test_entry(uint32_t seed, int32_t scale);

static const struct {
  unsigned workers;
  uint32_t index_base;
} pools[] = {{1, 0}, {2, 0}, {4, 0xFFFFFE00u}, {8, 0}};

int main(int argc, char **argv) {
  uint32_t seed = test_begin(test_program, argc, argv);
  for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
    if (argc > 2 && atoi(argv[2]) != (int)pools[i].workers) continue;
    char what[64];
    snprintf(what, sizeof what, "workers=%u", pools[i].workers);
    test_start(pools[i].workers, 0, pools[i].index_base);
    test_enter(what);
    int32_t failures = test_entry(seed + (uint32_t)i, test_scale());
    if (penny_last_error())
      printf("# failed: %s: %s\n", penny_strerror(penny_last_error()), penny_last_message());
    CHECK_EQUAL(penny_last_error(), 0);
    /* What the task returns is what it counted, so that the web's caller, who sees nothing else,
     * can rely on it. */
    if (!penny_last_error()) CHECK_EQUAL(failures, test_failures());
    test_stop();
    test_report(what);
  }
  return test_end();
}
