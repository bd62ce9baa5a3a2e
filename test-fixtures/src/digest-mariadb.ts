// Describes a MariaDB database with plain SQL, independent of the engine in core: every definition as SHOW CREATE words it,
// and per table the number of rows and a digest over the bytes of all values.

import { createHash } from 'node:crypto';

import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';

import type { TableDigest } from './digest-sqlite.ts';
import { quoteMariadb } from './paperless/mariadb-schema.ts';
import type { ServerAddress, ServerDigest } from './server-digest.ts';

/** Views and routines name their own database, and a copy has another name. */
const DEFINITIONS = `
  SELECT CONCAT('view ', table_name), CONCAT_WS(' ', REPLACE(view_definition, CONCAT('\`', DATABASE(), '\`'), '\`this\`'), check_option, security_type)
  FROM information_schema.views WHERE table_schema = DATABASE()
  UNION ALL
  SELECT CONCAT('trigger ', trigger_name), CONCAT_WS(' ', action_timing, event_manipulation, event_object_table, action_order, sql_mode, action_statement)
  FROM information_schema.triggers WHERE trigger_schema = DATABASE()
  UNION ALL
  SELECT CONCAT(LOWER(r.routine_type), ' ', r.routine_name), CONCAT_WS(' ', p.parameters, r.sql_data_access, r.is_deterministic, r.security_type, r.sql_mode, r.routine_definition)
  FROM information_schema.routines r LEFT JOIN (
    SELECT specific_name, routine_type, GROUP_CONCAT(CONCAT_WS(' ', ordinal_position, parameter_mode, parameter_name, dtd_identifier) ORDER BY ordinal_position) AS parameters
    FROM information_schema.parameters WHERE specific_schema = DATABASE() GROUP BY specific_name, routine_type
  ) p ON p.specific_name = r.specific_name AND p.routine_type = r.routine_type
  WHERE r.routine_schema = DATABASE()
  UNION ALL
  SELECT CONCAT('event ', event_name), CONCAT_WS(' ', event_type, execute_at, interval_value, interval_field, starts, ends, status, on_completion, sql_mode, event_definition)
  FROM information_schema.events WHERE event_schema = DATABASE()`;
const SETTINGS = `
  SELECT 'charset', default_character_set_name FROM information_schema.schemata WHERE schema_name = DATABASE()
  UNION ALL
  SELECT 'collation', default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()`;
const COLUMNS = `
  SELECT table_name, column_name, data_type FROM information_schema.columns
  WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`;
const GEOMETRY = /^(?:geometry|geometrycollection|(?:multi)?(?:point|linestring|polygon))$/;

/** Reads the whole database with one connection. */
export async function digestMariadb(address: ServerAddress): Promise<ServerDigest> {
  const { host, port, user, password, database } = address;
  const connection = await createConnection({
    host,
    port,
    user,
    database,
    ...(password !== undefined && { password }),
  });
  try {
    await connection.query("SET time_zone = '+00:00', sql_quote_show_create = 1, sql_mode = ''");
    await connection.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const result: ServerDigest = {
      definitions: Object.fromEntries(await select(connection, DEFINITIONS)),
      tables: {},
      sequences: {},
      settings: Object.fromEntries(await select(connection, SETTINGS)),
    };
    const columns = await select(connection, COLUMNS);
    for (const [table = '', type] of await select(connection, 'SHOW FULL TABLES')) {
      if (type === 'BASE TABLE') {
        await digestTable(connection, table, result);
        const own = columns.filter(([name]) => name === table);
        result.tables[table] = await digestRows(connection, table, own);
      } else if (type === 'SEQUENCE') {
        const [state] = await select(connection, `SELECT * FROM ${quoteMariadb(table)}`);
        result.sequences[table] = (state ?? []).join(' ');
      }
    }
    return result;
  } finally {
    await connection.end();
  }
}

async function select(connection: Connection, sql: string): Promise<string[][]> {
  const [rows] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
  return rows.map((row) => row.map(String));
}

/** The next automatic key is part of what SHOW CREATE says; here it is a sequence. */
async function digestTable(
  connection: Connection,
  table: string,
  result: ServerDigest,
): Promise<void> {
  const [shown] = await select(connection, `SHOW CREATE TABLE ${quoteMariadb(table)}`);
  // MySQL remembers whether a column named its character set; the collation says it anyway.
  const text = (shown?.[1] ?? '').replaceAll(/ CHARACTER SET \w+(?= COLLATE)/g, '');
  const options = text.slice(text.lastIndexOf('\n)'));
  const next = / AUTO_INCREMENT=(\d+)/.exec(options);
  if (next) result.sequences[table] = next[1] ?? '';
  result.definitions[`table ${table}`] =
    text.slice(0, text.length - options.length) + options.replace(next?.[0] ?? '', '');
}

/** Sums of two parts of the SHA-256 of each row: the order does not count, duplicates do, and nothing is held. */
async function digestRows(
  connection: Connection,
  table: string,
  columns: readonly string[][],
): Promise<TableDigest> {
  // A hash for each value: longer results of functions than max_allowed_packet would be null.
  const values = columns.map(([, name = '', type = '']) => {
    const column = quoteMariadb(name);
    if (GEOMETRY.test(type)) return `IFNULL(SHA2(ST_AsBinary(${column}), 256), '-')`;
    // Text of a float has six digits.
    return `IFNULL(SHA2(${type === 'float' ? `${column} + 0e0` : column}, 256), '-')`;
  });
  const part = (start: number): string =>
    `CAST(IFNULL(SUM(CAST(CONV(SUBSTR(the_row, ${start}, 15), 16, 10) AS DECIMAL(65))), 0) AS CHAR)`;
  const [row = []] = await select(
    connection,
    `SELECT COUNT(*), ${part(1)}, ${part(16)} FROM (SELECT SHA2(CONCAT(${values.join(', ')}), 256) AS the_row FROM ${quoteMariadb(table)}) AS the_rows`,
  );
  const sums = `${row[1]} ${row[2]}`;
  return { rowCount: Number(row[0]), sha256: createHash('sha256').update(sums).digest('hex') };
}
