// What a server may hold against its own rules, found inside the snapshot. (CHECK TABLE would end the transaction; damage of
// the storage shows when the rows are read.)

import type { IntegrityReport, Table } from '../engine.ts';
import { readTableEntries } from './catalogue.ts';
import type { Session } from './connect.ts';
import { qualified, quoted } from './quoting.ts';

/** Zero dates and tables that no transaction protects: kept as they are, and named. */
export async function integrityReport(
  session: Session,
  database: string,
  tables: readonly Table[],
): Promise<IntegrityReport> {
  const brokenRules: string[] = [];
  for (const { name, type, storageEngine } of await readTableEntries(session, database)) {
    if (type === 'BASE TABLE' && storageEngine !== 'InnoDB') {
      brokenRules.push(
        `table '${name}' uses storage engine ${storageEngine}, which knows no transactions: it is read as it is at its turn`,
      );
    }
  }
  for (const table of tables) brokenRules.push(...(await zeroDates(session, database, table)));
  return { damage: [], brokenRules };
}

async function zeroDates(session: Session, database: string, table: Table): Promise<string[]> {
  const columns = table.columns.filter(
    ({ logicalType, generated }) =>
      generated !== 'virtual' && ['date', 'timestamp', 'timestamptz'].includes(logicalType),
  );
  if (columns.length === 0) return [];
  const counts = columns.map(({ name }) => {
    const column = quoted(name);
    return `COUNT(CASE WHEN MONTH(${column}) = 0 OR DAYOFMONTH(${column}) = 0 THEN 1 END)`;
  });
  const [row = []] = await session.rows(
    `SELECT ${counts.join(', ')} FROM ${qualified(database, table.name)}`,
  );
  return columns.flatMap(({ name }, index) => {
    const count = row[index];
    return count === '0' || count === null || count === undefined
      ? []
      : [`table '${table.name}', column '${name}': ${count} zero dates`];
  });
}
