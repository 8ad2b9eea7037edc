// embed.js: puts the core module's bytes in the place of js-glue/core.js, for what is to be loaded by a program as it
// is: dist/ and the benchmarks.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.js';

const bytes = () => readFileSync(join(root, 'js-glue', 'core.wasm'));

// With a hash of the bytes, so that the file's name, which goes by its text, is another one when only they are; in
// characters that no name has (see withCore).
const place = () => {
  const hash = createHash('sha256').update(bytes()).digest().readUInt32LE();
  return `%CORE${hash.toString(2).replaceAll('0', '-').replaceAll('1', '+')}%`;
};

// Base64 text is bytes again in 0.1 ms, and in 4 by the loop, which is for engines before 2025. Deflated before it would
// weigh 5 kB less where a server gzips it, but a page needs 2 ms more then, or 9 without fromBase64.
const source = () => `export function core() {
  const text = '${place()}';
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}`;

/**
 * Puts the bytes into text that was bundled: there before it was minified, they would decide which letters names have,
 * which go by how often a text has them.
 */
export const withCore = (text) => text.replace(place(), () => bytes().toString('base64'));

/** A plugin of esbuild: core.js becomes the program above, without the bytes unless `isWhole`. */
export const embedCore = ({ isWhole = false } = {}) => ({
  name: 'embed-core',
  setup({ onLoad }) {
    const contents = isWhole ? withCore(source()) : source();
    onLoad({ filter: /[\\/]js-glue[\\/]core\.js$/ }, () => ({ contents }));
  },
});
