/*
 * port_emscripten.c: the platform of Emscripten programs (-pthread, main off the page by
 * -sPROXY_TO_PTHREAD). Workers are pthreads (thread_pool.c); traps and throws end at a JavaScript
 * frame with a try/catch, as on the web.
 */
#include <emscripten.h>
#include <emscripten/stack.h>
#include <emscripten/threading.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "port.h"
#include "root.h"
#include "scheduler.h"
#include "thread_pool.h"

static _Thread_local pn_worker *self;

pn_worker *pn_port_self(void) {
  return self;
}
void pn_port_set_self(pn_worker *worker) {
  self = worker;
}
bool pn_port_may_block(void) {
  return !emscripten_is_main_browser_thread();
}

void pn_port_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  /* Sequentially consistent by the instruction; callers look at the word again (park.c). */
  __builtin_wasm_memory_atomic_wait32((int *)(void *)word, (int)expected, timeout_ns);
}

void pn_port_wake(uint32_t *word, uint32_t count) {
  /* The caller has changed the word before; pairs with the wait above. */
  __builtin_wasm_memory_atomic_notify((int *)(void *)word, count);
}

void pn_port_pause(uint32_t looks) {
  (void)looks;
} /* this toolchain knows no pause instruction */
double pn_port_now_ms(void) {
  return emscripten_get_now();
}
double pn_port_origin_ms(void) {
  return 0;
}

int pn_port_commit(void *end) {
  (void)end; /* pn_port_reserve took the whole region from sbrk */
  return 0;
}

/* ---- trampoline ---- */

/* The shadow stack pointer; from the toolchain's stack_ops.S. */
void *stackSave(void);
void stackRestore(void *pointer);

enum { RETURNED = 0, THROWN = 1, TRAPPED = 2, OVERFLOWED = 3, STACK_RESERVE_BYTES = 8192 };

EMSCRIPTEN_KEEPALIVE void pn_emscripten_body(void (*body)(pn_worker *, pn_task *, void *),
                                             pn_worker *worker, pn_task *head, void *argument) {
  body(worker, head, argument);
}

/* Calls pn_emscripten_body and says how it ended; the engine's message goes to text as ASCII. Exits
 * of the program pass. */
/* clang-format off */
EM_JS(int, enter_js, (void *body, void *worker, void *head, void *argument, char *text, int capacity), {
  try {
    _pn_emscripten_body(body, worker, head, argument);
    return 0;
  } catch (error) {
    if (error === 'penny-throw') return 1;
    if (error === 'unwind' || (error && error.name === 'ExitStatus')) throw error;
    var message = String((error && error.message) || error);
    var length = Math.min(message.length, capacity - 1);
    for (var i = 0; i < length; i++) HEAPU8[text + i] = message.charCodeAt(i) & 127;
    HEAPU8[text + length] = 0;
    var isOverflow = error instanceof RangeError || /recursion|call stack|stack overflow/i.test(message);
    return isOverflow ? 3 : 2;
  }
});

EM_JS(void, throw_js, (void), { throw 'penny-throw'; });

EM_JS(void, limits_js, (size_t base, size_t end), {
  if (typeof ___set_stack_limits == 'function') ___set_stack_limits(base, end);
});
/* clang-format on */

/* The linker's check (-sSTACK_OVERFLOW_CHECK=2) throws below this worker's stack plus a reserve. */
static void limit_stack(size_t reserve) {
  limits_js((size_t)emscripten_stack_get_base(), (size_t)emscripten_stack_get_end() + reserve);
}

int pn_port_enter(void (*body)(pn_worker *, pn_task *, void *), pn_worker *worker, pn_task *head,
                  void *argument) {
  void *stack = stackSave();
  char text[160];
  uint32_t level = worker->depth;
  int outcome = enter_js((void *)body, worker, head, argument, text, sizeof text);
  if (outcome == RETURNED) return 0;
  limit_stack(0); /* after an overflow the reserve is what is left to work on */
  if (outcome == TRAPPED || outcome == OVERFLOWED) {
    size_t bytes = 0;
    while (text[bytes]) bytes++;
    pn_root_fault(worker, outcome == TRAPPED ? PENNY_ETRAP : PENNY_ESTACK, text, bytes);
  }
  /* The pointer is still where it was: below the frames that stolen children use. */
  pn_sched_abandon(worker, level);
  stackRestore(stack);
  limit_stack(STACK_RESERVE_BYTES);
  return 1;
}

void pn_port_throw(void) {
  throw_js();
  __builtin_unreachable();
}

/* Wide frames, called and not inlined, so that the engine's own check fails here and not in the
 * middle of a protocol. */
static __attribute__((noinline)) void probe(volatile double *at, int depth) {
  double a = at[0], b = at[1], c = at[2], d = at[3], e = at[4], f = at[5], g = at[6], h = at[7];
  if (depth > 0) probe(at, depth - 1);
  at[0] = a, at[1] = b, at[2] = c, at[3] = d, at[4] = e, at[5] = f, at[6] = g, at[7] = h;
}

void pn_port_probe_stack(void) {
  volatile double words[8] = {0};
  probe(words, 16);
}
void pn_port_probe_heap(void) {
  volatile double words[8] = {0};
  if (self) probe(words, 8);
}

bool pn_port_has_stack(void) {
  return true; /* not told here; the task stack is looked at, too */
}

void pn_port_ring(void) {}

void pn_port_run_js(pn_worker *worker, pn_task *head, pn_root *root) {
  (void)worker, (void)head, (void)root;
  penny_fail(PENNY_EINVAL, "JavaScript tasks exist in the web port only");
}

void pn_port_print(const char *text, size_t bytes, int is_error) {
  fwrite(text, 1, bytes, is_error ? stderr : stdout);
}

void pn_port_fatal(const char *message) {
  fprintf(stderr, "%s\n", message);
  abort();
}

/* ---- what thread_pool.c asks ---- */

void pn_port_process_begin(void) {}
void pn_port_process_end(void) {}
void pn_port_thread_begin(void) {
  limit_stack(STACK_RESERVE_BYTES);
}
void pn_port_thread_end(void) {}

/* The region of the pool, or of the last one, with all that it had when it was made: sbrk memory cannot be returned.
 * Whoever starts or stops the pool touches it, one thread at a time (thread_pool.c: begin_change). */
static void *spare;
static uint64_t spare_bytes;

void *pn_port_reserve(uint64_t *bytes) {
  if (*bytes == 0) *bytes = (uint64_t)256 << 20;
  if (*bytes > (uint64_t)2 << 30) return NULL;
  if (spare && *bytes <= spare_bytes) {
    unsigned char *region = spare;
    for (uint64_t i = 0; i < *bytes; i++) region[i] = 0;
    return region;
  }
  char *low = sbrk((intptr_t)(*bytes + PN_HEAP_PAGE_BYTES)); /* fresh memory is zero */
  if (low == (void *)-1) return NULL;
  spare =
      (void *)(((uintptr_t)low + PN_HEAP_PAGE_BYTES - 1) & ~(uintptr_t)(PN_HEAP_PAGE_BYTES - 1));
  spare_bytes = *bytes;
  return spare;
}

void pn_port_unreserve(void *region, uint64_t bytes) {
  (void)region, (void)bytes; /* it is the spare one */
}

size_t pn_port_default_stack_bytes(void) {
  return (size_t)1 << 20;
}
