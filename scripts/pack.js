// The package as people get it: packs what `npm publish` would send, and unpacks it into the
// node_modules of a folder, without a network. dist/ must be there: node scripts/bundle.js.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.js';

async function succeed(command, args) {
  const { code, output } = await run(command, args, { timeoutSeconds: 60 });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`);
  return output;
}

/** Gives the path of the tarball, made anew in build/NAME. */
export async function pack(name) {
  const folder = join(root, 'build', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await succeed('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  return join(folder, `penny-runtime-${version}.tgz`);
}

/** A fresh folder build/NAME with the package in its node_modules; gives its path. */
export async function install(name) {
  const tarball = await pack(name);
  const folder = join(root, 'build', name);
  const home = join(folder, 'node_modules', 'penny-runtime');
  mkdirSync(home, { recursive: true });
  await succeed('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  // A package of its own: inside of ours, our name would mean our own files.
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  return folder;
}
