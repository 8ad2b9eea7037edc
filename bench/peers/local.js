// local.js: tasks of the hand-written workers that keep their data in the worker: serial twins whose input must not be copied.
import { random } from '../harness/measure.js';
import { burn } from '../harness/tasks.js';

/** The serial twin of skewed. */
export function burnAll(costs) {
  return costs.map((units) => burn(units));
}

let data = new Float64Array(0);
let target = data;

/** The input of sort: the same doubles for every variant. */
export function fillDoubles(array, seed) {
  const next = random(seed);
  for (let idx = 0; idx < array.length; idx++) array[idx] = (next() - 0.5) * 1e9;
  return array;
}

export function prepareSort(length, seed) {
  data = fillDoubles(new Float64Array(length), seed);
}

export function sortHere() {
  data.sort();
}

export function checkSort() {
  return hashSorted(data);
}

/** A sum that depends on every bit and place, or NaN when a neighbour is out of order. */
export function hashSorted(array) {
  let sum = 0;
  for (let idx = 0; idx < array.length; idx++) {
    if (idx > 0 && array[idx - 1] > array[idx]) return Number.NaN;
    sum = (sum * 31 + array[idx]) % 1e9;
  }
  return sum;
}

export function prepareArray(length) {
  data = Float64Array.from({ length }, (_, idx) => idx % 1000);
  target = new Float64Array(length);
}

export function sumHere() {
  let total = 0;
  for (let idx = 0; idx < data.length; idx++) total += data[idx];
  return total;
}

export function scaleHere() {
  for (let idx = 0; idx < data.length; idx++) target[idx] = data[idx] * 2 + 1;
  return target[data.length - 1];
}
