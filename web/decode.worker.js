// decode.worker.js: decodes photographs for assets.js and copies their pixels straight into a pool's shared memory.
//   { id, decode: url } -> { id, width, height };   { id, copy: url, buffer, byteOffset, byteLength } -> { id }

const pixels = new Map();

async function decode(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`);
  const bitmap = await createImageBitmap(await response.blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  pixels.set(url, context.getImageData(0, 0, width, height).data);
  return { width, height };
}

function copy({ copy: url, buffer, byteOffset, byteLength }) {
  const data = pixels.get(url);
  if (data?.length !== byteLength) throw new Error(`${url}: not decoded, or of another size`);
  new Uint8ClampedArray(buffer, byteOffset, byteLength).set(data);
  return {};
}

globalThis.onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, ...(data.decode ? await decode(data.decode) : copy(data)) });
  } catch (error) {
    postMessage({ id: data.id, error: String(error?.message ?? error) });
  }
};
