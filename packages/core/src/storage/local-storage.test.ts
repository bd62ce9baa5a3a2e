// A directory keeps what every storage promises.

import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '../../test/scratch-directory.ts';
import { storageContract } from '../../test/storage-contract.ts';

storageContract(() => Promise.resolve({ url: join(scratchDirectory(), 'made', 'when-needed') }), {
  everything: ({ url }) => Promise.resolve(existsSync(url) ? readdirSync(url) : []),
  rename: ({ url }, from, to) => Promise.resolve(renameSync(join(url, from), join(url, to))),
});
