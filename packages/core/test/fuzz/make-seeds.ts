// Makes the seeds of the fuzz tests: one small installation as an archive in each codec. They stay as they are; a run of this
// is needed only for another format version (`node packages/core/test/fuzz/make-seeds.ts`).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup } from '../../src/backup.ts';
import { fillBox, optionsOf } from '../faults/box.ts';

const seedFolder = join(import.meta.dirname, '../../../../test-fixtures/archives/seeds');

const base = mkdtempSync(join(tmpdir(), 'dms-seeds-'));
await fillBox({ base }, 'seed');
// more than one frame, a name that is no text, and one that needs a pax head
const files = join(base, 'files');
writeFileSync(join(files, 'large'), Buffer.alloc(3_500_000));
writeFileSync(Buffer.from(`${files}/\xff`, 'latin1'), 'no text');
mkdirSync(join(files, 'n'.repeat(120)));
writeFileSync(join(files, 'n'.repeat(120), 'empty'), '');
mkdirSync(seedFolder, { recursive: true });
for (const [compression, ending] of [
  ['zstd', 'tar.zst'],
  ['gzip', 'tar.gz'],
] as const) {
  const destination = join(seedFolder, `box.${ending}`);
  rmSync(destination, { force: true });
  const given = { parts: ['database', 'media'], excludeClasses: [], dryRun: false } as const;
  await backup({ ...optionsOf({ base }), ...given, compression, destination });
}
rmSync(join(files, 'large'));
const destination = join(seedFolder, 'box.tar');
rmSync(destination, { force: true });
const given = { parts: ['database', 'media'], excludeClasses: [], dryRun: false } as const;
await backup({ ...optionsOf({ base }), ...given, compression: 'none', destination });
rmSync(base, { recursive: true });
