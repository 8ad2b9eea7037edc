// Checks the lines of C that a model stands for. A quote is one comment line of the model:
//   // C: src/file.c: exact code
// The code must occur in that file; white space does not count, everything else does.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const squeeze = (text) => text.replace(/\s+/g, '');

/** How many quotes the model text has, and a sentence for each one that is wrong. */
export function checkQuotes(model, root) {
  const problems = [];
  const quotes = [...model.matchAll(/^\s*\/\/ C: (\S+): (.+)$/gm)];
  const marks = model.match(/\/\/\s*C\b/g)?.length ?? 0;
  if (quotes.length === 0) problems.push('the model quotes no C');
  if (marks !== quotes.length) problems.push(`${marks - quotes.length} quotes are not well formed`);
  const files = new Map();
  for (const [, path, code] of quotes) {
    const full = join(root, path);
    if (!files.has(path)) {
      files.set(path, existsSync(full) ? squeeze(readFileSync(full, 'utf8')) : '');
    }
    if (!files.get(path).includes(squeeze(code))) problems.push(`not in ${path}: ${code}`);
  }
  return { count: quotes.length, problems };
}
