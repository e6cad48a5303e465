import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    setupFiles: ['./vitest.setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    // These packages ship files that Node cannot import as they are.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter/, /@lumino/] } }
  }
});
