// vite.js: the Vite plugin (penny-runtime/vite): the two headers in dev and preview, workers as ES
// modules, and hot updates that reach the module that made the workers. It runs in Node; index.js
// knows nothing of it.
const WORKER = /\bnew\s+Worker\s*\(\s*new\s+URL\s*\(\s*(['"`])([^'"`]+)\1\s*,\s*import\.meta\.url/g;
const ENTRY = /[?&]worker_file\b/; // how Vite marks the module that a worker begins with

const fileOf = (id) => id.split('?')[0];

/** `credentialless`: other sites' files may be used that do not say who may embed them. */
export default function penny({ credentialless = false } = {}) {
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': credentialless ? 'credentialless' : 'require-corp',
  };
  // By the file that a worker begins with: the modules that make such workers.
  const makers = new Map();

  return {
    name: 'penny-runtime',
    enforce: 'pre',

    config: ({ server, preview, worker }) => ({
      // What the program's own configuration says stays.
      server: { headers: { ...isolation, ...server?.headers } },
      preview: { headers: { ...isolation, ...preview?.headers } },
      worker: { format: worker?.format ?? 'es' },
      // Bundling dependencies for dev would take the built-in worker away from beside its page.
      optimizeDeps: { exclude: ['penny-runtime', 'penny-runtime/worker'] },
    }),

    async transform(code, id) {
      for (const [, , address] of code.matchAll(WORKER)) {
        const worker = await this.resolve(address, id);
        if (!worker) continue;
        const file = fileOf(worker.id);
        makers.set(file, (makers.get(file) ?? new Set()).add(id));
      }
    },

    /**
     * Vite does not know who made a worker, so a change in one would reload the page. Told who, it
     * asks that module: one that accepts updates makes its pool anew.
     */
    hotUpdate() {
      const { moduleGraph } = this.environment;
      for (const [file, ids] of makers) {
        for (const entry of moduleGraph.getModulesByFile(file) ?? []) {
          if (!ENTRY.test(entry.url)) continue;
          for (const id of ids) {
            const maker = moduleGraph.getModuleById(id);
            if (maker) entry.importers.add(maker);
          }
        }
      }
    },
  };
}
