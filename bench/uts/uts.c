/*
 * uts.c: Unbalanced Tree Search (Olivier et al., LCPC 2006, DOI 10.1007/978-3-540-72521-3_18):
 * counts the nodes of a tree that exists only as hash values, so that its shape cannot be known
 * before. A node is a SHA-1 value; child i's is the hash of its parent's and i. The published node
 * counts come out exactly.
 *
 *   T1: geometric, fixed branching factor 4 down to depth 10, seed 19: 4,130,071 nodes
 *   T3: binomial, root 2000, 8 children with probability 0.124875, seed 42: 4,112,897 nodes
 */
#include "../workloads.h"

#include <math.h>

enum { MAX_CHILDREN = 100 };

/* 160 bits, passed by value in three words so that a node lives in a task's arguments: words
 * 0-1, 2-3, 4 of the hash. */
typedef struct node {
  uint64_t a, b;
  uint32_t c;
} node;

typedef struct tree {
  int32_t is_binomial;
  int32_t depth;      /* geometric: nodes at this depth are leaves */
  int32_t root;       /* children of the root (binomial) or branching factor (geometric) */
  int32_t children;   /* binomial: children of an inner node */
  double probability; /* binomial: that a node is an inner one */
  uint32_t seed;
} tree;

static tree tree_of(int32_t number) {
  switch (number) {
  case 1: return (tree){.depth = 10, .root = 4, .seed = 19};
  case 3:
    return (tree){
        .is_binomial = 1, .root = 2000, .children = 8, .probability = 0.124875, .seed = 42};
  case 13:
    return (tree){.is_binomial = 1, .root = 100, .children = 8, .probability = 0.12, .seed = 42};
  default: return (tree){.depth = 6, .root = 4, .seed = 19};
  }
}

static inline uint32_t rotate(uint32_t x, int bits) {
  return x << bits | x >> (32 - bits);
}

/* SHA-1 (FIPS 180-4) of a message of six or five 32-bit words, the only lengths that occur: one
 * block. */
static __attribute__((noinline)) node sha1(node in, uint32_t last, int words) {
  uint32_t w[16] = {(uint32_t)(in.a >> 32), (uint32_t)in.a, (uint32_t)(in.b >> 32), (uint32_t)in.b,
                    in.c};
  if (words == 6) {
    w[5] = last;
    w[6] = 0x80000000u;
  } else {
    w[5] = 0x80000000u;
  }
  w[15] = (uint32_t)words * 32;
  uint32_t a = 0x67452301u, b = 0xEFCDAB89u, c = 0x98BADCFEu, d = 0x10325476u, e = 0xC3D2E1F0u;
#define NEXT(t) \
  (w[(t)&15] = rotate(w[((t) + 13) & 15] ^ w[((t) + 8) & 15] ^ w[((t) + 2) & 15] ^ w[(t)&15], 1))
#define ROUND(mix, constant, word)                                  \
  do {                                                              \
    uint32_t next = rotate(a, 5) + (mix) + e + (constant) + (word); \
    e = d;                                                          \
    d = c;                                                          \
    c = rotate(b, 30);                                              \
    b = a;                                                          \
    a = next;                                                       \
  } while (0)
#pragma GCC unroll 16
  for (int t = 0; t < 16; t++) ROUND(d ^ (b & (c ^ d)), 0x5A827999u, w[t]);
#pragma GCC unroll 20
  for (int t = 16; t < 20; t++) ROUND(d ^ (b & (c ^ d)), 0x5A827999u, NEXT(t));
#pragma GCC unroll 20
  for (int t = 20; t < 40; t++) ROUND(b ^ c ^ d, 0x6ED9EBA1u, NEXT(t));
#pragma GCC unroll 20
  for (int t = 40; t < 60; t++) ROUND((b & c) | (d & (b | c)), 0x8F1BBCDCu, NEXT(t));
#pragma GCC unroll 20
  for (int t = 60; t < 80; t++) ROUND(b ^ c ^ d, 0xCA62C1D6u, NEXT(t));
  a += 0x67452301u;
  b += 0xEFCDAB89u;
  c += 0x98BADCFEu;
  d += 0x10325476u;
  e += 0xC3D2E1F0u;
  return (node){(uint64_t)a << 32 | b, (uint64_t)c << 32 | d, e};
}

static node root_of(tree t) {
  return sha1((node){0, 0, t.seed}, 0, 5);
}

static int32_t children_of(const tree *t, node n, int32_t depth) {
  double u = (double)(n.c & 0x7FFFFFFFu) / 2147483648.0;
  if (t->is_binomial) {
    if (depth == 0) return t->root;
    return u < t->probability ? t->children : 0;
  }
  double factor = depth < t->depth ? t->root : 0;
  if (factor == 0) return 0;
  /* The number of children has a geometric distribution with mean `factor`. */
  int32_t children = (int32_t)floor(log(1 - u) / log(1 - 1 / (1 + factor)));
  return children > MAX_CHILDREN ? MAX_CHILDREN : children;
}

static int64_t count(const tree *t, node n, int32_t depth) {
  int32_t children = children_of(t, n, depth);
  int64_t nodes = 1;
  for (int32_t i = 0; i < children; i++) nodes += count(t, sha1(n, (uint32_t)i, 6), depth + 1);
  return nodes;
}

/* Visits child `index` of the node (a, b, c), or that node itself for index -1. */
PENNY_TASK(int64_t, bench_uts_visit, (const void *, tree_of_it), (uint64_t, a), (uint64_t, b),
           (uint32_t, c), (int32_t, index), (int32_t, depth)) {
  const tree *t = tree_of_it;
  node n = {a, b, c};
  if (index >= 0) n = sha1(n, (uint32_t)index, 6);
  int32_t children = children_of(t, n, depth);
  if (children == 0) return 1;
  for (int32_t i = children - 1; i > 0; i--)
    PENNY_SPAWN(bench_uts_visit, t, n.a, n.b, n.c, i, depth + 1);
  int64_t nodes = 1 + PENNY_CALL(bench_uts_visit, t, n.a, n.b, n.c, 0, depth + 1);
  for (int32_t i = 1; i < children; i++) nodes += PENNY_SYNC(bench_uts_visit);
  return nodes;
}

PENNY_TASK(int64_t, bench_uts, (int32_t, number)) {
  const tree t = tree_of(number);
  node n = root_of(t);
  return PENNY_CALL(bench_uts_visit, &t, n.a, n.b, n.c, -1, 0);
}
PENNY_EXPORT(bench_uts)

PENNY_TASK(int64_t, bench_uts_serial, (int32_t, number)) {
  const tree t = tree_of(number);
  return count(&t, root_of(t), 0);
}
PENNY_EXPORT(bench_uts_serial)
