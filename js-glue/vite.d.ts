// vite.d.ts: the Vite plugin of penny-runtime.
export interface PennyViteOptions {
  /**
   * Sends `Cross-Origin-Embedder-Policy: credentialless`, so that files of other sites may be used
   * that do not allow it by a header of their own; they are then loaded without cookies. Safari has
   * no such policy. Default: false (`require-corp`).
   */
  credentialless?: boolean;
}

/**
 * Sends the two isolation headers from the dev and the preview server (your hosting has to send
 * them, too), builds workers as ES modules, keeps the package out of dependency prebundling, and
 * lets a change in a worker's modules update the module that made it. Headers and options of your
 * own configuration win.
 *
 *   // vite.config.js
 *   export default { plugins: [penny()] };
 *   // where the pool is made
 *   if (import.meta.hot) {
 *     import.meta.hot.accept();
 *     import.meta.hot.dispose(() => pool.dispose());
 *   }
 */
export default function penny(options?: PennyViteOptions): { name: string };
