// tasks.js: the tasks of the JavaScript benchmarks, the same functions for every pool. None uses anything outside of itself:
// one of the peers sends them as source text.

export function tiny(value) {
  return value + 1;
}

export function same(value) {
  return value;
}

/** Keeps the processor busy, about a microsecond a unit; what it gives depends on every step. */
export function burn(units) {
  let state = units | 0;
  for (let idx = units * 600; idx > 0; idx--) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

export function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

export function add(one, other) {
  return one + other;
}

/** One piece of a map by hand. */
export function tinyChunk(items) {
  return items.map((value) => value + 1);
}

export function sumRange(begin, end, array) {
  let total = 0;
  for (let idx = begin; idx < end; idx++) total += array[idx];
  return total;
}

export function scaleRange(begin, end, array, target) {
  for (let idx = begin; idx < end; idx++) target[idx] = array[idx] * 2 + 1;
}

export function sumChunk(array) {
  let total = 0;
  for (let idx = 0; idx < array.length; idx++) total += array[idx];
  return total;
}

export function scaleChunk(array) {
  for (let idx = 0; idx < array.length; idx++) array[idx] = array[idx] * 2 + 1;
  return array;
}
