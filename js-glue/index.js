// index.js: the page's side of penny-runtime. Importing it touches no global.
export { PennyError } from './errors.js';
export { createPool } from './pool.js';
export { isSupported } from './start.js';
