import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // `node:sqlite` exists under its full name only.
  removeNodeProtocol: false,
  clean: true,
  silent: true,
});
