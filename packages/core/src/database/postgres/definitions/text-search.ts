// Dictionaries and configurations of text search. Parsers and templates need C functions and are refused.

import { quoteIdentifier, quoteQualified } from '../identifiers.ts';
import { notOfExtension, ownSchema, type CatalogueReader, type DefinedObject } from './reader.ts';

export async function readDictionaries(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    name: string;
    template: [string, string];
    options: string | null;
  }>(
    `SELECT 'pg_ts_dict:' || d.oid AS key, n.nspname AS schema, dictname AS name, json_build_array(tn.nspname, tmplname) AS template,
       dictinitoption AS options
     FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = dictnamespace JOIN pg_ts_template t ON t.oid = dicttemplate
     JOIN pg_namespace tn ON tn.oid = tmplnamespace
     WHERE ${ownSchema('n.nspname')} AND ${notOfExtension('pg_ts_dict', 'd.oid')}`,
  );
  return rows.map(({ key, schema, name, template, options }) => ({
    key,
    when: 'before',
    definition: {
      kind: 'text search dictionary',
      schema,
      name,
      // dictinitoption is kept as SQL
      sql: `CREATE TEXT SEARCH DICTIONARY ${quoteQualified(schema, name)} (TEMPLATE = ${quoteQualified(...template)}${options ? `, ${options}` : ''})`,
    },
  }));
}

export async function readConfigurations(reader: CatalogueReader): Promise<DefinedObject[]> {
  const rows = await reader.rows<{
    key: string;
    schema: string;
    name: string;
    parser: [string, string];
    mappings: { token: string; dictionaries: [string, string][] }[];
  }>(
    `SELECT 'pg_ts_config:' || c.oid AS key, n.nspname AS schema, cfgname AS name, json_build_array(pn.nspname, prsname) AS parser,
       (SELECT coalesce(json_agg(json_build_object('token', token, 'dictionaries', dictionaries) ORDER BY token), '[]') FROM (
         SELECT t.alias AS token, json_agg(json_build_array(dn.nspname, dictname) ORDER BY mapseqno) AS dictionaries
         FROM pg_ts_config_map m JOIN ts_token_type(cfgparser) t ON t.tokid = maptokentype
         JOIN pg_ts_dict d ON d.oid = mapdict JOIN pg_namespace dn ON dn.oid = dictnamespace
         WHERE mapcfg = c.oid GROUP BY t.alias) mapping) AS mappings
     FROM pg_ts_config c JOIN pg_namespace n ON n.oid = cfgnamespace JOIN pg_ts_parser p ON p.oid = cfgparser
     JOIN pg_namespace pn ON pn.oid = prsnamespace
     WHERE ${ownSchema('n.nspname')} AND ${notOfExtension('pg_ts_config', 'c.oid')}`,
  );
  return rows.map(({ key, schema, name, parser, mappings }) => {
    const configuration = `TEXT SEARCH CONFIGURATION ${quoteQualified(schema, name)}`;
    return {
      key,
      when: 'before',
      definition: {
        kind: 'text search configuration',
        schema,
        name,
        sql: [
          `CREATE ${configuration} (PARSER = ${quoteQualified(...parser)})`,
          ...mappings.map(
            ({ token, dictionaries }) =>
              `ALTER ${configuration} ADD MAPPING FOR ${quoteIdentifier(token)} WITH ${dictionaries
                .map((dictionary) => quoteQualified(...dictionary))
                .join(', ')}`,
          ),
        ].join(';\n'),
      },
    };
  });
}
