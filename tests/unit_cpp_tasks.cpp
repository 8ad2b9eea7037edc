/*
 * unit_cpp_tasks.cpp: tasks written in C++: every macro of penny.h in that language, beside
 * templates, lambdas and references.
 */
#include "unit_cpp.h"

PENNY_TASK(int64_t, cpp_fib, (int32_t, n)) {
  if (n < 2) return n;
  PENNY_SPAWN(c_fib, n - 1);
  int64_t a = PENNY_CALL(cpp_fib, n - 2);
  int64_t b = PENNY_SYNC(c_fib);
  return a + b;
}

PENNY_TASK(double, cpp_mix, (bool, a), (int8_t, b), (uint16_t, c), (float, d), (const char *, e),
           (int64_t, f), (double, g), (uint32_t *, h)) {
  *h += 1;
  return a + b + c + double(d) + e[0] + double(f) + g;
}

PENNY_TASK(void, cpp_put, (int32_t *, where), (int32_t, value)) {
  *where = value;
}

template <class T> static T sum_of(PENNY_CONTEXT, const T *values, int32_t count) {
  T sum{};
  for (int32_t i = 0; i < count; i++) {
    PENNY_SPAWN(cpp_fib, int32_t(values[i]));
    sum += T(PENNY_SYNC(cpp_fib));
  }
  return sum;
}

static const penny_range_fn add_indices = [](PENNY_CONTEXT, int64_t begin, int64_t end,
                                             void *context) {
  for (int64_t i = begin; i < end; i++)
    __atomic_fetch_add(static_cast<int64_t *>(context), i, __ATOMIC_RELAXED);
};

/* Made once for the program, before its first task. */
static int32_t makings;
static struct squares {
  int32_t of[1000];
  squares() {
    makings++;
    for (int32_t i = 0; i < 1000; i++) of[i] = i * i;
  }
} table;

/* Each worker has its own, which begins as written. */
static thread_local int32_t start = 7, owner = -1;
alignas(64) static thread_local int32_t line[30000];

PENNY_TASK(int32_t, cpp_own, (int32_t, depth)) {
  if (owner == -1) owner = penny_worker_id();
  int32_t failures = owner != penny_worker_id() || start != 7 || (uintptr_t)line % 64 != 0;
  line[29999]++;
  if (depth == 0) return failures;
  PENNY_SPAWN(cpp_own, depth - 1);
  failures += PENNY_CALL(cpp_own, depth - 1);
  return failures + PENNY_SYNC(cpp_own);
}

/* Character types are numbers, not pointers, to JavaScript. */
PENNY_TASK(char32_t, cpp_character, (wchar_t, a), (char16_t, b), (char32_t, c)) {
  return char32_t(uint32_t(a) + uint32_t(b) + uint32_t(c));
}

static int32_t characters(PENNY_CONTEXT) {
  const unsigned char wide = wchar_t(-1) < wchar_t(0) ? PN_CODE_SIGNED : PN_CODE_UNSIGNED;
  const pn_task_type &type = cpp_character_pn_type;
  int32_t failures = type.parameters[0] != wide + sizeof(wchar_t);
  failures += type.parameters[1] != PN_CODE_UNSIGNED + 2;
  failures += type.parameters[2] != PN_CODE_UNSIGNED + 4 || type.result != PN_CODE_UNSIGNED + 4;
  PENNY_SPAWN(cpp_character, L'a', u'b', U'c');
  return failures + (PENNY_SYNC(cpp_character) != char32_t(97 + 98 + 99));
}

PENNY_TASK(int32_t, cpp_all, (int32_t, rounds)) {
  int32_t failures = makings != 1 || table.of[999] != 998001;
  failures += characters(PENNY_HERE);
  failures += PENNY_CALL(cpp_own, 12);
  for (int32_t round = 0; round < rounds; round++) {
    failures += PENNY_CALL(cpp_fib, 16) != 987;
    uint32_t count = 0;
    PENNY_SPAWN(cpp_mix, true, int8_t(-3), uint16_t(65000), 0.5f, "A", int64_t(1) << 40, 0.25,
                &count);
    penny_future *future = PENNY_DETACH(NULL, cpp_fib, 10);
    const double want = 1 - 3 + 65000 + 0.5 + 65 + double(int64_t(1) << 40) + 0.25;
    failures += PENNY_SYNC(cpp_mix) != want || count != 1;
    failures += !future || PENNY_GET(cpp_fib, future) != 55;
    int32_t cell = 0;
    PENNY_SPAWN(cpp_put, &cell, 5);
    PENNY_SYNC(cpp_put);
    failures += cell != 5;
    const double indices[] = {5, 6, 7};
    failures += sum_of(PENNY_HERE, indices, 3) != 5 + 8 + 13;
    int64_t total = 0;
    penny_for(0, 1000, add_indices, &total);
    failures += total != 499500;
    penny_poll();
  }
  return failures;
}
PENNY_EXPORT(cpp_all)
