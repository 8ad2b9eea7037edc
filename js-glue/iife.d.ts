// iife.d.ts: what dist/penny.iife.js makes of a page: the global Penny, with both sides in it.
import type * as page from './index.js';
import type * as worker from './worker.js';

declare global {
  /** All that `penny-runtime` and `penny-runtime/worker` export. */
  const Penny: typeof page & typeof worker;
}
