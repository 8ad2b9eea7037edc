/*
 * uts.c: Unbalanced Tree Search (Olivier et al., LCPC 2006, DOI 10.1007/978-3-540-72521-3_18):
 * counts the nodes of a tree that exists only as hash values, so that its shape cannot be known
 * before. A node is a SHA-1 value; child i's is the hash of its parent's and i. The published node
 * counts come out exactly.
 *
 *   T1: geometric, fixed branching factor 4 down to depth 10, seed 19: 4,130,071 nodes
 *   T2: geometric, branching factor 6 ^ sin(2 pi depth / 16), seed 502: 4,117,769 nodes, depth 81
 *   T3: binomial, root 2000, 8 children with probability 0.124875, seed 42: 4,112,897 nodes
 *   T3L: binomial, root 2000, 5 children with probability 0.200014, seed 7: 111,345,631 nodes,
 *        depth 17,844
 */
#include "uts.h"

#include "../workloads.h"

uts_tree uts_tree_of(int32_t number) {
  switch (number) {
  case 1: return (uts_tree){.depth = 10, .root = 4, .seed = 19};
  case 2: return (uts_tree){.shape = UTS_CYCLIC, .depth = 16, .root = 6, .seed = 502};
  case 3:
    return (uts_tree){
        .shape = UTS_BINOMIAL, .root = 2000, .children = 8, .probability = 0.124875, .seed = 42};
  case 33:
    return (uts_tree){
        .shape = UTS_BINOMIAL, .root = 2000, .children = 5, .probability = 0.200014, .seed = 7};
  case 12: return (uts_tree){.shape = UTS_CYCLIC, .depth = 8, .root = 6, .seed = 502};
  case 13:
    return (uts_tree){
        .shape = UTS_BINOMIAL, .root = 100, .children = 8, .probability = 0.12, .seed = 42};
  default: return (uts_tree){.depth = 6, .root = 4, .seed = 19};
  }
}

static inline uint32_t rotate(uint32_t x, int bits) {
  return x << bits | x >> (32 - bits);
}

/* SHA-1 (FIPS 180-4) of a message of one block: the node `in`, then, unless it is for a root, the
 * number of a child. */
__attribute__((noinline)) void uts_hash(uts_node *out, const uts_node *in, int32_t child) {
  uint32_t w[16] = {in->word[0], in->word[1], in->word[2], in->word[3], in->word[4]};
  if (child >= 0) {
    w[5] = (uint32_t)child;
    w[6] = 0x80000000u;
    w[15] = 192;
  } else {
    w[5] = 0x80000000u;
    w[15] = 160;
  }
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
  out->word[0] = a + 0x67452301u;
  out->word[1] = b + 0xEFCDAB89u;
  out->word[2] = c + 0x98BADCFEu;
  out->word[3] = d + 0x10325476u;
  out->word[4] = e + 0xC3D2E1F0u;
}

void uts_visit_root(uts_visit *v, const uts_tree *t) {
  const uts_node seed = {{0, 0, 0, 0, t->seed}};
  *v = (uts_visit){.tree = t};
  uts_hash(&v->node, &seed, -1);
}

static int64_t count(const uts_visit *v);

static int64_t count_child(const uts_visit *parent, int32_t index) {
  uts_visit v;
  uts_visit_child(&v, parent, index);
  return count(&v);
}

static int64_t count(const uts_visit *v) {
  int32_t children = uts_children(v);
  int64_t nodes = 1;
  for (int32_t i = 0; i < children; i++) nodes += count_child(v, i);
  return nodes;
}

/* Inlined into both callers, as the twin's is: a call more for each node would cost 3 %. */
static inline __attribute__((always_inline)) int64_t spawn_children(PENNY_CONTEXT,
                                                                    const uts_visit *v);

PENNY_TASK(int64_t, bench_uts_child, (const void *, parent_visit), (int32_t, index)) {
  const uts_visit *parent = parent_visit;
  uts_visit v;
  uts_visit_child(&v, parent, index);
  return spawn_children(PENNY_HERE, &v);
}

static int64_t spawn_children(PENNY_CONTEXT, const uts_visit *v) {
  int32_t children = uts_children(v);
  if (children == 0) return 1;
  for (int32_t i = children - 1; i > 0; i--) PENNY_SPAWN(bench_uts_child, v, i);
  int64_t nodes = 1 + PENNY_CALL(bench_uts_child, v, 0);
  for (int32_t i = 1; i < children; i++) nodes += PENNY_SYNC(bench_uts_child);
  return nodes;
}

PENNY_TASK(int64_t, bench_uts, (int32_t, number)) {
  const uts_tree t = uts_tree_of(number);
  uts_visit root;
  uts_visit_root(&root, &t);
  return spawn_children(PENNY_HERE, &root);
}
PENNY_EXPORT(bench_uts)

PENNY_TASK(int64_t, bench_uts_serial, (int32_t, number)) {
  const uts_tree t = uts_tree_of(number);
  uts_visit root;
  uts_visit_root(&root, &t);
  return count(&root);
}
PENNY_EXPORT(bench_uts_serial)
