// The part of libc that a freestanding web module cannot take from wasi-libc: memory comes from
// Penny's heap, output goes to the console through the port, an abort is a trap. The rest are pure
// functions (cmake/libc.cmake). Linked from an archive: a module that calls none of these, and no
// other libc function, contains none of it. Called by tasks on workers and by the page's own
// instance. Source of the signatures: C11, 7.21 to 7.24.

#include "penny.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A page's pool is made by createPool. Here for a native program that is built as a module, too, its main with it.
int penny_start(const penny_options *options) {
  (void)options;
  return PENNY_ESTART;
}

int64_t penny_stop(void) {
  return PENNY_ECLOSED;
}

// Text longer than this goes through the heap.
enum { LINE_BYTES = 512 };

__attribute__((import_module("env"), import_name("pn_port_print"))) void
pn_port_print(const char *text, size_t length_bytes, int is_error);

// What the libc members report errors in: one word for all workers, so a test of it proves nothing.
// It has no declaration in a header that was read here, and wasi-libc's own (thread-local) does not
// link against it.
extern int errno;
int errno;

void *malloc(size_t size_bytes) {
  return penny_alloc(size_bytes);
}

void free(void *block) {
  penny_free(block);
}

void *realloc(void *block, size_t size_bytes) {
  return penny_realloc(block, size_bytes);
}

void *calloc(size_t count, size_t size_bytes) {
  size_t total_bytes;
  if (__builtin_mul_overflow(count, size_bytes, &total_bytes)) return NULL;
  void *block = penny_alloc(total_bytes);
  if (block != NULL) memset(block, 0, total_bytes);
  return block;
}

void *aligned_alloc(size_t align_bytes, size_t size_bytes) {
  return penny_aligned(align_bytes, size_bytes);
}

int posix_memalign(void **block, size_t align_bytes, size_t size_bytes) {
  enum { NO_MEMORY = 48 }; // ENOMEM of wasi-libc.
  void *found = penny_aligned(align_bytes, size_bytes);
  if (found == NULL) return NO_MEMORY;
  *block = found;
  return 0;
}

// What was printed of a line that has not ended yet. A console shows each text as a line of its own.
static _Thread_local char begun[LINE_BYTES];
static _Thread_local size_t begun_bytes;

void pn_libc_flush(void);
void pn_libc_flush(void) {
  size_t bytes = begun_bytes;
  begun_bytes = 0;
  if (bytes) pn_port_print(begun, bytes, 0);
}

static void put(const char *text, size_t bytes) {
  if (!bytes) return;
  bool is_line = text[bytes - 1] == '\n';
  if (bytes > LINE_BYTES - begun_bytes) pn_libc_flush();
  if (bytes > LINE_BYTES || (is_line && !begun_bytes)) {
    pn_port_print(text, bytes, 0);
    return;
  }
  memcpy(begun + begun_bytes, text, bytes);
  begun_bytes += bytes;
  if (is_line) pn_libc_flush();
}

static void show(const char *text, size_t bytes, bool is_error) {
  if (is_error) {
    pn_port_print(text, bytes, 1);
  } else {
    put(text, bytes);
  }
}

static int print(bool is_error, const char *format, va_list arguments) {
  char line[LINE_BYTES];
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(line, sizeof line, format, arguments);
  if (length >= 0 && (size_t)length < sizeof line) {
    show(line, (size_t)length, is_error);
  } else if (length >= 0) {
    char *text = penny_alloc((size_t)length + 1);
    if (text != NULL) {
      length = vsnprintf(text, (size_t)length + 1, format, again);
      show(text, (size_t)length, is_error);
      penny_free(text);
    } else {
      length = -1;
    }
  }
  va_end(again);
  return length;
}

int vprintf(const char *restrict format, va_list arguments) {
  return print(false, format, arguments);
}

int printf(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = print(false, format, arguments);
  va_end(arguments);
  return length;
}

int puts(const char *text) {
  // One call, so that the lines of several workers do not mix.
  return printf("%s\n", text);
}

int putchar(int character) {
  char byte = (char)character;
  put(&byte, 1);
  return (unsigned char)byte;
}

_Noreturn void abort(void) {
  __builtin_trap();
}

static void print_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(true, format, arguments);
  va_end(arguments);
}

// What assert() calls (the declaration is in wasi-libc's assert.h).
_Noreturn void __assert_fail(const char *text, const char *file, int line, const char *function);
_Noreturn void __assert_fail(const char *text, const char *file, int line, const char *function) {
  print_error("Assertion failed: %s (%s: %s: %d)\n", text, file, function, line);
  __builtin_trap();
}

// wasi-libc's string streams name this only to pull its exit code into the link; there are no files
// to flush here.
void __stdio_exit_needed(void);
void __stdio_exit_needed(void) {}
