/*
 * uts.h: the trees of uts.c, shared by all variants: a node is visited, its children are counted,
 * and a child is made from its parent's hash.
 */
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include <math.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { UTS_MAX_CHILDREN = 100 };

typedef struct uts_node {
  uint32_t word[5];
} uts_node;

typedef enum uts_shape { UTS_FIXED, UTS_CYCLIC, UTS_BINOMIAL } uts_shape;

typedef struct uts_tree {
  uts_shape shape;
  int32_t depth;      /* fixed: nodes at this depth are leaves; cyclic: the period */
  int32_t root;       /* children of the root (binomial) or branching factor (geometric) */
  int32_t children;   /* binomial: children of an inner node */
  double probability; /* binomial: that a node is an inner one */
  uint32_t seed;
} uts_tree;

/* A node in the visit, with what its children need to know; they read it in its frame. */
typedef struct uts_visit {
  const uts_tree *tree;
  uts_node node;
  int32_t depth;
} uts_visit;

uts_tree uts_tree_of(int32_t number);
void uts_visit_root(uts_visit *v, const uts_tree *t);
/* SHA-1 of the node, and of the child's number unless that is negative. */
void uts_hash(uts_node *out, const uts_node *in, int32_t child);

#ifdef __cplusplus
}
#endif

static inline void uts_visit_child(uts_visit *v, const uts_visit *parent, int32_t index) {
  v->tree = parent->tree;
  v->depth = parent->depth + 1;
  uts_hash(&v->node, &parent->node, index);
}

static inline int32_t uts_children(const uts_visit *v) {
  const uts_tree *t = v->tree;
  double u = (double)(v->node.word[4] & 0x7FFFFFFFu) / 2147483648.0;
  if (t->shape == UTS_BINOMIAL) {
    if (v->depth == 0) return t->root;
    return u < t->probability ? t->children : 0;
  }
  double mean = t->root;
  if (t->shape == UTS_FIXED) {
    if (v->depth >= t->depth) return 0;
  } else {
    if (v->depth > 5 * t->depth) return 0;
    if (v->depth > 0) mean = pow(mean, sin(2 * 3.141592653589793 * v->depth / t->depth));
  }
  /* The number of children has a geometric distribution. */
  int32_t children = (int32_t)floor(log(1 - u) / log(1 - 1 / (1 + mean)));
  return children > UTS_MAX_CHILDREN ? UTS_MAX_CHILDREN : children;
}

#endif
