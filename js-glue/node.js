// node.js: index.js for Node, Deno and Bun.
import { createPool as create } from './pool.js';
import { support } from './start.js';
import * as threads from './threads.js';

export { PennyError } from './errors.js';
export const createPool = (options) => create(options, threads);
export const isSupported = () => support(threads);
