// Writes docs/reference.md from the types that the package ships, by the TypeScript compiler: what
// is exported, with its declaration and its comment. `node scripts/reference.js --check` fails when
// the file is stale or when something exported has no comment; tests/glue/reference.test.js asks the
// same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';
import { root } from './run.js';

export const target = join(root, 'docs', 'reference.md');

// What is imported from where, and what the members of an interface are called on.
const modules = [
  { name: 'penny-runtime', file: 'index.d.ts' },
  { name: 'penny-runtime/worker', file: 'worker.d.ts' },
  { name: 'penny-runtime/vite', file: 'vite.d.ts' },
  { name: 'dist/penny.iife.js', file: 'iife.d.ts' },
];
const receivers = { Pool: 'pool', Handle: 'handle', Task: 'task', PennyError: 'error' };

/** The lines of a comment without its stars, and its tags: [{ tag, text }]. */
function parseComment(raw) {
  const lines = raw
    .replace(/^\/\*\*\s*|\s*\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const parts = [{ tag: '', lines: [] }];
  for (const line of lines) {
    const [, tag, rest] = line.match(/^@(\w+)\s+(.*)$/) ?? [];
    if (tag) parts.push({ tag, lines: [rest] });
    else parts.at(-1).lines.push(line);
  }
  const [body, ...tags] = parts.map(({ tag, lines: own }) => ({
    tag,
    text: own.join('\n').trim(),
  }));
  return { body: body.text, tags };
}

/** One file: what it declares, each as { node, name, doc, code, members }. */
class File {
  constructor(source) {
    this.source = source;
    this.text = source.text;
  }

  /** The comment at its head, as Markdown: indented lines are code. */
  intro() {
    const lines = this.text
      .replace(/^\/\/\/ .*\n/gm, '')
      .split('\n')
      .slice(1);
    const end = lines.findIndex((line) => !line.startsWith('//'));
    const plain = lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ''));
    return plain
      .join('\n')
      .trim()
      .replace(
        /(?:^ {2}.*\n?)+/gm,
        (code) => `\`\`\`js\n${code.replace(/^ {2}/gm, '').trimEnd()}\n\`\`\``,
      );
  }

  doc(node) {
    const comment = node.jsDoc?.at(-1);
    if (!comment) return undefined;
    // What stands before it counts as a part of the first one in a file.
    const text = this.text.slice(comment.pos, comment.end).trimEnd();
    return parseComment(text.slice(text.lastIndexOf('/**')));
  }

  /** A declaration as it is written, without what says that it is one. */
  code(node, indent = 0) {
    return this.text
      .slice(node.getStart(this.source), node.end)
      .replace(/^(export |declare |default )*/, '')
      .replace(/^\s*\/\/ biome-ignore.*\n/gm, '')
      .replaceAll(`\n${' '.repeat(indent)}`, '\n');
  }

  item(node, indent) {
    const named = node.declarationList?.declarations[0] ?? node;
    const name = named.name && this.text.slice(named.name.getStart(this.source), named.name.end);
    const isMethod = node.kind === SyntaxKind.MethodSignature;
    const isConstructor =
      node.kind === SyntaxKind.Constructor || node.kind === SyntaxKind.ConstructSignature;
    return {
      node,
      name: isConstructor ? 'constructor' : name,
      isMethod,
      isExported: node.modifiers?.some(({ kind }) => kind === SyntaxKind.ExportKeyword) ?? false,
      doc: this.doc(node),
      code: this.code(node, indent),
      members: (node.members ?? []).map((member) => this.item(member, indent + 2)),
    };
  }

  /** Statements, those of `declare global` among them, overloads as one. */
  items() {
    return this.source.statements
      .flatMap((node) =>
        node.kind === SyntaxKind.ModuleDeclaration
          ? node.body.statements.map((each) => ({ ...this.item(each, 2), isExported: true }))
          : this.item(node, 0),
      )
      .filter(({ node }) => node.kind !== SyntaxKind.ImportDeclaration);
  }
}

/** Several declarations of one name are one entry with the first comment. */
function merge(items) {
  const merged = [];
  for (const item of items) {
    const last = merged.at(-1);
    if (last && last.name === item.name && last.isMethod && !item.doc)
      last.code += `\n${item.code}`;
    else merged.push({ ...item });
  }
  return merged;
}

const link = (text) => text.replace(/\bdocs\/([\w-]+\.md)/g, '[docs/$1]($1)');
const block = (code) => `\`\`\`ts\n${code}\n\`\`\``;
/** As one item of a list: what follows the first line is indented. */
const listItem = (text) => `- ${link(text).replace(/\n(?=.)/g, '\n  ')}`;

const headings = { returns: 'Returns', throws: 'Errors' };

function renderDoc({ body, tags }) {
  const parts = [link(body)];
  const facts = tags
    .filter(({ tag }) => tag !== 'example')
    .map(({ tag, text }) => {
      if (tag !== 'param') return listItem(`**${headings[tag]}:** ${text}`);
      const [, name, rest] = text.match(/^(\S+)\s+([\s\S]*)$/);
      return listItem(`\`${name}\`: ${rest}`);
    });
  if (facts.length) parts.push(facts.join('\n'));
  for (const { tag, text } of tags) if (tag === 'example') parts.push(`\`\`\`js\n${text}\n\`\`\``);
  return parts.join('\n\n');
}

const isShort = ({ doc, code }) =>
  doc && !doc.tags.length && !doc.body.includes('\n\n') && !code.includes('\n');

function renderMembers({ name, members }) {
  const merged = merge(members);
  const asList = merged.every(isShort) ? merged : merged.filter(({ isMethod }) => !isMethod);
  const parts = [];
  const lines = asList.map(({ code, doc }) => {
    const short = code.replace(/\s*\n\s*/g, ' ').replace(/;$/, '');
    return listItem(`\`${short}\`: ${doc?.body ?? ''}`);
  });
  if (lines.length) parts.push(lines.join('\n'));
  for (const member of merged.filter((each) => !asList.includes(each))) {
    const title = `${receivers[name] ?? name}.${member.name}`.replace('.[', '[');
    parts.push(`#### ${title}`, block(member.code), renderDoc(member.doc ?? parseComment('')));
  }
  return parts.join('\n\n');
}

function render(item) {
  const { node, name, code, doc, members } = item;
  const parts = [`### ${name}`];
  const isNested = members.some(({ code: own }) => own.includes('/**'));
  if (!members.length || isNested) parts.push(block(code));
  else parts.push(block(`${code.slice(0, code.indexOf('{')).trim()}`));
  if (doc) parts.push(renderDoc(doc));
  if (members.length && !isNested) parts.push(renderMembers(item));
  return { text: parts.join('\n\n'), rank: rankOf(node, members), name };
}

/** Functions and classes first, then what has methods, then options and results, then types. */
function rankOf({ kind }, members) {
  if (kind === SyntaxKind.TypeAliasDeclaration) return 3;
  if (kind !== SyntaxKind.InterfaceDeclaration) return 0;
  return members.some(({ isMethod, doc }) => isMethod && doc?.tags.length) ? 1 : 2;
}

const anchor = (title) =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

function renderModule({ name, file }, seen) {
  const items = file.items();
  const entries = items.filter(({ isExported }) => isExported).map(render);
  entries.sort((one, other) => one.rank - other.rank);
  const names = entries.map((entry) => `[${entry.name}](#${seen(anchor(entry.name))})`);
  const inner = items.filter(({ isExported }) => !isExported).map(({ code }) => code);
  const parts = [`## ${name}`, file.intro(), names.join(' · '), ...entries.map(({ text }) => text)];
  if (inner.length)
    parts.push(`### Types that are not exported (${name})`, block(inner.join('\n')));
  return parts.filter(Boolean).join('\n\n');
}

/** Exported names and their members that no comment is about. */
function findUndocumented({ name, file }) {
  const missing = [];
  const look = (item, path) => {
    if (!item.doc?.body) missing.push(path);
    for (const member of merge(item.members)) look(member, `${path}.${member.name}`);
    // Members of an object type within the declaration of a property.
    const nested = item.members.length ? [] : item.code.split('\n');
    nested.forEach((line, idx) => {
      const [, key] = line.match(/^\s+(\w+)\??: /) ?? [];
      if (
        key &&
        nested.length > 1 &&
        item.code.includes('Array<{') &&
        !/\*\/$/.test(nested[idx - 1])
      )
        missing.push(`${path}.${key}`);
    });
  };
  for (const item of merge(file.items())) if (item.isExported) look(item, `${name}: ${item.name}`);
  return missing;
}

/** Gives { text, undocumented }: the whole page, and what has no comment. */
export function makeReference() {
  const api = new API({ cwd: root });
  try {
    const paths = modules.map(({ file }) => join(root, 'js-glue', file));
    const snapshot = api.updateSnapshot({ openFiles: paths });
    const files = modules.map(({ name }, idx) => {
      const project = snapshot.getDefaultProjectForFile(paths[idx]);
      return { name, file: new File(project.program.getSourceFile(paths[idx])) };
    });
    const head = `# Reference

Everything that the package exports, as its types say it. \`node scripts/reference.js\` writes this page
from [js-glue/*.d.ts](../js-glue): do not edit it. The guide is [javascript.md](javascript.md); C is in
[c-api.md](c-api.md) and [penny.h](../src/penny.h).

${modules.map(({ name }) => `- [${name}](#${anchor(name)})`).join('\n')}`;
    // A heading that was there before gets a number, as GitHub gives it.
    const counts = new Map();
    const seen = (text) => {
      const count = counts.get(text) ?? 0;
      counts.set(text, count + 1);
      return count ? `${text}-${count}` : text;
    };
    const parts = files.map((file) => renderModule(file, seen));
    const text = `${[head, ...parts].join('\n\n')}\n`;
    return { text, undocumented: files.flatMap(findUndocumented) };
  } finally {
    api.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { text, undocumented } = makeReference();
  const isStale = process.argv.includes('--check') && text !== readFileSync(target, 'utf8');
  for (const name of undocumented) console.log(`no comment: ${name}`);
  if (isStale) console.log('docs/reference.md is stale: node scripts/reference.js');
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  process.exitCode = isStale || undocumented.length ? 1 : 0;
}
