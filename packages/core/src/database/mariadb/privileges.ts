// Rights that the server does not complain about: without them it shows no tables, triggers, events or routines, and a backup would
// silently miss them.

import { DmsBackupError } from '../../errors.ts';
import type { Session } from './connect.ts';

/** Rights that are needed for the whole database; EXECUTE is what makes routines visible. */
const needed = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'EXECUTE'] as const;

/** Throws `database-denied` with the GRANT when the user may not see everything in the database. */
export async function assertReadRights(session: Session): Promise<void> {
  const { name } = session.location;
  const granted = new Set<string>();
  const lines = await session.withDefinitionModes(async () => await session.rows('SHOW GRANTS'));
  for (const [line] of lines) {
    const match = /^GRANT (.+) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.\* TO /i.exec(line ?? '');
    if (match) {
      if (!covers(match[2] ?? '', name)) continue;
      for (const right of (match[1] ?? '').split(',')) granted.add(right.trim().toUpperCase());
    } else if (/^GRANT `[^`]*`(?:@`[^`]*`)? TO /.test(line ?? '') && !session.isMariadb) {
      // MySQL does not list the rights of roles here.
      return;
    }
  }
  const missing = needed.filter((right) => !granted.has(right) && !granted.has('ALL PRIVILEGES'));
  if (missing.length === 0) return;
  throw new DmsBackupError(
    'database-denied',
    `user ${session.account} may not read all of database '${name}': ${missing.join(', ')} is missing`,
    { hint: session.grantHint(...session.readGrants()) },
  );
}

/** Database names in grants are patterns with `_` and `%`, and backslashes before those that are meant literally. */
function covers(pattern: string, database: string): boolean {
  if (pattern === '*') return true;
  const source = pattern
    .slice(1, -1)
    .replaceAll('``', '`')
    .replaceAll(/\\([_%\\])|[_%]|[.*+?^${}()|[\]\\]/g, (text, escaped?: string) => {
      if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped;
      if (text === '_') return '.';
      return text === '%' ? '.*' : `\\${text}`;
    });
  return new RegExp(`^${source}$`, 'isu').test(database);
}
