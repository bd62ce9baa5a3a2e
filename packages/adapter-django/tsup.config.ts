import { defineConfig } from 'tsup';

// One bundle; the fact tables in src/data/*.json become part of it.
export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // `node:sqlite` exists under its full name only.
  removeNodeProtocol: false,
  clean: true,
  silent: true,
});
