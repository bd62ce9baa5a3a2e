// Legal but difficult SQLite: names that need quoting, every storage class where no type restrains it, tables without a
// rowid or with columns called rowid, views, triggers, partial and expression indexes, generated columns, statistics.

import type { DatabaseSync } from 'node:sqlite';

import { quoteName } from './paperless/create-schema.ts';

export const HOSTILE_TABLE = 'odd "name"; --';

const LONG_TEXT = 300_000;

/** SQL literals for a column without a type; each is a storage class or a border of one. */
const VALUES = [
  'NULL',
  '0',
  '-1',
  '9223372036854775807',
  '-9223372036854775808',
  '1.0',
  '0.1',
  '-0.0',
  '5e-324',
  '9e999',
  '-9e999',
  "'1'",
  "'1.0'",
  "''",
  "'NULL'",
  "'\\N'",
  "'\\.'",
  "'tab' || char(9) || 'line' || char(10) || 'return' || char(13) || 'back\\slash'",
  "'nul' || char(0) || 'behind it'",
  "'ä' || char(97, 776) || char(128512)",
  "CAST(x'ff' AS TEXT)",
  "CAST(x'61eda08062' AS TEXT)",
  "CAST(x'efbbbf61' AS TEXT)",
  "x''",
  "x'00'",
  "x'00ff5c0a0d09'",
  "CAST('text as bytes' AS BLOB)",
  `zeroblob(${LONG_TEXT})`,
  `printf('%.*c', ${LONG_TEXT}, 'x')`,
];

/** Creates the objects and returns their names. The schema needs no function. */
export function plantHostileObjects(database: DatabaseSync): string[] {
  const odd = quoteName(HOSTILE_TABLE);
  database.exec(`
    CREATE TABLE ${odd} (
      "select" INTEGER PRIMARY KEY AUTOINCREMENT,
      "Größe %" NUMERIC,
      untyped,
      "virtual one" INT GENERATED ALWAYS AS (length(untyped) + 1) VIRTUAL,
      "stored one" TEXT AS (typeof(untyped)) STORED,
      "with default" TEXT NOT NULL DEFAULT (lower('DEFAULT; ''quoted''')),
      CHECK ("select" > 0)
    );
    CREATE INDEX "odd partial" ON ${odd} ("Größe %" DESC) WHERE untyped IS NOT NULL;
    CREATE INDEX odd_expression ON ${odd} (typeof(untyped), length("Größe %"));
    CREATE INDEX odd_generated ON ${odd} ("virtual one");

    CREATE TABLE without_rowid (k TEXT COLLATE NOCASE, n INTEGER, v, PRIMARY KEY (k, n DESC)) WITHOUT ROWID;
    INSERT INTO without_rowid VALUES ('', 1, NULL), ('\\N', 1, '\\.'), ('a', 2, x'41'), ('B', 2, 'B');

    CREATE TABLE shadows (rowid TEXT, oid TEXT, _rowid_ TEXT);
    INSERT INTO shadows VALUES ('b', '2', NULL), ('a', '1', ''), ('a', '1', '');

    CREATE TABLE keyless (v);
    INSERT INTO keyless VALUES (1), (1), (1.0), ('1'), (NULL), (NULL);

    CREATE TABLE strict_one (i INT PRIMARY KEY, r REAL, t TEXT, b BLOB, a ANY) STRICT;
    INSERT INTO strict_one VALUES (1, 1, 't', x'62', 1.5), (2, NULL, NULL, NULL, '2');

    CREATE TABLE circle (
      id INTEGER PRIMARY KEY,
      next INTEGER REFERENCES circle (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
    );
    INSERT INTO circle VALUES (1, 2), (2, 3), (3, 1);

    CREATE TABLE empty_one (a, b);

    CREATE VIEW "a view" AS SELECT k, v AS "v v" FROM without_rowid WHERE v IS NOT NULL;
    CREATE TRIGGER "fires; on" AFTER INSERT ON without_rowid BEGIN
      UPDATE without_rowid SET v = 'changed by trigger' WHERE k = new.k;
      INSERT INTO keyless VALUES ('written by trigger');
    END;
    CREATE TRIGGER instead_of INSTEAD OF DELETE ON "a view" BEGIN SELECT raise(ABORT, 'no'); END;
  `);
  for (const value of VALUES) {
    database.exec(`INSERT INTO ${odd} ("Größe %", untyped) VALUES (${value}, ${value})`);
  }
  // The highest ids are gone, but must not be given again.
  database.exec(`INSERT INTO ${odd} (untyped) VALUES ('gone'), ('gone'), ('gone')`);
  database.exec(`DELETE FROM ${odd} WHERE untyped = 'gone'`);
  database.exec('ANALYZE');
  database.exec('PRAGMA user_version = 20260115; PRAGMA application_id = 1145918293');
  return [
    HOSTILE_TABLE,
    'without_rowid',
    'shadows',
    'keyless',
    'strict_one',
    'circle',
    'empty_one',
  ];
}
