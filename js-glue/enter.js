// enter.js: instantiates a Penny module on a shared memory, with what C asks of JavaScript
// (src/port_web.c, pn_js_*). Used by the page, by every worker and by the programs of the test
// suite. Thrown through wasm frames: the failure is already recorded; the C stack ends; the runtime
// is broken.
// pn_root_fault's numbers (PENNY_ERROR_MAP).
const ESTACK = -2;
const ETRAP = -3;
const EFAIL = -9;

// The lowest part of a worker's C stack, kept for what follows a throw.
const reserveBytes = 4096;

const thrown = { name: 'PennyThrown' };
const overflow = { name: 'PennyOverflow' };
class Fatal extends Error {}

/** Of JavaScript's stack or of C's. */
export const isStackOverflow = (error) =>
  error === overflow ||
  (error instanceof (globalThis.InternalError ?? RangeError) &&
    /call stack|too much recursion/i.test(error.message));

/**
 * Gives the exports, to the view too. `hooks` may have run(root), ring(), print(text, isError) and
 * enter(argument), which is told of each root and stolen task that begins;
 * `stack` is { top, bottom } of this thread's own C stack, none for the page, which has the one of
 * the link.
 */
export function instantiate(module, view, hooks = {}, stack) {
  let exports;
  // Read once: in WebKit it differs from read to read, and time would run backwards.
  const { timeOrigin } = performance;
  let setStackBottom;

  // Near the end of the stack this may itself be thrown out, before it has changed anything: the
  // next outer trampoline then answers (port.h: pn_port_enter).
  const record = (error) => {
    const isOverflow = isStackOverflow(error);
    const number = isOverflow ? ESTACK : error instanceof WebAssembly.RuntimeError ? ETRAP : EFAIL;
    const text = error === overflow ? 'the C stack overflowed' : String(error?.message ?? error);
    const bytes = new TextEncoder().encode(text.slice(0, 1000));
    const at = view.place(bytes);
    exports.pn_web_fault(number, at, at ? bytes.length : 0);
  };

  const env = {
    memory: view.memory,
    pn_js_enter(body, worker, head, argument, level) {
      hooks.enter?.(argument >>> 0);
      const pointer = exports.__stack_pointer.value;
      try {
        exports.pn_web_body(body, worker, head, argument);
        return 0;
      } catch (error) {
        if (error instanceof Fatal) throw error;
        // Children that were stolen still use the C frames that the throw left: what runs until
        // they have ended runs below those, where an overflow has left nothing but the reserve.
        setStackBottom(0);
        try {
          if (error !== thrown) record(error);
          exports.pn_web_abandon(worker, level);
        } finally {
          exports.__stack_pointer.value = pointer;
          setStackBottom(reserveBytes);
        }
        return 1;
      }
    },
    pn_js_throw() {
      throw thrown;
    },
    pn_js_fatal(at, bytes) {
      throw new Fatal(view.text(at, bytes));
    },
    pn_port_stack_overflow() {
      throw overflow;
    },
    // As it is: V8 calls such a function of the platform from wasm without JavaScript in between, in half the time.
    pn_js_now: performance.now.bind(performance),
    pn_js_origin: () => timeOrigin,
    pn_js_ring: () => hooks.ring?.(),
    pn_js_run: (root, head) => (hooks.run ? hooks.run(root >>> 0, head >>> 0) : 0),
    pn_js_run_task: (head, record) => hooks.runStolen(head >>> 0, record >>> 0),
    pn_port_print(at, bytes, isError) {
      const text = view.text(at, bytes);
      if (hooks.print) hooks.print(text, isError);
      else console[isError ? 'error' : 'log'](text.replace(/\n$/, ''));
    },
    ...hooks.imports,
  };
  // In JavaScriptCore (2.50) threads that share a module share the compiling of its SIMD functions, too: when the first one gets
  // its core back after another has called such a function often, the process crashes (one page of five on a busy machine).
  const own = module.byteLength ? new WebAssembly.Module(module) : module;
  exports = view.exports = new WebAssembly.Instance(own, { env }).exports;
  if (stack) exports.__stack_pointer.value = stack.top;
  const stackTop = exports.__stack_pointer.value;
  setStackBottom = (reserved) =>
    exports.__set_stack_limits(stackTop, stack ? stack.bottom + reserved : 0);
  setStackBottom(reserveBytes);
  return exports;
}
