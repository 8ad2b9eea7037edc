// single_url.js: where single_worker.js is, for workers that do not have it. The address stands in one
// piece so that bundlers find the file. In dist/penny.iife.js script.js takes its place.
export const single = () => String(new URL('./single_worker.js', import.meta.url));
