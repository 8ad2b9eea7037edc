/*
 * treesum.c: the sum of a binary tree, no cutoff: one spawn for each node with two children, and a
 * node's work is one addition. Nodes lie in the order of a depth-first walk, as an allocator that
 * hands out one after the other leaves them, and the tree is balanced. `repeats` sums it again and
 * again within one root, so that small trees can be timed.
 */
#include "../workloads.h"

static bench_tree *build(bench_tree *nodes, int32_t count, uint64_t *random, int64_t *sum) {
  if (count == 0) return NULL;
  int32_t left = (count - 1) / 2;
  nodes->value = (int32_t)(bench_random(random) & 1023);
  *sum += nodes->value;
  nodes->left = build(nodes + 1, left, random, sum);
  nodes->right = build(nodes + 1 + left, count - 1 - left, random, sum);
  return nodes;
}

PENNY_TASK(int64_t, bench_treesum_fill, (bench_tree *, nodes), (int32_t, count), (int32_t, seed)) {
  uint64_t random = (uint64_t)(uint32_t)seed;
  int64_t sum = 0;
  build(nodes, count, &random, &sum);
  return sum;
}
PENNY_EXPORT(bench_treesum_fill)

PENNY_TASK(int64_t, bench_treesum_node, (const bench_tree *, node)) {
  int64_t sum = node->value;
  /* The left part is never the larger one: no left child, at most one node on the right. */
  if (!node->left) return node->right ? sum + node->right->value : sum;
  PENNY_SPAWN(bench_treesum_node, node->right);
  sum += PENNY_CALL(bench_treesum_node, node->left);
  return sum + PENNY_SYNC(bench_treesum_node);
}

PENNY_TASK(int64_t, bench_treesum, (const bench_tree *, root), (int32_t, repeats)) {
  int64_t sum = 0;
  for (int32_t i = 0; i < repeats; i++) sum += PENNY_CALL(bench_treesum_node, root);
  return sum;
}
PENNY_EXPORT(bench_treesum)

int64_t bench_treesum_plain(const bench_tree *node) {
  int64_t sum = node->value;
  if (!node->left) return node->right ? sum + node->right->value : sum;
  sum += bench_treesum_plain(node->left);
  return sum + bench_treesum_plain(node->right);
}

PENNY_TASK(int64_t, bench_treesum_serial, (const bench_tree *, root), (int32_t, repeats)) {
  int64_t sum = 0;
  for (int32_t i = 0; i < repeats; i++) {
    sum += bench_treesum_plain(root);
    /* The compiler must not see that every turn gives the same. */
    __asm__ volatile("" : : : "memory");
  }
  return sum;
}
PENNY_EXPORT(bench_treesum_serial)
