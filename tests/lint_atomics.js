// lint_atomics.js: every use of an atomic helper (pn_load_, pn_store_, pn_add_, pn_cas_, ...) or of __atomic in src/ has its
// argument in a comment on its line or within the three lines above its statement. atomic.h, which
// defines the helpers, is left out. A use inside a comment is none; a statement is one place, however many lines it has.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const use =
  /\bpn_(load|store|add|sub|or|and|xor|exchange|cas)_(plain|relaxed|acquire|release|acq_rel|seq_cst)\b|\b__atomic_\w+/;
const linesAbove = 3;

/** For each line its code (without comments) and whether a part of a comment is on it. */
export function splitLines(text) {
  let inComment = false;
  return text.split('\n').map((line) => {
    let code = '';
    let hasComment = inComment;
    for (let i = 0; i < line.length; i++) {
      if (inComment) {
        if (line.startsWith('*/', i)) {
          inComment = false;
          i++;
        }
      } else if (line.startsWith('/*', i)) {
        inComment = hasComment = true;
        i++;
      } else if (line.startsWith('//', i)) {
        hasComment = true;
        break;
      } else {
        code += line[i];
      }
    }
    return { code, hasComment };
  });
}

/** Numbers of the lines whose use of an atomic has no comment near it. */
export function findBare(text) {
  const lines = splitLines(text);
  const bare = [];
  lines.forEach(({ code }, at) => {
    if (!use.test(code)) return;
    // Up to the first line of the statement, then three more.
    let first = at;
    while (
      first > 0 &&
      !/[;{}:]\s*\\?$/.test(lines[first - 1].code.trimEnd()) &&
      lines[first - 1].code.trim()
    )
      first--;
    // And to its end: a comment may stand behind the last part.
    let last = at;
    while (last + 1 < lines.length && !/[;{}]\s*\\?$/.test(lines[last].code.trimEnd())) last++;
    const near = lines.slice(Math.max(0, first - linesAbove), last + 1);
    if (!near.some(({ hasComment }) => hasComment)) bare.push(at + 1);
  });
  return bare;
}

/** What the lint must find and what it must let pass: it would be silent if it were broken. */
function check() {
  const cases = [
    ['int f(void) {\n  return pn_load_relaxed(&x);\n}', 1],
    ['int f(void) {\n  /* own variable */\n  return pn_load_relaxed(&x);\n}', 0],
    ['int f(void) {\n  return pn_load_plain(&x);\n}', 1],
    ['  pn_store_release(&x, 1); /* pairs with g */', 0],
    ['/* far */\n\n\n\n\nint a;\nint b;\npn_add_acq_rel(&x, 1u);', 1],
    ['/* pn_load_relaxed(&x) in words */', 0],
    ['a = b;\nc = d;\ne = f;\ng(h,\n  __atomic_load_n(&x, 0));', 1],
    ['/* near */\ne = f;\ng(h,\n  pn_cas_seq_cst(&x, &y, z));', 0],
  ];
  return cases.every(([text, bare]) => findBare(text).length === bare);
}

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');
let isClean = check();
if (!isClean) console.log('# lint_atomics does not find what it must');
let uses = 0;
for (const name of readdirSync(folder).sort()) {
  if (!/\.[ch]$/.test(name) || name === 'atomic.h') continue;
  const text = readFileSync(join(folder, name), 'utf8');
  uses += splitLines(text).filter(({ code }) => use.test(code)).length;
  for (const line of findBare(text)) {
    console.log(
      `# src/${name}:${line}: an atomic access without its argument within three lines above`,
    );
    isClean = false;
  }
}
if (uses < 50) isClean = false;
console.log(`${isClean ? 'ok' : 'not ok'} lint_atomics, ${uses} uses`);
process.exitCode = isClean ? 0 : 1;
