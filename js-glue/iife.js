// iife.js: the entry of dist/penny.iife.js: both sides as the global Penny. The same file is the
// built-in worker.
import * as page from './index.js';
import { isWorker } from './script.js';
import * as worker from './worker.js';
import './single_worker.js';

globalThis.Penny = { ...worker, ...page };
if (isWorker) worker.serve();
