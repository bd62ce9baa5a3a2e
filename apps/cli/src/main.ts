#!/usr/bin/env node
// The program: the only place that reads process.argv and process.env and sets the exit code. It imports nothing
// statically, so that an old Node.js is told what is missing before it meets something that it does not know.

const oldestNode = 24;

/** The exit code of an interrupted run (128 + SIGINT), as core's table has it. */
const interruptedCode = 130;
/** Of a full file system, likewise. */
const noSpaceCode = 31;

function refuseOldNode(): void {
  const message = `dms-backup needs Node.js ${oldestNode} or newer, and this is ${process.versions.node}`;
  const hint =
    'Install a newer Node.js (https://nodejs.org), or run: npx -p node@24 -p dms-backup dms-backup';
  if (process.argv.includes('--json')) {
    const error = { type: 'error', code: 'usage', exitCode: 2, message, hint, context: {} };
    process.stdout.write(`${JSON.stringify(error)}\n`);
  } else {
    process.stderr.write(`${message}\n${hint}\n`);
  }
  process.exitCode = 2;
}

/** First Ctrl-C or SIGTERM: stop in order. Second: at once. */
function abortOnSignals(controller: AbortController): void {
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(interruptedCode);
    if (process.stderr.isTTY) process.stderr.write('\nstopping; once more to stop at once\n');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/**
 * `dms-backup inspect x | head`: the reader has gone, which is no error of ours. A full disk behind `>` is one. Returns the
 * error that spoiled the output, if there was one.
 */
function watchStreams(): () => NodeJS.ErrnoException | undefined {
  let failure: NodeJS.ErrnoException | undefined;
  const remember = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') failure ??= error;
  };
  process.stdout.on('error', remember);
  process.stderr.on('error', remember);
  return () => failure;
}

/** Waits until all is written: an error of the last line comes later than the line. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

/**
 * Two settings of V8, for all threads; most of our memory is file content outside of the heap. The young generation stays at
 * its first size (1 MiB) instead of growing to 48 MiB in each thread: the small things about each file die young. And the old
 * one is collected when it has grown by two fifths, not when it has doubled: 40 MB less at the peak of a backup of 100,000
 * files, in the same time. Measured in benchmarks/.
 */
async function keepHeapSmall(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=40');
}

/** Asked by scripts, and often: the parser of the words takes longer to load than Node.js itself. */
async function isVersionAlone(): Promise<boolean> {
  if (process.argv.length !== 3 || process.argv[2] !== '--version') return false;
  const { default: packageJson } = await import('../package.json', { with: { type: 'json' } });
  process.stdout.write(`${packageJson.version}\n`);
  return true;
}

async function main(): Promise<void> {
  const outputFailure = watchStreams();
  const exitCode = (await isVersionAlone()) ? 0 : await runWords();
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  const failure = outputFailure();
  if (exitCode === 0 && failure !== undefined) {
    process.stderr.write(`dms-backup: cannot write the output: ${failure.message}\n`);
    process.exitCode = failure.code === 'ENOSPC' ? noSpaceCode : 2;
  } else {
    process.exitCode = exitCode;
  }
}

async function runWords(): Promise<number> {
  await keepHeapSmall();
  // Nothing that an adapter or a driver logs may get into the JSON lines or into an archive on stdout.
  const { Console } = await import('node:console');
  globalThis.console = new Console(process.stderr);
  const controller = new AbortController();
  abortOnSignals(controller);
  const { run, runCrashed } = await import('./run.ts');
  const surroundings = {
    argv: process.argv.slice(2),
    environment: process.env,
    workingDirectory: process.cwd(),
    // Only when a verb reads it: opening it can fail, and nearly no verb needs it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
  };
  const crash = async (error: unknown): Promise<void> => {
    const code = await runCrashed(error, surroundings).catch(() => 1);
    process.exit(code);
  };
  process.on('uncaughtException', (error) => void crash(error));
  return await run(surroundings);
}

if (Number.parseInt(process.versions.node, 10) < oldestNode) refuseOldNode();
else await main();
