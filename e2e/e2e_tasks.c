/*
 * e2e_tasks.c: the C tasks that the browser tests call: plain ones, every argument type, and every kind of failure.
 */
#include <penny.h>

PENNY_TASK(int64_t, fib, (int32_t, n))
{
    if (n < 2) return n;
    PENNY_SPAWN(fib, n - 1);
    int64_t a = PENNY_CALL(fib, n - 2);
    int64_t b = PENNY_SYNC(fib);
    return a + b;
}
PENNY_EXPORT(fib)

PENNY_TASK(int32_t, add, (int32_t, a), (int32_t, b)) { return (int32_t)((uint32_t)a + (uint32_t)b); }
PENNY_EXPORT(add)
PENNY_TASK(void, nothing) {}
PENNY_EXPORT(nothing)
PENNY_TASK(bool, negate, (bool, a)) { return !a; }
PENNY_EXPORT(negate)
PENNY_TASK(uint32_t, unsigned_max, (uint8_t, a), (uint16_t, b), (uint32_t, c)) { return a + b + c; }
PENNY_EXPORT(unsigned_max)
PENNY_TASK(float, halve, (float, a)) { return a / 2; }
PENNY_EXPORT(halve)
PENNY_TASK(double, mix, (int32_t, a), (int64_t, b), (double, c), (float, d), (uint64_t, e), (int8_t, f), (int16_t, g),
           (double, h))
{
    return a + (double)b + c + (double)d + (double)e + f + g + h;
}
PENNY_EXPORT(mix)
PENNY_TASK(int64_t, identity, (int64_t, a)) { return a; }
PENNY_EXPORT(identity)

PENNY_TASK(double, sum, (const double *, values), (uint32_t, count))
{
    if (count < 1024) {
        double total = 0;
        for (uint32_t i = 0; i < count; i++) total += values[i];
        return total;
    }
    PENNY_SPAWN(sum, values + count / 2, count - count / 2);
    double left = PENNY_CALL(sum, values, count / 2);
    return left + PENNY_SYNC(sum);
}
PENNY_EXPORT(sum)

PENNY_TASK(uint32_t, fill, (uint8_t *, bytes), (uint32_t, count), (uint8_t, value))
{
    for (uint32_t i = 0; i < count; i++) bytes[i] = (uint8_t)(value + i);
    return (uint32_t)(uintptr_t)bytes;
}
PENNY_EXPORT(fill)

/* ---- priorities ---- */

/* Polls once a millisecond, and counts in a word that all share. */
PENNY_TASK(int32_t, poll_ms, (double, ms), (int32_t *, polls))
{
    int32_t count = 0;
    for (double end = penny_now_ms() + ms; penny_now_ms() < end; count++) {
        for (double next = penny_now_ms() + 1; penny_now_ms() < next;) continue;
        penny_poll();
        __atomic_fetch_add(polls, 1, __ATOMIC_SEQ_CST);
    }
    return count;
}
PENNY_EXPORT(poll_ms)
PENNY_TASK(int32_t, read_word, (const int32_t *, word)) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
PENNY_EXPORT(read_word)

/* ---- failures ---- */

PENNY_TASK(int32_t, trap_unreachable) { __builtin_trap(); }
PENNY_EXPORT(trap_unreachable)
PENNY_TASK(int32_t, trap_bounds, (uint32_t, address)) { return *(volatile int32_t *)(uintptr_t)address; }
PENNY_EXPORT(trap_bounds)
PENNY_TASK(int32_t, trap_divide, (int32_t, by))
{
    volatile int32_t divisor = by;
    return 7 / divisor;
}
PENNY_EXPORT(trap_divide)

PENNY_TASK(int32_t, fail_with, (int32_t, error))
{
    penny_fail(error, "as it was asked to");
}
PENNY_EXPORT(fail_with)

/* Nested calls without a frame on the C stack: the engine's own stack is what ends. */
PENNY_TASK(int32_t, nest, (int32_t, depth))
{
    if (depth <= 0) return 0;
    PENNY_SPAWN(add, depth, 0);
    int32_t below = PENNY_CALL(nest, depth - 1);
    return below + (PENNY_SYNC(add) != 0);
}
PENNY_EXPORT(nest)

/* Frames of 4 KiB on the C stack: it ends long before the engine's. */
PENNY_TASK(int32_t, nest_frames, (int32_t, depth))
{
    volatile unsigned char frame[4096];
    for (int i = 0; i < 4096; i += 64) frame[i] = (unsigned char)depth;
    if (depth <= 0) return frame[64];
    int32_t below = PENNY_CALL(nest_frames, depth - 1);
    return below + (frame[128] == (unsigned char)depth);
}
PENNY_EXPORT(nest_frames)

/* Allocates until the heap's maximum is reached, gives all back, and fails. */
PENNY_TASK(int32_t, exhaust, (int32_t, bytes))
{
    void **newest = NULL;
    for (void **block; (block = penny_alloc((size_t)bytes));) {
        *block = newest;
        newest = block;
    }
    while (newest) {
        void **next = *newest;
        penny_free(newest);
        newest = next;
    }
    penny_fail(PENNY_ENOMEM, NULL);
}
PENNY_EXPORT(exhaust)

/* Spawns without a sync until memory ends. */
PENNY_TASK(int32_t, spawn_forever)
{
    for (;;) PENNY_SPAWN(add, 1, 2);
}
PENNY_EXPORT(spawn_forever)

/* One of `count` leaves traps; the failure comes up through stolen joins. */
PENNY_TASK(int32_t, tree, (int32_t, leaves), (int32_t, bad))
{
    if (leaves == 1) {
        for (volatile int i = 0; i < 2000; i++) {}
        if (bad == 0) __builtin_trap();
        return 1;
    }
    int32_t half = leaves / 2;
    PENNY_SPAWN(tree, half, bad);
    int32_t right = PENNY_CALL(tree, leaves - half, bad - half);
    return PENNY_SYNC(tree) + right;
}
PENNY_EXPORT(tree)

/* ---- time ---- */

/* Keeps its worker busy, seen by cancel and shutdown through its polls. */
PENNY_TASK(int32_t, busy_ms, (double, duration_ms))
{
    double end_ms = penny_now_ms() + duration_ms;
    while (penny_now_ms() < end_ms) penny_poll();
    return 1;
}
PENNY_EXPORT(busy_ms)

/* The same without polls: nobody can stop it but the end of its worker. */
PENNY_TASK(int32_t, deaf_ms, (double, duration_ms))
{
    double end_ms = penny_now_ms() + duration_ms;
    while (penny_now_ms() < end_ms) {}
    return 1;
}
PENNY_EXPORT(deaf_ms)

PENNY_TASK(int32_t, worker_id) { return penny_worker_id(); }
PENNY_EXPORT(worker_id)

/* Static data of 3 MiB: more than any memory begins with. */
static uint8_t big_data[3 << 20];
PENNY_TASK(uint32_t, static_sum) {
  big_data[0] = 1;
  big_data[sizeof big_data - 1] = 2;
  uint32_t sum = 0;
  for (size_t i = 0; i < sizeof big_data; i++) sum += big_data[i];
  return sum;
}
PENNY_EXPORT(static_sum)
