// vite.d.ts: the Vite plugin of penny-runtime.

/** Options of the plugin; all may be left out. */
export interface PennyViteOptions {
  /**
   * Sends `Cross-Origin-Embedder-Policy: credentialless`, so that files of other sites may be used
   * that do not allow it by a header of their own; they are then loaded without cookies. Safari has
   * no such policy. Default: false (`require-corp`).
   */
  credentialless?: boolean | undefined;
}

/**
 * Sends the two isolation headers from the dev and the preview server (your hosting has to send
 * them, too), builds workers as ES modules, keeps the package out of dependency prebundling, and
 * lets a change in a worker's modules update the module that made it. Headers and options of your
 * own configuration win.
 * @returns a plugin; tested with Vite 8.
 * @example export default { plugins: [penny()] };
 */
export default function penny(options?: PennyViteOptions): { name: string };
