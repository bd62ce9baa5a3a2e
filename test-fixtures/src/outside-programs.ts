// Programs that npm cannot bring (age, restic, sshd, ...), for tests that prove that we get along with them. `.ci/run` installs them;
// elsewhere their tests are left out, and the run says so at its end.

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Servers lie where only root looks. */
const alsoIn = ['/usr/sbin', '/usr/local/sbin'];

/**
 * Takes the programs that each file of tests needs, and gives the files that cannot be run here, for `exclude` of the configuration
 * of vitest. With `CI` set that is none: there a missing program must fail.
 */
export function testsWithoutPrograms(
  needs: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  if (process.env['CI']) return [];
  const missing = (programs: readonly string[]): string[] =>
    programs.filter((program) => !isInstalled(program));
  const without = Object.entries(needs).filter(([, programs]) => missing(programs).length > 0);
  const absent = new Set(without.flatMap(([, programs]) => missing(programs)));
  if (absent.size > 0) {
    const text = `not run: ${without.length} files of tests that need ${[...absent].join(', ')}; .ci/run installs what is missing\n`;
    process.once('exit', () => process.stderr.write(text));
  }
  return without.map(([file]) => file);
}

/** For single tests, with `runIf`. True wherever `CI` is set. */
export function hasPrograms(...programs: readonly string[]): boolean {
  return Boolean(process.env['CI']) || programs.every((program) => isInstalled(program));
}

function isInstalled(program: string): boolean {
  return [...(process.env['PATH'] ?? '').split(':'), ...alsoIn].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
