import vue from '@vitejs/plugin-vue';
import penny from 'penny-runtime/vite';

// penny() sends the two isolation headers from the dev and the preview server.
export default { plugins: [vue(), penny()] };
