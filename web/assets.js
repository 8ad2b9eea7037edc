// assets.js: the real input of the demo, from build/assets (made by scripts/assets.js). Each is fetched when it is first asked for.

async function fetchOk(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`);
  return response;
}

/** A worker that decodes photographs, so that the page's thread never holds 18 MB of pixels in its hands. */
class Decoder {
  #worker = new Worker(new URL('./decode.worker.js', import.meta.url), { type: 'module' });
  #waiting = new Map();
  #count = 0;

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error) reject(new Error(data.error));
      else resolve(data);
    };
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`decode.worker.js: ${event.message ?? 'it did not load'}`));
      this.#waiting.clear();
    };
  }

  ask(message) {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message });
    });
  }
}

/** @param {string | URL} base address of build/assets/, with a slash at its end */
export function openAssets(base) {
  const kept = new Map();
  const once = (key, make) => {
    if (!kept.has(key)) {
      const made = make();
      // A failure may be asked again.
      made.catch(() => kept.delete(key));
      kept.set(key, made);
    }
    return kept.get(key);
  };
  const bytes = (url) =>
    once(String(url), async () => new Uint8Array(await (await fetchOk(url)).arrayBuffer()));
  let decoder;
  const assets = {
    words: () => bytes(new URL('words.txt', base)),
    misspellings: () => bytes(new URL('./misspellings.txt', import.meta.url)),
    photos: () => once('photos', async () => (await fetchOk(new URL('photos.json', base))).json()),
    /** { width, height, title, author, licence, copyTo(array) } */
    photo: (index) =>
      once(`photo ${index}`, async () => {
        const about = (await assets.photos())[index];
        const url = String(new URL(`photos/${encodeURIComponent(about.file)}`, base));
        decoder ??= new Decoder();
        const { width, height } = await decoder.ask({ decode: url });
        const copyTo = ({ buffer, byteOffset, byteLength }) =>
          decoder.ask({ copy: url, buffer, byteOffset, byteLength });
        return { ...about, width, height, copyTo };
      }),
  };
  return assets;
}
