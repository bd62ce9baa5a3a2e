// Operators, operator families and operator classes. An operator may name another one that comes later: PostgreSQL then makes a
// shell of it, which the other definition fills (documentation of CREATE OPERATOR).

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';

export async function readOperators(reader: CatalogueReader): Promise<DefinedObject[]> {
  const other = (column: string): string =>
    `(SELECT 'OPERATOR(' || quote_ident(s.nspname) || '.' || x.oprname || ')' FROM pg_operator x JOIN pg_namespace s ON s.oid = x.oprnamespace
      WHERE x.oid = o.${column})`;
  const rows = await reader.rows<{
    oid: number;
    schema: string;
    name: string;
    identity: string;
    options: Record<string, string | null>;
  }>(
    `SELECT o.oid, nspname AS schema, oprname AS name, o.oid::regoperator::text AS identity,
       json_build_object(
         'FUNCTION', oprcode::text,
         'LEFTARG', CASE WHEN oprleft <> 0 THEN format_type(oprleft, NULL) END,
         'RIGHTARG', CASE WHEN oprright <> 0 THEN format_type(oprright, NULL) END,
         'COMMUTATOR', ${other('oprcom')},
         'NEGATOR', ${other('oprnegate')},
         'RESTRICT', CASE WHEN oprrest <> 0 THEN oprrest::text END,
         'JOIN', CASE WHEN oprjoin <> 0 THEN oprjoin::text END,
         'HASHES', CASE WHEN oprcanhash THEN '' END,
         'MERGES', CASE WHEN oprcanmerge THEN '' END) AS options
     FROM pg_operator o JOIN pg_namespace n ON n.oid = oprnamespace
     WHERE oprcode <> 0 AND ${ownSchema('nspname')} AND ${notOfExtension('pg_operator', 'o.oid')}`,
  );
  return rows.map(({ oid, schema, name, identity, options }) => ({
    key: `pg_operator:${oid}`,
    when: 'before',
    definition: {
      kind: 'operator',
      schema,
      name: identity,
      sql: `CREATE OPERATOR ${quoteIdentifier(schema)}.${name} (\n  ${Object.entries(options)
        .filter(([, value]) => value !== null)
        .map(([option, value]) => (value === '' ? option : `${option} = ${value}`))
        .join(',\n  ')}\n)`,
    },
  }));
}

/** One operator or support function of a class or family, as SQL. */
interface Member {
  readonly key: string;
  readonly sql: string;
}

/** SQL: array of {@link Member} that belong to the object. Members of classes are bound by 'i', those of families by 'a'. */
const members = (catalogue: string, oid: string, bond: string): string => `
  (SELECT coalesce(json_agg(json_build_object('key', m.key, 'sql', m.sql) ORDER BY m.sql), '[]') FROM (
    SELECT 'pg_amop:' || a.oid AS key, 'OPERATOR ' || amopstrategy || ' ' || amopopr::regoperator || coalesce((
      SELECT ' FOR ORDER BY ' || quote_ident(s.nspname) || '.' || quote_ident(f.opfname)
      FROM pg_opfamily f JOIN pg_namespace s ON s.oid = f.opfnamespace WHERE f.oid = amopsortfamily), '') AS sql
    FROM pg_amop a JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = a.oid AND d.deptype = '${bond}'
    WHERE d.refclassid = '${catalogue}'::regclass AND d.refobjid = ${oid}
    UNION ALL
    SELECT 'pg_amproc:' || p.oid, 'FUNCTION ' || amprocnum || ' (' || format_type(amproclefttype, NULL) || ', '
      || format_type(amprocrighttype, NULL) || ') ' || amproc::regprocedure
    FROM pg_amproc p JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = p.oid AND d.deptype = '${bond}'
    WHERE d.refclassid = '${catalogue}'::regclass AND d.refobjid = ${oid}) m)`;

export async function readOperatorFamilies(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    oid: number;
    schema: string;
    name: string;
    method: string;
    members: Member[];
  }>(
    `SELECT f.oid, nspname AS schema, opfname AS name, amname AS method, ${members('pg_opfamily', 'f.oid', 'a')} AS members
     FROM pg_opfamily f JOIN pg_namespace n ON n.oid = opfnamespace JOIN pg_am am ON am.oid = opfmethod
     WHERE ${ownSchema('nspname')} AND ${notOfExtension('pg_opfamily', 'f.oid')}`,
  );
  return rows.flatMap((row): DefinedObject[] => {
    const { schema, name } = row;
    const key = `pg_opfamily:${row.oid}`;
    const family = `OPERATOR FAMILY ${quoteQualified(schema, name)} USING ${quoteIdentifier(row.method)}`;
    return [
      {
        key,
        when: 'before',
        definition: { kind: 'operator family', schema, name, sql: `CREATE ${family}` },
      },
      ...row.members.map((member): DefinedObject => ({
        key: member.key,
        requires: [key],
        when: 'before',
        definition: {
          kind: 'operator family',
          schema,
          name: `${name} ${member.sql}`,
          sql: `ALTER ${family} ADD ${member.sql}`,
        },
      })),
    ];
  });
}

export async function readOperatorClasses(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    oid: number;
    schema: string;
    name: string;
    method: string;
    isDefault: boolean;
    type: string;
    storage: string | null;
    family: [string, string];
    members: Member[];
  }>(
    `SELECT c.oid, n.nspname AS schema, opcname AS name, amname AS method, opcdefault AS "isDefault",
       format_type(opcintype, NULL) AS type, CASE WHEN opckeytype <> 0 THEN format_type(opckeytype, NULL) END AS storage,
       json_build_array(fn.nspname, opfname) AS family, ${members('pg_opclass', 'c.oid', 'i')} AS members
     FROM pg_opclass c JOIN pg_namespace n ON n.oid = opcnamespace JOIN pg_am am ON am.oid = opcmethod
     JOIN pg_opfamily f ON f.oid = opcfamily JOIN pg_namespace fn ON fn.oid = opfnamespace
     WHERE ${ownSchema('n.nspname')} AND ${notOfExtension('pg_opclass', 'c.oid')}`,
  );
  return rows.map((row) => {
    const items = [
      ...(row.storage === null ? [] : [`STORAGE ${row.storage}`]),
      ...row.members.map(({ sql }) => sql),
    ];
    // A class needs one item at least; its own type is no storage of another kind.
    if (items.length === 0) items.push(`STORAGE ${row.type}`);
    return {
      key: `pg_opclass:${row.oid}`,
      parts: row.members.map(({ key }) => key),
      when: 'before',
      definition: {
        kind: 'operator class',
        schema: row.schema,
        name: row.name,
        sql: [
          `CREATE OPERATOR CLASS ${quoteQualified(row.schema, row.name)}`,
          `${row.isDefault ? 'DEFAULT ' : ''}FOR TYPE ${row.type} USING ${quoteIdentifier(row.method)}`,
          `FAMILY ${quoteQualified(...row.family)} AS\n  ${items.join(',\n  ')}`,
        ].join(' '),
      },
    };
  });
}
