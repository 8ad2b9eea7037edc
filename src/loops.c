/*
 * loops.c: penny_for, penny_reduce, penny_scan on top of spawn and sync.
 *
 * penny_for splits lazily (Tzannes et al. 2010, doi:10.1145/1693453.1693479): a range is halved
 * when somebody asks for work and not before, and is walked in steps that grow until one takes
 * about 50 microseconds, so neither a cheap nor a skewed body needs a grain. What a body costs is
 * measured on the way and remembered (as in Acar et al. 2019, doi:10.1145/3293883.3295725): what is
 * left is not halved below a piece of some microseconds, and a range that short is not halved at
 * all. penny_reduce and penny_scan cut the range by its length only, so their results do not depend
 * on the workers.
 */
#include "port.h"
#include "task_stack.h"

enum { REDUCE_LEAVES = 512, SCAN_BLOCKS = 512, SCAN_BLOCK_MIN = 1024, ELEMENT_MAX_BYTES = 256 };
#define STEP_SHORT_MS 0.025
#define STEP_LONG_MS  0.1
/* A steal costs its two workers about a microsecond: less than this is not worth one. */
#define PIECE_MS 0.004
/* A loop that was one piece the last times is measured again, and split if need be, this often: by
 * now its body may have other work to do. (No even number: bodies that call what they are given, closures, may take turns.) */
#define MEASURE_EVERY 7u
/* After a dear loop whose body has been cheap this many loops count as as dear: remember(). Dear is what is worth so many pieces,
 * which no tick of a page's clock looks like. */
#define WARY_LOOPS  64u
#define DEAR_PIECES 16

void pn_copy(void *to, const void *from, size_t bytes) {
  __builtin_memcpy(to, from, bytes);
}

/* ---- for ---- */

typedef struct for_loop {
  penny_range_fn body;
  void *context;
  int64_t piece; /* iterations worth a task, 0 when nobody has measured: any worker of the loop */
} for_loop;

/* One walk over a part of a range: what it has measured, and how it goes on. */
typedef struct walk {
  int64_t step;
  int64_t measured; /* iterations in `spent_ms` */
  double spent_ms;
  double since_ms; /* when the last step ended, or -1 */
} walk;

static void walk_step(PENNY_CONTEXT, walk *k, const for_loop *loop, int64_t begin, int64_t end) {
  double start_ms = k->since_ms < 0 ? pn_port_now_ms() : k->since_ms;
  loop->body(PENNY_HERE, begin, end, loop->context);
  k->since_ms = pn_port_now_ms();
  double ms = k->since_ms - start_ms;
  /* Clocks of pages tick every 5 or 20 microseconds: short steps count together, and a long one by
   * itself, because costs may change along the range. */
  if (ms > STEP_SHORT_MS) k->measured = 0, k->spent_ms = 0;
  k->measured += end - begin;
  k->spent_ms += ms;
  if (ms < STEP_SHORT_MS && k->step <= INT64_MAX / 4) k->step *= 2;
  if (ms > STEP_LONG_MS && k->step > 1) k->step /= 2;
}

/* Iterations worth a task, by what the walk has measured. */
static int64_t piece_of(const walk *k, int64_t known) {
  if (k->spent_ms <= 0) { /* no tick yet */
    int64_t twice = k->measured > INT64_MAX / 2 ? INT64_MAX : 2 * k->measured;
    return known > twice ? known : twice;
  }
  double piece = (double)k->measured * (PIECE_MS / k->spent_ms);
  return piece < 1 ? 1 : piece > 1e15 ? (int64_t)1e15 : (int64_t)piece;
}

/* Is something wanted that can be had? A thief is content only where older tasks are private. */
static bool is_worth_a_poll(const pn_worker *w, const pn_task *head, uint32_t want) {
  if (want & ~(uint32_t)PN_WANT_STEAL) return true;
  /* Relaxed, own variable: only the owner moves split. */
  return want && pn_stack_index(w, head) != pn_split(pn_load_relaxed(&w->ts));
}

PENNY_TASK(void, pn_for_range, (int64_t, begin), (int64_t, end), (for_loop *, loop)) {
  uint32_t spawned = 0;
  /* Relaxed: a guess, whoever measured it. */
  int64_t piece = pn_load_relaxed(&loop->piece);
  walk k = {.step = piece ? piece : 1, .since_ms = -1};
  while (begin < end) {
    /* Relaxed: a request seen late is served one step later. */
    uint32_t want = pn_load_relaxed(&penny_w->want);
    bool is_splitting = (want & PN_WANT_STEAL) && end - begin > 1 && (end - begin) / 2 >= piece;
    if (is_splitting) {
      int64_t middle = begin + (end - begin) / 2;
      PENNY_SPAWN(pn_for_range, middle, end, loop);
      spawned++;
      end = middle;
      k.since_ms = -1;
      continue;
    }
    if (is_worth_a_poll(penny_w, penny_head, want)) pn_poll(penny_w, penny_head);
    int64_t stop = end - begin < k.step ? end : begin + k.step;
    walk_step(PENNY_HERE, &k, loop, begin, stop);
    begin = stop;
    piece = piece_of(&k, piece);
  }
  pn_store_relaxed(&loop->piece, piece); /* a guess, as above */
  while (spawned-- > 0) PENNY_SYNC(pn_for_range);
}

/* The entry for a body and the size of its range; another body's entry is given up. */
static pn_loop_cost *cost_of(pn_worker *w, penny_range_fn body, int64_t count) {
  uint64_t key = (uint64_t)(uintptr_t)body * 64 + (uint64_t)(63 - __builtin_clzll((uint64_t)count));
  pn_loop_cost *cost = &w->loop_costs[key * 0x9E3779B97F4A7C15u >> 60];
  PN_ASSERT(PN_LOOP_COSTS == 16, "four bits of the hash");
  if (cost->body != (uintptr_t)key) {
    cost->body = (uintptr_t)key;
    cost->uses = 0;
    cost->wary = 0;
    cost->piece = 0;
  }
  return cost;
}

/* A loop of `count` has measured `piece`. Where one body serves cheap and dear loops (it calls a closure) the dear ones decide,
 * for a dear one that is not split costs more than a cheap one that is measured. */
static void remember(pn_loop_cost *cost, int64_t count, int64_t piece) {
  bool is_dear = piece < count / DEAR_PIECES;
  if (is_dear && (cost->wary || piece < cost->piece / 4))
    cost->wary = WARY_LOOPS;
  else if (cost->wary)
    cost->wary--;
  if (!cost->wary || is_dear) cost->piece = piece;
}

void pn_for(PENNY_CONTEXT, int64_t begin, int64_t end, penny_range_fn body, void *context) {
  if (begin >= end) return;
  if (begin < 0 && end > INT64_MAX + begin) { /* a difference of ends has to be an int64_t */
    int64_t middle = begin / 2 + end / 2;
    pn_for(PENNY_HERE, begin, middle, body, context);
    pn_for(PENNY_HERE, middle, end, body, context);
    return;
  }
  if (end - begin == 1) {
    body(PENNY_HERE, begin, end, context);
    return;
  }
  pn_loop_cost *cost = cost_of(penny_w, body, end - begin);
  /* Relaxed: a poll seen late is seen by the next loop. */
  if (end - begin <= cost->piece && ++cost->uses % MEASURE_EVERY &&
      !(pn_load_relaxed(&penny_w->want) & ~(uint32_t)PN_WANT_STEAL)) {
    body(PENNY_HERE, begin, end, context);
    return;
  }
  for_loop loop = {body, context, cost->piece};
  PENNY_CALL(pn_for_range, begin, end, &loop);
  /* Relaxed: whoever stored it has been joined. */
  remember(cost, end - begin, pn_load_relaxed(&loop.piece));
}

/* ---- reduce ---- */

typedef struct fold {
  penny_fold_fn body;
  penny_combine_fn combine;
  void *context;
  const void *identity;
  size_t bytes;
  uint64_t leaf; /* elements of a leaf: a function of the range's length alone */
} fold;

PENNY_TASK(void, pn_reduce_range, (int64_t, begin), (int64_t, end), (void *, into),
           (const fold *, f)) {
  uint64_t leaves = ((uint64_t)end - (uint64_t)begin - 1) / f->leaf + 1;
  if (leaves <= 1) {
    f->body(PENNY_HERE, begin, end, into, f->context);
    return;
  }
  PN_ALIGN(64) unsigned char right[ELEMENT_MAX_BYTES];
  pn_copy(right, f->identity, f->bytes);
  int64_t middle = (int64_t)((uint64_t)begin + leaves / 2 * f->leaf);
  PENNY_SPAWN(pn_reduce_range, middle, end, right, f);
  PENNY_CALL(pn_reduce_range, begin, middle, into, f);
  PENNY_SYNC(pn_reduce_range);
  f->combine(into, right, f->context);
}

void pn_reduce(PENNY_CONTEXT, int64_t begin, int64_t end, void *result, size_t bytes,
               penny_fold_fn body, penny_combine_fn combine, void *context) {
  if (bytes > ELEMENT_MAX_BYTES)
    penny_fail(PENNY_EINVAL, "penny_reduce: a result has at most 256 bytes");
  if (begin >= end) return;
  PN_ALIGN(64) unsigned char identity[ELEMENT_MAX_BYTES];
  pn_copy(identity, result, bytes);
  uint64_t leaf = ((uint64_t)end - (uint64_t)begin - 1) / REDUCE_LEAVES + 1;
  fold f = {body, combine, context, identity, bytes, leaf};
  PENNY_CALL(pn_reduce_range, begin, end, result, &f);
}

/* ---- scan: sum the blocks, scan the sums, scan the blocks ---- */

typedef struct scan {
  unsigned char *base;
  unsigned char *sums; /* one for each block: its sum, then what comes before it */
  const void *identity;
  penny_combine_fn combine;
  void *context;
  size_t count, bytes, block;
  bool is_exclusive;
} scan;

static void sum_blocks(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  const scan *s = context;
  for (int64_t b = begin; b < end; b++) {
    unsigned char *sum = s->sums + (size_t)b * s->bytes;
    size_t first = (size_t)b * s->block;
    size_t last = s->count - first > s->block ? first + s->block : s->count;
    pn_copy(sum, s->identity, s->bytes);
    for (size_t i = first; i < last; i++) s->combine(sum, s->base + i * s->bytes, s->context);
  }
}

static void scan_blocks(PENNY_CONTEXT, int64_t begin, int64_t end, void *context) {
  const scan *s = context;
  PN_ALIGN(64) unsigned char sum[ELEMENT_MAX_BYTES];
  PN_ALIGN(64) unsigned char element[ELEMENT_MAX_BYTES];
  for (int64_t b = begin; b < end; b++) {
    size_t first = (size_t)b * s->block;
    size_t last = s->count - first > s->block ? first + s->block : s->count;
    pn_copy(sum, s->sums + (size_t)b * s->bytes, s->bytes);
    for (size_t i = first; i < last; i++) {
      unsigned char *at = s->base + i * s->bytes;
      if (s->is_exclusive) {
        pn_copy(element, at, s->bytes);
        pn_copy(at, sum, s->bytes);
        s->combine(sum, element, s->context);
      } else {
        s->combine(sum, at, s->context);
        pn_copy(at, sum, s->bytes);
      }
    }
  }
}

void pn_scan(PENNY_CONTEXT, void *base, size_t count, size_t bytes, const void *identity,
             penny_combine_fn combine, bool exclusive, void *context) {
  if (bytes == 0 || bytes > ELEMENT_MAX_BYTES)
    penny_fail(PENNY_EINVAL, "penny_scan: an element has 1 to 256 bytes");
  if (count == 0) return;
  if (count > SIZE_MAX / bytes) penny_fail(PENNY_EINVAL, "penny_scan: no memory has that size");
  size_t block = count / SCAN_BLOCKS + (count % SCAN_BLOCKS != 0);
  if (block < SCAN_BLOCK_MIN) block = SCAN_BLOCK_MIN;
  size_t blocks = count / block + (count % block != 0);
  scan s = {base, NULL, identity, combine, context, count, bytes, block, exclusive};
  s.sums = penny_scratch(blocks * bytes);
  if (!s.sums) penny_fail(PENNY_ENOMEM, "penny_scan: no room for the blocks' sums");
  pn_for(PENNY_HERE, 0, (int64_t)blocks, sum_blocks, &s);
  PN_ALIGN(64) unsigned char before[ELEMENT_MAX_BYTES];
  PN_ALIGN(64) unsigned char sum[ELEMENT_MAX_BYTES];
  pn_copy(before, identity, bytes);
  for (size_t b = 0; b < blocks; b++) {
    pn_copy(sum, s.sums + b * bytes, bytes);
    pn_copy(s.sums + b * bytes, before, bytes);
    combine(before, sum, context);
  }
  pn_for(PENNY_HERE, 0, (int64_t)blocks, scan_blocks, &s);
  penny_scratch_end(s.sums);
}
