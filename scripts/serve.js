// A static server for localhost: the demo page, the tests' pages, and the cases that a test needs broken on purpose (no
// isolation, a content security policy, a 404). Alone: node scripts/serve.js [port] serves the repository.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.js';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
};

const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The file for a request path, or undefined: nothing outside the mounted folder, links included. */
async function findFile(mounts, path) {
  for (const [prefix, folder] of mounts) {
    if (!path.startsWith(prefix)) continue;
    const base = await realpath(folder).catch(() => undefined);
    if (!base) continue;
    const wanted = resolve(base, `.${sep}${path.slice(prefix.length)}`);
    let file = await realpath(wanted).catch(() => undefined);
    if (!file || (file !== base && !file.startsWith(base + sep))) continue;
    let info = await stat(file);
    if (info.isDirectory()) {
      file = join(file, 'index.html');
      info = await stat(file).catch(() => undefined);
    }
    if (info?.isFile()) return { file, bytes: info.size };
  }
  return undefined;
}

/**
 * Serves folders on 127.0.0.1 until close() is called.
 * @param {object} options
 * @param {Record<string, string>} [options.mounts] URL prefix (with slashes at both ends) to folder; default: / is the repository.
 *   The longest prefix that holds the file wins.
 * @param {number} [options.port] 0 takes a free one.
 * @param {boolean} [options.isolated] sends COOP and COEP (default true).
 * @param {string} [options.csp] Content-Security-Policy for every answer.
 * @param {Record<string, string>} [options.headers] more headers for every answer.
 * @param {Record<string, (request, response) => void | Promise<void>>} [options.routes] exact paths answered by code: a 404, a
 *   delay, a wrong type.
 * @returns {Promise<{port: number, url: string, requests: string[], close: () => Promise<void>}>} url ends with a slash; requests
 *   lists what was asked for.
 */
export async function serve(options = {}) {
  const { port = 0, isolated = true, csp, headers = {}, routes = {} } = options;
  const mounts = Object.entries(options.mounts ?? { '/': root }).sort(
    ([one], [other]) => other.length - one.length,
  );
  const requests = [];
  const common = {
    // A page that is isolated may load this from another port of localhost, too.
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(isolated ? isolationHeaders : {}),
    ...(csp ? { 'Content-Security-Policy': csp } : {}),
    ...headers,
  };

  const answer = async (request, response) => {
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    const fail = (status, text) => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`${status} ${text}\n`);
    };
    let path;
    try {
      // The URL parser resolves dot segments; encoded ones are caught by realpath in findFile.
      path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    } catch {
      return fail(400, 'bad address');
    }
    requests.push(path);
    if (Object.hasOwn(routes, path)) return routes[path](request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return fail(405, 'only GET and HEAD');
    if (path.includes('\0')) return fail(400, 'bad address');
    const found = await findFile(mounts, path);
    if (!found && path === '/favicon.ico') return response.writeHead(204).end();
    if (!found) return fail(404, 'not found');
    response.writeHead(200, {
      'Content-Type': types[extname(found.file).toLowerCase()] ?? 'application/octet-stream',
      'Content-Length': found.bytes,
    });
    if (request.method === 'HEAD') return response.end();
    createReadStream(found.file)
      .on('error', () => response.destroy())
      .pipe(response);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise((ready, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', ready);
  });
  const actual = server.address().port;
  return {
    port: actual,
    url: `http://localhost:${actual}/`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.argv[2] ?? 8080) });
  console.log(`serving the repository on ${url}`);
}
