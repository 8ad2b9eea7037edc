// index.js: the page's side of penny-runtime. Importing it touches no global.
import { support, web } from './web.js';

export { PennyError } from './errors.js';
export { createPool } from './pool.js';
export const isSupported = () => support(web);
