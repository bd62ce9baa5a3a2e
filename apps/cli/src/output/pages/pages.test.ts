// Every page as people see it, without colours.

import { parseDatabaseUrl } from '@dms-backup/core';
import { describe, expect, it } from 'vitest';
import {
  incompleteBackup,
  sampleBackup,
  sampleCheck,
  sampleDoctor,
  sampleDrill,
  sampleInspect,
  samplePlan,
  sampleRestore,
  sampleVerify,
} from '../../../test/samples.ts';
import { createOutcome, type Page, type PageContext } from '../outcome.ts';
import { createPaint } from '../paint.ts';
import { drawApps } from './apps-page.ts';
import { drawBackup } from './backup-page.ts';
import { drawCheck } from './check-page.ts';
import { drawDoctor } from './doctor-page.ts';
import { drawDrill } from './drill-page.ts';
import { drawInspect } from './inspect-page.ts';
import { drawRestore, planLines } from './restore-page.ts';
import { drawUndo } from './undo-page.ts';
import { drawVerify } from './verify-page.ts';

const paint = createPaint(false);
const context: PageContext = { stdout: paint, stderr: paint, elapsedMs: 12_300 };
const extra = { title: 'paperless-ngx', location: ['--app', 'paperless'] };

function shown<R extends object, E>(
  result: R,
  more: E,
  draw: (result: R, context: PageContext, extra: E) => Page,
): string {
  const {
    stdout,
    stderr,
    alarms = [],
    warnings = [],
  } = createOutcome(result, 0, more, draw).page(context);
  return [...stdout, '--- stderr', ...stderr, '--- alarms', ...alarms, ...warnings].join('\n');
}

describe('backup', () => {
  it('has a calm summary on stderr only', () => {
    expect(shown(sampleBackup, extra, drawBackup)).toMatchInlineSnapshot(`
      "--- stderr
      paperless-ngx 3.0.5 (migrations of the database)
      200 of 200 documents complete
      database: 61 tables, 12,345 rows, 3.8 MiB; media: 812 files, 1.2 GiB
      not in the archive: table django_session, data/index/
      archive: 1.0 GiB in 12 s
      to get it back: dms-backup restore /backup/paperless-3.0.5.tar.zst --app paperless
      --- alarms"
    `);
  });

  it('names what is wrong, the first twenty, also with --quiet', () => {
    const text = shown(incompleteBackup, extra, drawBackup);
    expect(text).toContain('199 of 200 documents complete');
    const alarms = text.slice(text.indexOf('--- alarms')).split('\n');
    expect(alarms.filter((line) => line.startsWith('  document 12'))).toHaveLength(20);
    expect(alarms[2]).toBe(
      "  document 12 'Invoice \\x1b[2J': original media/documents/originals/0000012.pdf: missing, no such file",
    );
    expect(alarms.at(-2)).toContain('and 5 more');
    expect(alarms.at(-1)).toContain('exit 3');
  });

  it('tells an alarm on removed documents from an incomplete source', () => {
    const removal = {
      since: { name: '/backup/last.tar.zst', createdAt: '2026-11-20T03:15:00Z' },
      documents: 400,
      removed: 200,
      percent: 50,
      first: [],
      rewritten: 0,
      isAlarm: true,
      explanation: '200 of 400 documents (50%) are gone',
    };
    const alarm = {
      ...sampleBackup,
      removal,
      warnings: [removal.explanation],
      exitCode: 3 as const,
    };
    expect(shown(alarm, extra, drawBackup).split('--- alarms\n')[1]?.split('\n')).toEqual([
      'exit 3: the archive is written, but 200 documents of the last one are gone',
      '200 of 400 documents (50%) are gone',
    ]);
    const both = shown({ ...incompleteBackup, removal }, extra, drawBackup);
    expect(both.match(/^exit 3: .*/gmu)).toEqual([
      expect.stringContaining('source data is missing'),
      expect.stringContaining('200 documents of the last one are gone'),
    ]);
  });

  it('says that a dry run wrote nothing, and what the adapter does not know', () => {
    const dry = {
      ...sampleBackup,
      dryRun: true,
      path: null,
      externals: [{ kind: 'bucket', name: 's3://scans', reason: 'the files of 12 documents' }],
      unknownTables: ['plugin_x', 'plugin_y'],
    };
    const text = shown(dry, extra, drawBackup);
    expect(text).toContain('dry run: nothing was written');
    expect(text).toContain('plugin_x, plugin_y');
    expect(text).not.toContain('to get it back');
  });
});

describe('verify', () => {
  it('says what was proved, and what --quick left out', () => {
    expect(shown(sampleVerify, {}, drawVerify)).toMatchInlineSnapshot(`
      "ok: /backup/a.tar.zst
      900 entries, 1.2 GiB, 12 s
      200 of 200 documents complete
      --- stderr
      --- alarms"
    `);
    expect(shown({ ...sampleVerify, quick: true }, {}, drawVerify)).toContain('contents not read');
  });
});

describe('inspect', () => {
  it('without a key says what opens the archive', () => {
    const openedBy = [
      { kind: 'age key', count: 2 },
      { kind: 'passphrase', count: 1 },
    ] as const;
    const locked = { archive: '/backup/a.tar.zst.age', archiveBytes: 1000, manifest: null };
    const result = { ...locked, encryption: { method: 'age', openedBy } } as const;
    expect(shown(result, {}, drawInspect)).toMatchInlineSnapshot(`
      "Encrypted archive
      archive     /backup/a.tar.zst.age, 1.0 KiB
      encryption  age, opened by: 2 x age key, passphrase

      What is in it can be shown with its key only (--identity, --passphrase-file).
      --- stderr
      --- alarms"
    `);
  });

  it('is a page about the archive', () => {
    expect(shown(sampleInspect, {}, drawInspect)).toMatchInlineSnapshot(`
      "Archive of paperless-ngx
      archive      /backup/my archive.tar.zst, 1.0 GiB
      application  paperless-ngx 3.0.5 (migrations of the database)
      created      2026-11-21 03:15:00 UTC
      sealed       2026-11-21 03:16:10 UTC
      id           7f9c24e8-3b12-4fef-91e0-1b0c3bb1a111
      content      database and media
      engine       sqlite 3.50.4, UTF-8
      compression  zstd, level 1
      encryption   none: keep the file safe
      made by      dms-backup 0.1.0, @dms-backup/adapter-paperless 0.1.0

      Counts and proof
      database: 61 tables, 12,345 rows, 3.8 MiB; media: 812 files, 1.2 GiB
      200 of 200 documents complete
      612 files that rows name, 400 compared with the application's checksum

      Not in the archive
        table django_session (ephemeral: logins)
        data/index/ (derived: rebuilt by the application)
      secrets kept elsewhere, needed to run it: PAPERLESS_SECRET_KEY

      Secrets in the archive
      These columns hold secrets in clear. Keep the file as safe as the application itself:
        paperless_mail_mailaccount.password

      To restore
        dms-backup verify '/backup/my archive.tar.zst'
        dms-backup restore '/backup/my archive.tar.zst' --app paperless --plan
      Without dms-backup: README.txt inside the archive tells how.
      --- stderr
      --- alarms"
    `);
  });

  it('says when there is nothing to say', () => {
    const manifest = {
      ...sampleInspect.manifest,
      database: null,
      secretColumns: [],
      secretsElsewhere: [],
    };
    const text = shown({ ...sampleInspect, manifest, excluded: [] }, {}, drawInspect);
    expect(text).toContain('no database');
    expect(text).toContain('nothing that belongs to the parts above');
    expect(text).not.toContain('Secrets in the archive');
  });
});

describe('restore', () => {
  it('shows the plan', () => {
    expect(planLines(samplePlan, paint, true).join('\n')).toMatchInlineSnapshot(`
      "Plan
      archive      /backup/a.tar.zst, 2026-11-21 03:15:00 UTC
      holds        paperless 3.0.5
      target runs  paperless 3.1.0 to 3.1.2
      database     /srv/data/db.sqlite3 (sqlite): in use, 61 tables
      media        /srv/media: in use
      data         /srv/data: not there yet
      versions     the application migrates; the target is newer
      space        1.2 GiB needed, 83.8 GiB free
      steps:
        documents.1077_x
      not in the archive: table django_session, data/index/
      notes:
        sessions are not restored
      replaces:
        /srv/data/db.sqlite3
        /srv/media
      What is replaced is kept: \`dms-backup undo\` puts it back."
    `);
    const careless = planLines({ ...samplePlan, keepsUndo: false }, paint, false).join('\n');
    expect(careless).toContain('NOT kept');
    expect(planLines({ ...samplePlan, replaces: [] }, paint, false)).toContain(
      'nothing is replaced',
    );
  });

  it('ends with the plan when only that was wanted', () => {
    const text = shown({ ...sampleRestore, planOnly: true, restored: null }, extra, drawRestore);
    expect(text).toContain('Nothing was changed (--plan).\n--- stderr');
  });

  it('says what was restored, where the former state is, and what to do next', () => {
    const recovered = { state: 'old' as const, text: 'the target is as it was' };
    const text = shown({ ...sampleRestore, recovered, warnings: ['clock'] }, extra, drawRestore);
    expect(text).toMatchInlineSnapshot(`
      "restored: paperless-ngx 3.0.5
      61 tables, 12,345 rows, 812 files, 1.2 GiB in 12 s
      former state: /srv/.dms-backup-undo (to put it back: dms-backup undo --app paperless)
      next steps:
        1. start the application
        2. rebuild the index
      --- stderr
      --- alarms
      after a run that did not end: the target is as it was
      clock"
    `);
  });
});

describe('undo', () => {
  it('says what was put back', () => {
    const result = { text: 'put back the state before x', places: [], exitCode: 0 as const };
    expect(shown(result, {}, drawUndo)).toContain('done: put back the state before x\n');
  });
});

describe('check', () => {
  it('groups findings by document, the worst first', () => {
    expect(shown(sampleCheck, extra, drawCheck)).toMatchInlineSnapshot(`
      "document 12 'Invoice'
        error checksum: not the recorded content (media/12.pdf)
        info size: media/12.pdf has grown
      document 7 'Letter'
        warning missing: thumbnail is missing (media/thumb/7.webp)
      not of one document
        info orphan: no row names it (media/x.pdf)

      paperless-ngx 3.0.5 (migrations of the database)
      199 of 200 documents complete, 812 files looked at
      1 error, 1 warning, 2 remarks
      --- stderr
      --- alarms"
    `);
  });

  it('says how many findings it does not show', () => {
    const findings = Array.from({ length: 300 }, (_, index) => ({
      level: 'error' as const,
      reason: 'missing',
      documentId: String(index),
      documentTitle: null,
      path: null,
      text: 'gone',
    }));
    const text = shown({ ...sampleCheck, findings, findingsOmitted: 1000 }, extra, drawCheck);
    expect(text).toContain('1,100 findings more');
  });
});

describe('drill', () => {
  it('gives verdict, time and where it is noted', () => {
    expect(shown(sampleDrill, extra, drawDrill)).toMatchInlineSnapshot(`
      "proved: /backup/paperless-3.0.5.tar.zst
      paperless-ngx 3.0.5, restored in 1 min 23 s (postgres)
      200 of 200 documents complete, 812 files looked at, 100 documents opened
      0 errors, 0 warnings, 0 remarks
      drill log: /backup/paperless-3.0.5.tar.zst.drill.jsonl
      --- stderr
      --- alarms"
    `);
  });

  it('shows findings as check does, documents that do not open, and what stands', () => {
    const result = {
      ...sampleDrill,
      documentsComplete: 199,
      findings: sampleCheck.findings.slice(2, 3),
      errorsOfSource: 1,
      sampleProblems: [
        {
          documentId: '7',
          documentTitle: 'Letter \u001b[2J',
          root: 'media',
          path: 'documents/originals/0000007.pdf',
          text: 'does not end as a PDF',
        },
      ],
      kept: {
        folder: '/srv/scratch/dms-backup-drill-a',
        database: '/srv/scratch/dms-backup-drill-a/database',
      },
      warnings: ['a database was not dropped'],
      exitCode: 3 as const,
    };
    expect(shown(result, extra, drawDrill)).toMatchInlineSnapshot(`
      "document 12 'Invoice'
        error checksum: not the recorded content (media/12.pdf)

      do not open:
        document 7 'Letter \\x1b[2J': media/documents/originals/0000007.pdf does not end as a PDF

      not as it should be: /backup/paperless-3.0.5.tar.zst
      paperless-ngx 3.0.5, restored in 1 min 23 s (postgres)
      199 of 200 documents complete, 812 files looked at, 100 documents opened
      1 error, 0 warnings, 0 remarks
      1 error of the source: there when the backup was made
      drill log: /backup/paperless-3.0.5.tar.zst.drill.jsonl
      kept:
        folder /srv/scratch/dms-backup-drill-a
        database /srv/scratch/dms-backup-drill-a/database
      --- stderr
      --- alarms
      a database was not dropped"
    `);
  });
});

describe('doctor', () => {
  it('shows sources, checks and remedies', () => {
    const more = { title: 'paperless-ngx', adapter: '@dms-backup/adapter-paperless 0.1.0' };
    expect(shown(sampleDoctor, more, drawDoctor)).toMatchInlineSnapshot(`
      "paperless-ngx 3.0.5 (migrations of the database)
      adapter @dms-backup/adapter-paperless 0.1.0

      Values and their sources
      database                   sqlite /srv/data/db.sqlite3  (--data)
      media                      /srv/media  (PAPERLESS_MEDIA_ROOT)
      PAPERLESS_FILENAME_FORMAT  {title}  (/etc/paperless.conf)

      Looked at
      found      /etc/paperless.conf
      not there  ./paperless.conf

      Checks
      ok      database  can be read
      not ok  media     is not there
                        remedy: mount the volume

      A backup cannot run: see what is not ok.
      --- stderr
      --- alarms"
    `);
    const database = {
      value: {
        engine: 'postgres' as const,
        host: 'db',
        port: 5432,
        user: 'anna',
        name: 'paperless',
      },
      source: 'PAPERLESS_DBHOST',
    };
    const instance = { ...sampleDoctor.instance, database };
    const good = { ...sampleDoctor, instance, stamp: null, exitCode: 0 as const };
    const text = shown(good, more, drawDoctor);
    expect(text).toContain('postgres://anna@db:5432/paperless  (PAPERLESS_DBHOST)');
    expect(text).toContain('version not found');
    expect(text).toContain('A backup can run now.');
  });

  it.each([
    [
      { engine: 'postgres', host: '/var/run/postgresql', name: 'paperless' },
      'postgres://%2Fvar%2Frun%2Fpostgresql/paperless',
    ],
    [
      {
        engine: 'mariadb',
        host: '::1',
        port: 3307,
        user: 'anna b',
        name: 'docs/1',
        options: { 'ssl-mode': 'VERIFY_CA', 'ssl-ca': '/etc/ca.pem' },
      },
      'mariadb://anna%20b@[::1]:3307/docs%2F1?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem',
    ],
  ] as const)('shows a server as the URL that --database takes: %j', (value, url) => {
    const instance = { ...sampleDoctor.instance, database: { value, source: 'x' } };
    const more = { title: 'paperless-ngx', adapter: 'a' };
    expect(shown({ ...sampleDoctor, instance }, more, drawDoctor)).toContain(`${url}  (x)`);
    expect(parseDatabaseUrl(url, '/')).toEqual(value);
  });
});

describe('apps', () => {
  it('lists adapters, and on stderr those that are broken', () => {
    const result = {
      apps: [
        {
          name: 'paperless',
          title: 'paperless-ngx',
          aliases: ['paperless-ngx'],
          package: '@dms-backup/adapter-paperless',
          packageVersion: '0.1.0',
          supportedVersions: '1.7.0 - 3.0.5',
          engines: ['sqlite' as const, 'postgres' as const],
          directory: '/x',
        },
      ],
      broken: [
        {
          package: 'dms-backup-adapter-bad',
          packageVersion: '1.0.0',
          directory: '/y',
          reason: 'no',
        },
      ],
    };
    expect(shown(result, {}, drawApps)).toMatchInlineSnapshot(`
      "paperless  paperless-ngx
        also      paperless-ngx
        versions  1.7.0 - 3.0.5
        engines   sqlite, postgres
        package   @dms-backup/adapter-paperless 0.1.0
      --- stderr
      --- alarms
      cannot be loaded: dms-backup-adapter-bad 1.0.0 (/y)
        no"
    `);
    expect(shown({ apps: [], broken: [] }, {}, drawApps)).toContain('no adapter can be loaded');
  });
});
