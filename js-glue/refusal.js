// refusal.js: where a pool cannot be started, or not as elsewhere; loaded when that shows. Page only.
import { errorFor, PennyError } from './errors.js';

const ISOLATION =
  'the page is not cross-origin isolated: serve it with "Cross-Origin-Opener-Policy: ' +
  'same-origin" and "Cross-Origin-Embedder-Policy: require-corp", or add dist/coi.js where it cannot be';
const FILE = 'a page from a file cannot be cross-origin isolated: serve it over http';

/** single.js, where the pool is to do without shared memory, and can. */
export async function single(missing, fallback) {
  if (missing.includes('WebAssembly') || missing.includes('Worker'))
    throw new PennyError('PENNY_EPLATFORM', `this platform has no ${missing.join(', ')}`);
  if (fallback) return import('./single.js');
  const isFile = globalThis.location?.protocol === 'file:';
  throw new PennyError('PENNY_ENOISOLATION', isFile ? FILE : ISOLATION);
}

export function moduleError(text, cause) {
  const error = errorFor('EMODULE', text, cause);
  if (/security policy|unsafe-eval|csp/i.test(error.message))
    error.message += " (the page's Content-Security-Policy needs 'wasm-unsafe-eval' in script-src)";
  return error;
}
