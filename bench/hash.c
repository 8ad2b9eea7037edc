/*
 * hash.c: bench_hash, by which the runners compare what two variants left in memory.
 */
#include "workloads.h"

#include <string.h>

PENNY_TASK(int64_t, bench_hash, (const uint8_t *, data), (int32_t, bytes)) {
  uint64_t hash = 0xCBF29CE484222325u;
  int32_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t word;
    memcpy(&word, data + i, sizeof word);
    hash = (hash ^ word) * 0x100000001B3u;
    hash ^= hash >> 32;
  }
  for (; i < bytes; i++) hash = (hash ^ data[i]) * 0x100000001B3u;
  return (int64_t)hash;
}
PENNY_EXPORT(bench_hash)
