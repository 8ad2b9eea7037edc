import { spawn } from 'penny-runtime/worker';

/** After how many steps z * z + c is farther than 2 from 0; `limit` when it stays. */
function steps(cx, cy, limit) {
  let x = 0;
  let y = 0;
  let count = 1;
  for (; count < limit && x * x + y * y <= 4; count++)
    [x, y] = [x * x - y * y + cx, 2 * x * y + cy];
  return count;
}

/**
 * Draws a square into `counts`, a square of `pixels` * `pixels` in shared memory where 0 is not done
 * yet. When all of its border is alike, so is what is inside; else its four quarters are drawn, each
 * by whoever has time. (Mariani and Silver.)
 */
export function draw(counts, view, left, top, size) {
  const { pixels, scale, limit } = view;
  const point = (x, y) => {
    const idx = y * pixels + x;
    counts[idx] ||= steps(view.left + x * scale, view.top + y * scale, limit);
    return counts[idx];
  };
  const [right, bottom] = [left + size - 1, top + size - 1];
  const first = point(left, top);
  let isAlike = true;
  for (let step = 0; step < size; step++)
    for (const count of [
      point(left + step, top),
      point(left + step, bottom),
      point(left, top + step),
      point(right, top + step),
    ])
      isAlike &&= count === first;
  if (isAlike) {
    for (let y = top; y <= bottom; y++)
      counts.fill(first, y * pixels + left, y * pixels + right + 1);
    return;
  }
  const half = size / 2;
  if (half < 2) return; // all of it is border
  const handles = [
    spawn(draw, counts, view, left, top, half),
    spawn(draw, counts, view, left + half, top, half),
    spawn(draw, counts, view, left, top + half, half),
  ];
  draw(counts, view, left + half, top + half, half);
  while (handles.length) handles.pop().join();
}
