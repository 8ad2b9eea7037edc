// node.js: index.js for Node, Deno and Bun.
import { createPool as create } from './pool.js';
import { threads } from './threads.js';
import { support } from './web.js';

export { PennyError } from './errors.js';
export const createPool = (options) => create(options, threads);
export const isSupported = () => support(threads);
