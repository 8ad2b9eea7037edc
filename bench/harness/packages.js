// packages.js: a peer's package: from its bundle in a page, from e2e/node_modules in Node.
export const isNode = !globalThis.WorkerGlobalScope && !globalThis.document;

export async function packageOf(name, load) {
  if (!isNode) return (await load()).default;
  const { createRequire } = await import('node:module');
  return createRequire(new URL('../../e2e/', import.meta.url))(name);
}
