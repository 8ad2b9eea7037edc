/*
 * words.c: spelling suggestions: for each misspelt word the five nearest ones of a whole English
 * word list by edit distance (insert, delete, replace, swap of neighbours), computed 64 rows at a
 * time (Myers, DOI 10.1145/316542.316550; Hyyro's form for whole words and swaps, 2003). A loop
 * over the queries, in it a reduction over the list. Text is UTF-8 outside and Latin-1 inside, so
 * that an accent counts as one edit.
 */
#include "../workloads.h"

#include <string.h>

/* Words in a part of the reduction: each part finds its own five best anew, which costs some
 * thirty insertions. */
enum { BLOCK = 2048 };

static void keep(uint32_t *best, uint32_t key) {
  if (key >= best[BENCH_WORD_BEST - 1]) return;
  int at = BENCH_WORD_BEST - 1;
  for (; at > 0 && best[at - 1] > key; at--) best[at] = best[at - 1];
  best[at] = key;
}

static uint32_t distance(const bench_query *q, const uint8_t *word, uint32_t length) {
  uint64_t plus = ~(uint64_t)0, minus = 0, diagonal = ~(uint64_t)0, equal = 0;
  uint64_t last = (uint64_t)1 << (q->length - 1);
  uint32_t score = q->length;
  for (uint32_t i = 0; i < length; i++) {
    uint64_t equal_before = equal;
    equal = q->match[word[i]];
    uint64_t swapped = ((~diagonal & equal) << 1) & equal_before;
    diagonal = (((equal & plus) + plus) ^ plus) | equal | minus | swapped;
    uint64_t up = minus | ~(diagonal | plus), down = diagonal & plus;
    score += (up & last) != 0;
    score -= (down & last) != 0;
    up = up << 1 | 1;
    plus = down << 1 | ~(diagonal | up);
    minus = up & diagonal;
  }
  return score;
}

typedef struct list {
  const uint8_t *text;
  const uint32_t *starts;
  int32_t words;
  bench_query *queries;
} list;

static void scan(const list *l, const bench_query *q, int64_t begin, int64_t end, uint32_t *best) {
  for (int64_t i = begin; i < end; i++) {
    uint32_t start = l->starts[i], length = l->starts[i + 1] - start;
    keep(best, distance(q, l->text + start, length) << 24 | (uint32_t)i);
  }
}

static const uint32_t nothing[BENCH_WORD_BEST] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                                  UINT32_MAX};

typedef struct search {
  const list *list;
  const bench_query *query;
} search;

static void scan_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *best, void *context) {
  const search *s = context;
  int64_t stop = end * BLOCK;
  scan(s->list, s->query, begin * BLOCK, stop < s->list->words ? stop : s->list->words, best);
}

static void join_parts(void *left, const void *right, void *context) {
  (void)context;
  const uint32_t *keys = right;
  for (int i = 0; i < BENCH_WORD_BEST; i++) keep(left, keys[i]);
}

static void queries_part(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  const list *l = context;
  for (int64_t i = begin; i < end; i++) {
    bench_query *q = &l->queries[i];
    search s = {l, q};
    memcpy(q->best, nothing, sizeof nothing);
    penny_reduce(0, (l->words + BLOCK - 1) / BLOCK, q->best, sizeof q->best, scan_part, join_parts,
                 &s);
  }
}

static int64_t total(const bench_query *queries, int32_t count) {
  int64_t sum = 0;
  for (int32_t i = 0; i < count; i++) sum += queries[i].best[0] >> 24;
  return sum;
}

PENNY_TASK(int64_t, bench_words, (bench_query *, queries), (int32_t, count),
           (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words)) {
  list l = {text, starts, words, queries};
  penny_for(0, count, queries_part, &l);
  return total(queries, count);
}
PENNY_EXPORT(bench_words)

PENNY_TASK(int64_t, bench_words_serial, (bench_query *, queries), (int32_t, count),
           (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words)) {
  list l = {text, starts, words, queries};
  for (int32_t i = 0; i < count; i++) {
    memcpy(queries[i].best, nothing, sizeof nothing);
    scan(&l, &queries[i], 0, words, queries[i].best);
  }
  return total(queries, count);
}
PENNY_EXPORT(bench_words_serial)

/* Reads one UTF-8 character of text[*at..bytes-1] as Latin-1; '?' for what is not in it or not
 * UTF-8. */
static uint8_t read_character(const uint8_t *text, int32_t bytes, int32_t *at) {
  uint8_t first = text[(*at)++];
  if (first < 0x80) return first;
  uint8_t second = *at < bytes ? text[*at] : 0;
  int is_latin = (first == 0xC2 || first == 0xC3) && (second & 0xC0) == 0x80;
  while (*at < bytes && (text[*at] & 0xC0) == 0x80) (*at)++;
  return is_latin ? (uint8_t)((first & 3) << 6 | (second & 0x3F)) : '?';
}

PENNY_TASK(int64_t, bench_words_index, (uint8_t *, text), (int32_t, bytes), (uint32_t *, starts),
           (int32_t, lines)) {
  uint32_t out = 0, start = 0;
  int32_t words = 0;
  for (int32_t at = 0; at <= bytes;) {
    uint8_t c = '\n';
    if (at < bytes)
      c = read_character(text, bytes, &at);
    else
      at++;
    if (c != '\n') {
      text[out++] = c;
      continue;
    }
    if (out == start || words == lines) {
      out = start;
      continue;
    }
    if (out - start > 200) out = start + 200; /* a distance must fit in 8 bits */
    starts[words++] = start;
    start = out;
  }
  starts[words] = start;
  return words;
}
PENNY_EXPORT(bench_words_index)

PENNY_TASK(int64_t, bench_words_queries, (uint8_t *, text), (int32_t, bytes),
           (bench_query *, queries), (int32_t, room)) {
  int32_t count = 0;
  for (int32_t at = 0; at < bytes && count < room;) {
    bench_query *q = &queries[count];
    memset(q, 0, sizeof *q);
    while (at < bytes) {
      uint8_t c = read_character(text, bytes, &at);
      if (c == '\n') break;
      if (q->length < BENCH_WORD_LONGEST) q->match[c] |= (uint64_t)1 << q->length++;
    }
    memcpy(q->best, nothing, sizeof nothing);
    if (q->length > 0) count++;
  }
  return count;
}
PENNY_EXPORT(bench_words_queries)

/* The textbook's table for the distance of two words, of which only three rows are kept. */
static uint32_t plain_distance(const uint8_t *a, uint32_t a_length, const uint8_t *b,
                               uint32_t b_length) {
  uint32_t rows[3][BENCH_WORD_LONGEST + 1];
  for (uint32_t i = 0; i <= a_length; i++) rows[0][i] = i;
  for (uint32_t j = 1; j <= b_length; j++) {
    uint32_t *row = rows[j % 3], *before = rows[(j + 2) % 3], *two_before = rows[(j + 1) % 3];
    row[0] = j;
    for (uint32_t i = 1; i <= a_length; i++) {
      uint32_t best = before[i - 1] + (a[i - 1] != b[j - 1]);
      if (row[i - 1] + 1 < best) best = row[i - 1] + 1;
      if (before[i] + 1 < best) best = before[i] + 1;
      int is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap && two_before[i - 2] + 1 < best) best = two_before[i - 2] + 1;
      row[i] = best;
    }
  }
  return rows[b_length % 3][a_length];
}

PENNY_TASK(int64_t, bench_words_check, (const bench_query *, queries), (int32_t, count),
           (const uint8_t *, text), (const uint32_t *, starts), (int32_t, words)) {
  int64_t wrong = 0;
  /* Eight of the queries, evenly spread: each costs fifty times what bench_words takes for it. */
  for (int32_t n = 0; n < 8 && n < count; n++) {
    const bench_query *q = &queries[(int64_t)n * count / 8 % count];
    uint8_t letters[BENCH_WORD_LONGEST] = {0};
    for (int c = 0; c < 256; c++)
      for (uint32_t i = 0; i < q->length; i++)
        if (q->match[c] >> i & 1) letters[i] = (uint8_t)c;
    uint32_t best[BENCH_WORD_BEST];
    memcpy(best, nothing, sizeof best);
    for (int32_t i = 0; i < words; i++)
      keep(best, plain_distance(letters, q->length, text + starts[i], starts[i + 1] - starts[i])
                         << 24 |
                     (uint32_t)i);
    wrong += memcmp(best, q->best, sizeof best) != 0;
  }
  return wrong;
}
PENNY_EXPORT(bench_words_check)
