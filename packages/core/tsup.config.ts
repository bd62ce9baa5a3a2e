import { defineConfig, type Options } from 'tsup';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * One output file per module, in the same folders as the source, so that core finds its workers at
 * run time with `new URL('./pack-worker.js', import.meta.url)` and a class exists only once.
 * Relative imports stay imports; only their ending changes.
 */
const keepModules: EsbuildPlugin = {
  name: 'keep-modules',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

export default defineConfig({
  entry: ['src/**/*.ts', '!src/**/*.test.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // `node:sqlite` exists under its full name only.
  removeNodeProtocol: false,
  clean: true,
  splitting: false,
  silent: true,
  esbuildPlugins: [keepModules],
});
