// Results as core returns them, small; tests change what they are about.

import type {
  BackupResult,
  CheckResult,
  DoctorResult,
  DrillResult,
  Exception,
  Excluded,
  InspectResult,
  RestorePlan,
  RestoreResult,
  Stamp,
  VerifyResult,
} from '@dms-backup/core';

export const sampleStamp: Stamp = {
  appVersion: '3.0.5',
  range: { from: '3.0.5', to: '3.0.5' },
  foundBy: 'migrations of the database',
  evidence: [],
  migrations: [],
  migrationState: 'complete',
  warnings: [],
};

const proof: BackupResult['proof'] = {
  documents: 200,
  documentsComplete: 200,
  references: 612,
  referencesWithChecksum: 400,
  unreferencedFiles: 0,
  exceptions: 0,
  exceptionsListed: [],
};

const counts: BackupResult['counts'] = {
  files: 812,
  directories: 30,
  links: 0,
  mediaBytes: 1_288_490_189,
  tables: 61,
  rows: 12_345,
  databaseBytes: 4_000_000,
  documents: 200,
};

export const sampleExcluded: Excluded[] = [
  { kind: 'table', name: 'django_session', class: 'ephemeral', reason: 'logins' },
  {
    kind: 'file',
    root: 'data',
    path: 'index/',
    class: 'derived',
    reason: 'rebuilt by the application',
  },
];

export const sampleException: Exception = {
  reason: 'missing',
  class: 'essential',
  role: 'original',
  documentId: '12',
  documentTitle: 'Invoice \u001b[2J',
  root: 'media',
  path: 'documents/originals/0000012.pdf',
  detail: 'no such file',
};

export const sampleBackup: BackupResult = {
  path: '/backup/paperless-3.0.5.tar.zst',
  archiveId: '7f9c24e8-3b12-4fef-91e0-1b0c3bb1a111',
  app: 'paperless',
  stamp: sampleStamp,
  counts,
  archiveBytes: 1_100_000_000,
  proof,
  excluded: sampleExcluded,
  externals: [],
  unknownTables: [],
  warnings: [],
  dryRun: false,
  complete: true,
  removal: null,
  exitCode: 0,
};

export const incompleteBackup: BackupResult = {
  ...sampleBackup,
  proof: {
    ...proof,
    documentsComplete: 199,
    exceptions: 25,
    exceptionsListed: Array.from({ length: 25 }, () => sampleException),
  },
  complete: false,
  exitCode: 3,
};

export const sampleVerify: VerifyResult = {
  archive: '/backup/a.tar.zst',
  archiveId: sampleBackup.archiveId,
  quick: false,
  entries: 900,
  bytes: 1_300_000_000,
  proof,
  exitCode: 0,
};

export const sampleInspect: InspectResult = {
  archive: '/backup/my archive.tar.zst',
  archiveBytes: 1_100_000_000,
  encryption: null,
  manifest: {
    formatVersion: 1,
    archiveId: sampleBackup.archiveId,
    createdAt: '2026-11-21T03:15:00Z',
    tool: { name: 'dms-backup', toolVersion: '0.1.0' },
    app: { name: 'paperless', title: 'paperless-ngx' },
    adapter: { name: '@dms-backup/adapter-paperless', packageVersion: '0.1.0', contractVersion: 1 },
    stamp: sampleStamp,
    database: { engine: 'sqlite', engineVersion: '3.50.4', encoding: 'UTF-8' },
    roots: [{ name: 'media', directory: '/srv/media' }],
    options: { compression: 'zstd', level: 1, parts: ['database', 'media'], excludeClasses: [] },
    settings: [],
    secretsElsewhere: ['PAPERLESS_SECRET_KEY'],
    secretColumns: ['paperless_mail_mailaccount.password'],
  },
  counts,
  proof,
  tables: [],
  excluded: sampleExcluded,
  exceptions: [],
  externals: [],
  sealedAt: '2026-11-21T03:16:10Z',
};

export const samplePlan: RestorePlan = {
  archive: {
    path: '/backup/a.tar.zst',
    id: sampleBackup.archiveId,
    createdAt: '2026-11-21T03:15:00Z',
    app: 'paperless',
    stamp: sampleStamp,
  },
  target: {
    database: { place: '/srv/data/db.sqlite3', engine: 'sqlite', state: 'occupied', tables: 61 },
    roots: [
      { name: 'media', directory: '/srv/media', state: 'occupied' },
      { name: 'data', directory: '/srv/data', state: 'missing' },
    ],
    stamp: { ...sampleStamp, appVersion: null, range: { from: '3.1.0', to: '3.1.2' } },
  },
  compatibility: {
    verdict: 'migrates',
    explanation: 'the target is newer',
    steps: ['documents.1077_x'],
  },
  neededBytes: 1_300_000_000,
  freeBytes: 90_000_000_000,
  replaces: ['/srv/data/db.sqlite3', '/srv/media'],
  keepsUndo: true,
  excluded: sampleExcluded,
  notes: ['sessions are not restored'],
  move: null,
};

export const sampleRestore: RestoreResult = {
  planOnly: false,
  plan: samplePlan,
  restored: { tables: 61, rows: 12_345, files: 812, bytes: 1_288_490_189 },
  undo: '/srv/.dms-backup-undo',
  recovered: null,
  nextSteps: ['start the application', 'rebuild the index'],
  warnings: [],
  exitCode: 0,
};

export const sampleCheck: CheckResult = {
  app: 'paperless',
  stamp: sampleStamp,
  documents: 200,
  documentsComplete: 199,
  files: 812,
  findings: [
    {
      level: 'info',
      reason: 'orphan',
      documentId: null,
      documentTitle: null,
      path: 'media/x.pdf',
      text: 'no row names it',
    },
    {
      level: 'warning',
      reason: 'missing',
      documentId: '7',
      documentTitle: 'Letter',
      path: 'media/thumb/7.webp',
      text: 'thumbnail is missing',
    },
    {
      level: 'error',
      reason: 'checksum',
      documentId: '12',
      documentTitle: 'Invoice',
      path: 'media/12.pdf',
      text: 'not the recorded content',
    },
    {
      level: 'info',
      reason: 'size',
      documentId: '12',
      documentTitle: 'Invoice',
      path: null,
      text: 'media/12.pdf has grown',
    },
  ],
  findingsOmitted: 0,
  exitCode: 3,
};

export const sampleDrill: DrillResult = {
  archive: '/backup/paperless-3.0.5.tar.zst',
  archiveId: '7f9c24e8-3b12-4fef-91e0-1b0c3bb1a111',
  app: 'paperless',
  appVersion: '3.0.5',
  engine: 'postgres',
  restoreSeconds: 83.4,
  documents: 200,
  documentsComplete: 200,
  files: 812,
  sampled: 100,
  sampleProblems: [],
  findings: [],
  findingsOmitted: 0,
  errorsOfSource: 0,
  log: '/backup/paperless-3.0.5.tar.zst.drill.jsonl',
  kept: null,
  warnings: [],
  exitCode: 0,
};

export const sampleDoctor: DoctorResult = {
  app: 'paperless',
  instance: {
    database: { value: { engine: 'sqlite', path: '/srv/data/db.sqlite3' }, source: '--data' },
    roots: [
      { name: 'media', directory: '/srv/media', source: 'PAPERLESS_MEDIA_ROOT', required: true },
    ],
    settings: [
      { name: 'PAPERLESS_FILENAME_FORMAT', value: '{title}', source: '/etc/paperless.conf' },
    ],
    secrets: [],
    lookedAt: [
      { place: '/etc/paperless.conf', found: true },
      { place: './paperless.conf', found: false },
    ],
    warnings: [],
  },
  stamp: sampleStamp,
  recovery: null,
  checks: [
    { name: 'database', ok: true, says: 'can be read', remedy: null },
    { name: 'media', ok: false, says: 'is not there', remedy: 'mount the volume' },
  ],
  exitCode: 2,
};
