// core.js: the module of pools that are given none. In dist/ a file with its bytes takes the place
// of this one (scripts/bundle.js).
export const core = () => new URL('./core.wasm', import.meta.url);
