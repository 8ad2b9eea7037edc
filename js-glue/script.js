// script.js: the host of dist/penny.iife.js (web.js): one file is the page's script and its workers.
import { PennyError } from './errors.js';
import { web as page } from './web.js';

export { support } from './web.js';

const MARK = '#penny';
// Both are known only while the script runs for the first time.
const script = globalThis.document?.currentScript;
const address = script?.src?.split('#')[0];

export const isWorker = !globalThis.document && globalThis.location?.hash === MARK;

let blob;
/** From the script's own address; where that is another site's, by a blob that loads it. */
function makeWorker(name) {
  if (!address)
    throw new PennyError('PENNY_ESTART', 'this is no <script src>: give the option worker');
  // Not that of `location`: about:srcdoc has none, and a sandbox has no right to it.
  if (new URL(address).origin === globalThis.origin) return new Worker(address + MARK, { name });
  // The way the page's tag has loaded it is the way that its server allows.
  const isModule = script.crossOrigin !== null;
  const text = JSON.stringify(address);
  const code = `${isModule ? `import${text}` : `importScripts(${text})`};Penny.serve()`;
  blob ??= URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  return new Worker(blob, { name, type: isModule ? 'module' : 'classic' });
}

/** The built-in worker has it; one of the program's own finds it beside this script. */
export const single = () => address && String(new URL('single_worker.js', address));

export const web = { ...page, makeWorker };
