import { describe, expect, test } from 'vitest';
import {
  backUp,
  features,
  makeDatabase,
  restore,
  stateOf,
  type Backup,
} from '../../../test/mariadb-server.ts';
import type { MariadbLocation } from './names.ts';

/** Types of newer MariaDB become texts elsewhere. */
function asServerTakes(sql: string): string {
  if (features.hasUuid) return sql;
  return sql
    .replace('u uuid, i4 inet4', 'u char(36), i4 varchar(15)')
    .replace('i6 inet6', 'i6 varchar(39)');
}

/** Backs up, restores elsewhere, and compares through a reader that shares no code with the engine. */
async function expectRoundTrip(source: MariadbLocation, chunkBytes?: number): Promise<Backup> {
  const backup = await backUp(source, chunkBytes);
  const target = await makeDatabase();
  expect(await restore(backup, target)).toEqual(backup.digests);
  expect(await stateOf(target)).toEqual(await stateOf(source));
  return backup;
}

function textOf(backup: Backup, table: string): string {
  return Buffer.concat((backup.chunks.get(table) ?? []).map((chunk) => chunk.bytes)).toString();
}

describe('values', () => {
  test('each type, with its extremes', async () => {
    const source = await makeDatabase(
      asServerTakes(`SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO';
      CREATE TABLE numbers (id int PRIMARY KEY AUTO_INCREMENT, ti tinyint, tu tinyint unsigned, b tinyint(1), si smallint,
        mu mediumint unsigned, i int, z int(5) unsigned zerofill, bi bigint, bu bigint unsigned, d decimal(65,30),
        f float, f2 float(7,4), db double, db2 double(10,2), bt bit(1), b64 bit(64), y year);
      INSERT INTO numbers VALUES (0, -128, 255, 1, -32768, 16777215, -2147483648, 42, -9223372036854775808, 18446744073709551615,
        '12345678901234567890123456789012345.123456789012345678901234567890', 0.1, 999.00009, 0.1e0 + 0.2e0, 12345.678, b'1',
        b'1000000000000000000000000000000000000000000000000000000000000001', 2024),
       (7, 127, 0, 0, 1, 1, 1, 1, 1, 1, -1, 16777217, -1, 5e-324, -1, b'0', b'0', 0),
       (8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3.4028234663852886e38, NULL, 1.7976931348623157e308, NULL, NULL, NULL, NULL),
       (9, 1, 1, 7, 1, 1, 1, 1, 1, 1, 0.1, 1.17549435e-38, 1, '-0', 1, b'1', b'1', 1901);
      ALTER TABLE numbers AUTO_INCREMENT = 4711;
      CREATE TABLE times (id int PRIMARY KEY, d date, t time(6), t0 time, dt datetime(6), dt0 datetime, ts timestamp(3) NULL, ts0 timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp);
      INSERT INTO times VALUES (1, '9999-12-31', '-838:59:59.000000', '838:59:59', '9999-12-31 23:59:59.999999', '1000-01-01 00:00:00', '2038-01-19 03:14:07.999', '1970-01-01 00:00:01'),
       (2, '0000-00-00', '00:00:00', '00:00:00', '0000-00-00 00:00:00', '2020-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'),
       (3, '2021-02-31', NULL, NULL, NULL, NULL, NULL, '2021-03-28 01:30:00');
      CREATE TABLE texts (id int PRIMARY KEY, c char(4), v varchar(200), t text, l longtext, l1 varchar(50) CHARACTER SET latin1,
        u16 varchar(20) CHARACTER SET utf16, sj varchar(20) CHARACTER SET sjis, e enum('a','ä€?','') NOT NULL, s set('x','y','z'),
        b binary(4), vb varchar(10) CHARACTER SET binary, bl longblob, j json, u uuid, i4 inet4, i6 inet6, g geometry, p point);
      INSERT INTO texts VALUES (1, 'ab', 'tab\\tnl\\ncr\\rbs\\\\q''"\`', 'ä😀\\b\\0', '\\\\N', 'ÄÖÜ€', 'ä😀', 'ｶﾅ', 'ä€?', 'x,z', 'ab', x'00ff5c0a09', x'00010203fffe', '{"a": [1, 2.50]}',
         '123e4567-e89b-12d3-a456-426655440000', '10.0.0.1', '::1', ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326), ST_GeomFromText('POINT(1 2)')),
       (2, '', '', '', '\\\\.', NULL, NULL, NULL, '', '', '', '', '', '"\\\\u00e4 \\\\n"', NULL, NULL, NULL, NULL, NULL),
       (3, NULL, CHAR(1,2,3,4,5,6,7,11,12,14,27,31,127 USING utf8mb4), NULL, NULL, CONVERT(x'818d8f909d' USING latin1), NULL, NULL, 'a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`),
    );
    const backup = await expectRoundTrip(source);
    expect(textOf(backup, 'numbers').split('\n').slice(0, 2)).toEqual([
      '0\t-128\t255\t1\t-32768\t16777215\t-2147483648\t42\t-9223372036854775808\t18446744073709551615\t12345678901234567890123456789012345.123456789012345678901234567890\t0.10000000149011612\t999.0001220703125\t0.30000000000000004\t12345.68\t\\\\x01\t\\\\x8000000000000001\t2024',
      '7\t127\t0\t0\t1\t1\t1\t1\t1\t1\t-1.000000000000000000000000000000\t16777216\t-1\t5e-324\t-1\t\\\\x00\t\\\\x0000000000000000\t0000',
    ]);
    expect(textOf(backup, 'times').split('\n').slice(0, 3)).toEqual([
      '1\t9999-12-31\t-838:59:59.000000\t838:59:59\t9999-12-31 23:59:59.999999\t1000-01-01 00:00:00\t2038-01-19 03:14:07.999+00\t1970-01-01 00:00:01+00',
      '2\t0000-00-00\t00:00:00.000000\t00:00:00\t0000-00-00 00:00:00.000000\t2020-00-00 00:00:00\t0000-00-00 00:00:00.000\t0000-00-00 00:00:00',
      '3\t2021-02-31\t\\N\t\\N\t\\N\t\\N\t\\N\t2021-03-28 01:30:00+00',
    ]);
    expect(backup.brokenRules).toEqual([
      "table 'times', column 'd': 1 zero dates",
      "table 'times', column 'dt': 1 zero dates",
      "table 'times', column 'dt0': 1 zero dates",
      "table 'times', column 'ts': 1 zero dates",
      "table 'times', column 'ts0': 1 zero dates",
    ]);
    const types = Object.fromEntries(
      backup.schema.tables.flatMap(({ columns }) =>
        columns.map(({ name, logicalType }) => [name, logicalType]),
      ),
    );
    expect(types).toMatchObject({
      b: 'bytes',
      j: 'json',
      u: features.hasUuid ? 'uuid' : 'text',
      ts: 'timestamptz',
      dt: 'timestamp',
      g: 'bytes',
    });
    expect(backup.schema.sequences).toContainEqual({ name: 'numbers', value: '4711' });
  });
});

describe('definitions', () => {
  test('tables of all kinds', async () => {
    const source = await makeDatabase(`SET foreign_key_checks = 0;
      CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT, b_id int, CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b (id) ON DELETE CASCADE);
      CREATE TABLE b (id int PRIMARY KEY AUTO_INCREMENT, a_id int, n int, txt text, UNIQUE KEY u (n), FULLTEXT KEY ft (txt), FOREIGN KEY (a_id) REFERENCES a (id));
      INSERT INTO a VALUES (1, 1), (2, 1); INSERT INTO b VALUES (1, 2, 5, 'some words'), (3, 1, NULL, NULL);
      CREATE TABLE gen (id int, st int AS (id * 2) STORED, vi varchar(20) AS (concat('v', id)) VIRTUAL, hidden int DEFAULT 4 INVISIBLE,
        ck int CHECK (ck > 0), d datetime(6) DEFAULT current_timestamp(6), x varchar(20) DEFAULT (concat('a', 'b')), KEY (st), KEY (vi)) COMMENT 'it''s \\n AUTO_INCREMENT=5';
      INSERT INTO gen (id, hidden, ck) VALUES (2, 1, 3), (1, 2, NULL), (2, 1, 3);
      CREATE TABLE nokey (a int, b text, KEY (a)); INSERT INTO nokey VALUES (3, 'z'), (1, 'y'), (3, 'z'), (2, NULL);
      CREATE TABLE blank (id int PRIMARY KEY);
      CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
      INSERT INTO parts VALUES (11, 1), (3, 2);
      CREATE TABLE myisam (id int PRIMARY KEY) ENGINE=MyISAM; INSERT INTO myisam VALUES (2), (1);
      CREATE TABLE l1 (v varchar(10)) DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci ROW_FORMAT=COMPRESSED;
      CREATE TABLE \`"; drop table x; --\` (\`a b\` int PRIMARY KEY, \`q"'\`\`\\n\n;\` int, \`\\\`\`\` text); INSERT INTO \`"; drop table x; --\` VALUES (1, 2, 'x');
      CREATE TABLE \`tä/ö.x\` (\`ü\` int); INSERT INTO \`tä/ö.x\` VALUES (1);
      ${features.isMysql ? '' : 'CREATE SEQUENCE seq START WITH 100 INCREMENT BY 5 CACHE 10; SELECT nextval(seq)'}`);
    const backup = await expectRoundTrip(source);
    expect(backup.brokenRules).toEqual([
      "table 'myisam' uses storage engine MyISAM, which knows no transactions: it is read as it is at its turn",
    ]);
    expect(textOf(backup, 'nokey')).toBe('3\tz\n1\ty\n3\tz\n2\t\\N\n');
  });

  test('views, routines, triggers and events', async () => {
    // MySQL takes no characters beyond the basic plane in routines and triggers.
    const sign = features.isMysql ? 'ö' : '😀';
    const source = await makeDatabase(`
      CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, v varchar(20)); CREATE TABLE log (n int, txt varchar(100));
      CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a + 1;
      CREATE PROCEDURE p(IN a varchar(10), OUT b int) BEGIN /* ä${sign} */ SELECT count(*) INTO b FROM t WHERE v = a; END;
      CREATE VIEW z1 AS SELECT id, f(id) AS g, 'x\`y' AS q FROM t WHERE v <> '😀';
      CREATE VIEW a2 AS SELECT z1.id FROM z1 JOIN t ON t.id = z1.id;
      CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW m AS SELECT * FROM t WITH CASCADED CHECK OPTION;
      SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
      CREATE TRIGGER "tr 2" AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (NEW.id, 'for each row ' || '${sign}'); END;
      CREATE TRIGGER tr1 AFTER INSERT ON t FOR EACH ROW PRECEDES "tr 2" INSERT INTO log VALUES (1, 'first');
      SET sql_mode = '';
      CREATE TRIGGER tr3 BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = upper(NEW.v);
      SET time_zone = 'SYSTEM';
      CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 10:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'c' DO DELETE FROM log;
      CREATE EVENT ev2 ON SCHEDULE AT '2035-01-01 10:00:00' DO BEGIN DELETE FROM log; END;
      INSERT INTO t VALUES (1, 'a')`);
    await expectRoundTrip(source);
  });
});
