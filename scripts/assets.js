// Brings the demo's real input from Debian packages to build/assets, where the pages and penny_bench look for it:
//   words.txt            the word list of wamerican
//   photos/*.jpg         photographs of lomiri-wallpapers-16.04
//   photos.json          their file, title, author and licence
// Used by `npm start`, `npm test` and `npm run bench` (prepareAssets), or alone: node scripts/assets.js. Copies nothing that is
// there already.
import { copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.js';

export const assetPackages = {
  wamerican: 'the word list of the demo',
  'lomiri-wallpapers-16.04': 'the photographs of the demo',
};

const wordList = '/usr/share/dict/american-english';
const photoFolder = '/usr/share/backgrounds';

// Authors and licences as in the package's copyright file.
const photos = [
  {
    file: 'Picture_0B_by_freespace.jpg',
    title: 'Fig',
    author: 'Trevor "Freespace"',
    licence: 'CC BY 4.0',
  },
  {
    file: 'picosdeeuropa_by_Aitzol_Berasategi.jpg',
    title: 'Picos de Europa',
    author: 'Aitzol Berasategi',
    licence: 'CC BY 4.0',
  },
  {
    file: 'Picture_1A_by_freespace.jpg',
    title: 'Brushes',
    author: 'Trevor "Freespace"',
    licence: 'CC BY 4.0',
  },
];

function copyIfMissing(from, to, packageName) {
  if (!existsSync(from)) throw new Error(`${from} is missing: install the package ${packageName}`);
  if (existsSync(to) && statSync(to).size === statSync(from).size) return;
  copyFileSync(from, to);
}

/** Fills build/assets and returns that folder; throws an Error that names the package when one is not installed. */
export function prepareAssets() {
  const target = join(root, 'build', 'assets');
  mkdirSync(join(target, 'photos'), { recursive: true });
  copyIfMissing(wordList, join(target, 'words.txt'), 'wamerican');
  for (const { file } of photos)
    copyIfMissing(join(photoFolder, file), join(target, 'photos', file), 'lomiri-wallpapers-16.04');
  writeFileSync(join(target, 'photos.json'), `${JSON.stringify(photos, null, 2)}\n`);
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(`assets are in ${prepareAssets()}`);
  } catch (error) {
    console.error(`assets: ${error.message}`);
    process.exit(1);
  }
}
