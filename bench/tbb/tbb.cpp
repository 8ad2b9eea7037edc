// tbb.cpp: the peers in oneTBB, as its documentation writes them: parallel_invoke for two halves, task_group for any number of
// children, parallel_for with its own partitioner for loops. One file for all problems, because each is a few lines.
#include "../matmul/matmul.h"
#include "../nqueens/nqueens.h"
#include "../table.h"
#include "../uts/uts.h"

#include <memory>
#include <numeric>
#include <oneapi/tbb.h>
#include <vector>

namespace {

std::unique_ptr<tbb::global_control> limit;
std::unique_ptr<tbb::task_arena> arena;

int64_t fib(int32_t n) {
  if (n < 2) return n;
  int64_t a, b;
  tbb::parallel_invoke([&] { a = fib(n - 2); }, [&] { b = fib(n - 1); });
  return a + b;
}

int64_t sum_of(const bench_tree *node) {
  int64_t sum = node->value;
  if (!node->left) return node->right ? sum + node->right->value : sum;
  int64_t left, right;
  tbb::parallel_invoke([&] { left = sum_of(node->left); }, [&] { right = sum_of(node->right); });
  return sum + left + right;
}

int64_t place(int32_t size, int32_t row, uint64_t board) {
  if (size - row <= NQUEENS_SERIAL_ROWS) return nqueens_place(size, row, board);
  int64_t solutions[16] = {0};
  tbb::task_group group;
  for (int32_t column = 0; column < size; column++) {
    if (!nqueens_is_free(board, row, column)) continue;
    group.run([=, &solutions] {
      solutions[column] = place(size, row + 1, board | (uint64_t)column << (4 * row));
    });
  }
  group.wait();
  return std::accumulate(solutions, solutions + 16, (int64_t)0);
}

int64_t count(const uts_visit *v) {
  int32_t children = uts_children(v);
  if (children == 0) return 1;
  std::vector<int64_t> nodes((size_t)children);
  tbb::task_group group;
  for (int32_t i = 0; i < children; i++) {
    group.run([=, &nodes] {
      uts_visit child;
      uts_visit_child(&child, v, i);
      nodes[(size_t)i] = count(&child);
    });
  }
  group.wait();
  return std::accumulate(nodes.begin(), nodes.end(), (int64_t)1);
}

void multiply(double *c, const double *a, const double *b, int32_t n, int how) {
  if (n == MATRIX_TILE) {
    matrix_multiply(c, a, b, n, how);
    return;
  }
  for (int k = 0; k < 2; k++) {
    auto quadrant = [=](int q) {
      multiply(matrix_quadrant(c, n, q), matrix_quadrant(a, n, (q & 2) + k),
               matrix_quadrant(b, n, 2 * k + (q & 1)), n / 2, how ? how : k);
    };
    tbb::parallel_invoke([=] { quadrant(0); }, [=] { quadrant(1); }, [=] { quadrant(2); },
                         [=] { quadrant(3); });
  }
}

} // namespace

int bench_tbb_open(int workers) {
  limit.reset(new tbb::global_control(tbb::global_control::max_allowed_parallelism, (size_t)workers));
  arena.reset(new tbb::task_arena(workers));
  arena->initialize();
  return 0;
}

void bench_tbb_close(void) {
  arena.reset();
  limit.reset();
}

int64_t bench_fib_tbb(int32_t n) {
  return arena->execute([=] { return fib(n); });
}

int64_t bench_nqueens_tbb(int32_t size) {
  return arena->execute([=] { return place(size, 0, 0); });
}

int64_t bench_treesum_tbb(const bench_tree *root, int32_t repeats) {
  return arena->execute([=] {
    int64_t sum = 0;
    for (int32_t i = 0; i < repeats; i++) sum += sum_of(root);
    return sum;
  });
}

int64_t bench_uts_tbb(int32_t number) {
  return arena->execute([=] {
    const uts_tree t = uts_tree_of(number);
    uts_visit root;
    uts_visit_root(&root, &t);
    return count(&root);
  });
}

int64_t bench_matmul_tbb(double *c, const double *a, const double *b, int32_t n) {
  arena->execute([=] { multiply(c, a, b, n, MATRIX_SET); });
  return 0;
}

int64_t bench_loop_tbb(uint32_t *out, int32_t count, int32_t kind, int32_t repeats) {
  const bench_loop_part loop = {out, count, kind};
  arena->execute([&] {
    for (int32_t i = 0; i < repeats; i++)
      tbb::parallel_for(tbb::blocked_range<int64_t>(0, count), [&](const auto &range) {
        bench_loop_run(&loop, range.begin(), range.end());
      });
  });
  return 0;
}
