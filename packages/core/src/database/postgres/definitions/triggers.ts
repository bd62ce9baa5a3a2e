// Triggers and event triggers, with the state that they were put in.

import { quoteIdentifier, quoteLiteral, quoteQualified } from '../identifiers.ts';
import { firstNormalOid, notOfExtension, ownSchema } from './reader.ts';
import type { CatalogueReader, DefinedObject } from './reader.ts';
import { enabledState } from './views.ts';

interface TriggerRow {
  readonly key: string;
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly state: string;
  readonly sql: string;
  /** The trigger of the partitioned table that this one was made for. */
  readonly parentKey: string | null;
  readonly parentState: string | null;
}

/** Triggers; those that PostgreSQL makes itself (for constraints and partitions) only when their state differs. */
export async function readTriggers(reader: CatalogueReader): Promise<DefinedObject[]> {
  const parent = reader.version < 130_000 ? 'NULL::oid' : 'nullif(t.tgparentid, 0)';
  const rows = await reader.rows<TriggerRow>(
    `SELECT 'pg_trigger:' || t.oid AS key, nspname AS schema, relname AS table, t.tgname AS name, t.tgenabled AS state,
       pg_get_triggerdef(t.oid) AS sql, 'pg_trigger:' || p.oid AS "parentKey", p.tgenabled AS "parentState"
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = relnamespace
     LEFT JOIN pg_trigger p ON p.oid = ${parent}
     WHERE (NOT t.tgisinternal OR (p.oid IS NOT NULL AND NOT p.tgisinternal))
       AND ${ownSchema('nspname')} AND ${notOfExtension('pg_class', 'c.oid')} AND relpersistence <> 't'`,
  );
  return rows.flatMap((row): DefinedObject[] => {
    const { key, schema, table, name, state } = row;
    const alter = (word: string): string =>
      `ALTER TABLE ${quoteQualified(schema, table)} ${word} TRIGGER ${quoteIdentifier(name)}`;
    const statements =
      row.parentKey === null
        ? [row.sql, ...enabledState(state).map(alter)]
        : state === 'O' && row.parentState === 'O'
          ? []
          : [alter(enabledState(state)[0] ?? 'ENABLE')];
    if (statements.length === 0) return [];
    return [
      {
        key,
        requires: row.parentKey === null ? [] : [row.parentKey],
        when: 'after',
        definition: { kind: 'trigger', schema, name, table, sql: statements.join(';\n') },
      },
    ];
  });
}

export async function readEventTriggers(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    name: string;
    event: string;
    state: string;
    tags: string[] | null;
    routine: string;
  }>(
    `SELECT 'pg_event_trigger:' || e.oid AS key, evtname AS name, evtevent AS event, evtenabled AS state, evttags AS tags,
       evtfoid::regproc::text AS routine
     FROM pg_event_trigger e WHERE e.oid >= ${firstNormalOid} AND ${notOfExtension('pg_event_trigger', 'e.oid')}`,
  );
  return rows.map(({ key, name, event, state, tags, routine }) => ({
    key,
    when: 'after',
    definition: {
      kind: 'event trigger',
      name,
      sql: [
        `CREATE EVENT TRIGGER ${quoteIdentifier(name)} ON ${quoteIdentifier(event)}${
          tags === null ? '' : ` WHEN TAG IN (${tags.map(quoteLiteral).join(', ')})`
        } EXECUTE FUNCTION ${routine}()`,
        ...enabledState(state).map(
          (word) => `ALTER EVENT TRIGGER ${quoteIdentifier(name)} ${word}`,
        ),
      ].join(';\n'),
    },
  }));
}
