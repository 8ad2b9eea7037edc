// unshare.js: a module that was built for a shared memory, made one for an unshared memory: its bytes differ
// in one bit. Page only; for single.js.
import { PennyError } from './errors.js';
import { moduleError } from './refusal.js';

const NO_THREADS = 'no Penny module, or one without threads (penny_add_module builds one)';

/** The bytes of the option `wasm`, or of the core. */
async function bytesOf({ wasm, host }) {
  wasm ??= await (await import('./core.js')).core();
  if (wasm instanceof WebAssembly.Module) {
    const text = 'without isolation a compiled module is of no use: give its address or its bytes';
    throw new PennyError('PENNY_EMODULE', text);
  }
  const isAddress = typeof wasm === 'string' || wasm instanceof URL;
  try {
    const response = isAddress ? await host.load(new URL(wasm, host.base())) : new Response(wasm);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw moduleError(`${isAddress ? wasm : 'the wasm bytes'} could not be loaded`, cause);
  }
}

/**
 * Makes the memory that a module imports an unshared one, in its bytes: gives its least number of pages.
 * Sections: WebAssembly Core Specification, 5.5; an import is two names and what it is.
 */
export function unshare(bytes) {
  let at = 8; // after the magic number and the version
  const number = () => {
    let value = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return bytes.length;
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const end = number() + at;
    if (id !== 2) {
      at = end;
      continue;
    }
    for (let count = number(); count > 0 && at < end; count--) {
      for (let names = 2; names > 0; names--) {
        const length = number();
        at += length;
      }
      const kind = bytes[at++];
      if (kind === 0) number();
      else if (kind === 2) {
        if (!(bytes[at] & 2)) throw new Error('its memory is not shared');
        bytes[at++] &= ~2;
        return number();
      } else {
        // A table: its type, flags and limits; a global: its type and whether it changes; a tag.
        at++;
        const flags = bytes[at];
        number();
        if (kind !== 1) continue;
        number();
        if (flags & 1) number();
      }
    }
  }
  throw new Error('it imports no memory');
}

/** The module, and the least number of pages that its memory has. */
export async function compile(options) {
  const bytes = await bytesOf(options);
  let least;
  let failure;
  try {
    least = unshare(bytes);
  } catch (error) {
    failure = error;
  }
  let module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (cause) {
    throw moduleError('the wasm bytes could not be loaded', cause);
  }
  if (failure) throw moduleError(NO_THREADS, failure);
  return { module, least };
}
