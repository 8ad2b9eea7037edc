// patch.js: how the page and a worker without shared memory keep two copies of an array alike: each
// remembers what the other has, sends the bytes that differ from it, and writes those that the other
// sent; bytes that neither has changed stay untouched, so both may write, each its own ones. Used by
// single.js and single_worker.js.

// By the four bits of a word's bytes: the bits of the word.
const BYTES = [0xff, 0xff00, 0xff0000, 0xff000000];
const KEPT = Int32Array.from({ length: 16 }, (_, bits) =>
  BYTES.reduce((all, byte, idx) => ((bits >> idx) & 1 ? all | byte : all), 0),
);

/** A copy of `bytes` as words, the last one filled up with zeros. */
export function wordsOf(bytes) {
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/**
 * What is in `bytes` now and differs from the words `then`, which become the same: { now, mask }, with a
 * bit for each byte in the mask; or undefined.
 */
export function difference(bytes, then) {
  const now = wordsOf(bytes);
  let mask;
  for (let idx = 0; idx < now.length; idx++) {
    const change = now[idx] ^ then[idx];
    if (change === 0) continue;
    mask ??= new Uint8Array((now.length + 1) >> 1);
    let bits = 0;
    for (let byte = 0; byte < 4; byte++) if (change & BYTES[byte]) bits |= 1 << byte;
    mask[idx >> 1] |= bits << (4 * (idx & 1));
  }
  if (!mask) return undefined;
  then.set(now);
  return { now, mask };
}

/** Writes such a difference into `bytes`, which begin at a multiple of four, and into `then`. */
export function patch(bytes, { now, mask }, then) {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let idx = 0; idx < now.length; idx++) {
    const bits = (mask[idx >> 1] >> (4 * (idx & 1))) & 15;
    if (bits === 0) continue;
    const kept = KEPT[bits];
    then[idx] = (then[idx] & ~kept) | (now[idx] & kept);
    if (idx < words.length) words[idx] = (words[idx] & ~kept) | (now[idx] & kept);
  }
  const last = new Uint8Array(now.buffer);
  for (let at = 4 * words.length; at < bytes.length; at++)
    if ((mask[at >> 3] >> (at & 7)) & 1) bytes[at] = last[at];
}
