import react from '@vitejs/plugin-react';
import penny from 'penny-runtime/vite';

// penny() sends the two isolation headers from the dev and the preview server.
export default { plugins: [react(), penny()] };
