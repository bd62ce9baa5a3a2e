// What the administrator does after a restore, in order, and the empty directory that the application needs.

import type { Instance, RestoreNotes, Stamp } from '@dms-backup/core';
import { rootOf } from '@dms-backup/core/adapter-kit';
import { folderInMedia } from './file-objects.ts';
import { isSince } from './release.ts';
import { matchRevisions } from './revisions.ts';

/** Member `restoreNotes` of the adapter. Pure. `instance` is the target. */
export function restoreNotes(stamp: Stamp, instance: Instance): RestoreNotes {
  const release = releaseOf(stamp);
  return {
    steps: [
      'Leave the service of NextGIS Web stopped until the steps before its start are done: it must not run during a restore.',
      ...(release === null
        ? []
        : [
            `Run NextGIS Web ${release} with the same packages, or a newer release that the plan allows.`,
          ]),
      'Files come before migrations: put the whole file storage in place first, some migrations read it.',
      ...ownerSteps(instance),
      ...(stamp.migrationState === 'interrupted' ? [finishUpgrade] : []),
      ...migrationSteps(release),
      syncStep(release),
      'Start the service. All users sign in again: sessions and tokens are not in the archive.',
      `Run \`nextgisweb maintenance\`: it builds the overviews of rasters again; until then rasters show slowly.`,
      ...(isSince(release, '4.4.0')
        ? [
            'Check the result with `nextgisweb check_integrity`; 5.4 and 5.5 report a mismatch of `raster_layer.geo_transform` on sound databases, too.',
          ]
        : []),
      'Keys of the configuration (database password, OAuth client secret, API keys) are not in the archive: set them from where you keep them.',
    ],
    createDirectories: uploadDirectory(instance),
  };
}

const finishUpgrade =
  'The archive was made in the middle of an upgrade: run `nextgisweb migration upgrade` of the newer release before the start.';

/** The exact release, else the newest of the range, else what the revisions say. */
export function releaseOf(stamp: Stamp): string | null {
  return stamp.appVersion ?? stamp.range?.to ?? matchRevisions(stamp.migrations).range?.to ?? null;
}

/** The trigger on `srs` writes to it as the user of the application; PostGIS gives it to the superuser (section 4.6). */
function ownerSteps(instance: Instance): string[] {
  const database = instance.database?.value;
  const user = database?.engine === 'postgres' ? database.user : undefined;
  const owner = user === undefined ? 'the user of the application' : quoted(user);
  return [
    `The user of the application must own spatial_ref_sys: if it does not, run \`ALTER TABLE public.spatial_ref_sys OWNER TO ${owner}\` as superuser, and the same for geometry_columns and geography_columns.`,
  ];
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Migrations since 3.7; the spelling with a dot up to 4.3. */
function migrationSteps(release: string | null): string[] {
  if (!isSince(release, '3.7.0')) {
    return [
      'For a newer release of the application first apply the dated SQL scripts that it ships (up to 5.4): 3.5 and 3.6 record no migrations.',
    ];
  }
  return [
    `If the code is newer than the archive, run \`${migrationCommand(release)}\` (shows what is pending), then \`${migrationCommand(release)} --no-dry-run\`. Never run \`initialize_db\` on restored data: it would mark all migrations as applied.`,
  ];
}

export function migrationCommand(release: string | null): string {
  return isSince(release, '4.4.0')
    ? 'nextgisweb migration upgrade'
    : 'nextgisweb migration.upgrade';
}

/** The command is there from 4.7 on; it does the same as the two statements. */
function syncStep(release: string | null): string {
  const command = isSince(release, '4.7.0')
    ? '`nextgisweb spatial_ref_sys sync_postgis`'
    : '`TRUNCATE public.spatial_ref_sys; UPDATE public.srs SET id = id`';
  return `spatial_ref_sys comes back as it was; after an upgrade of PostGIS, or if reference systems differ, bring it in line with ${command}.`;
}

/** A migration of 4.3 (file_upload:3803b726) lists this directory and fails without it. */
function uploadDirectory(instance: Instance): RestoreNotes['createDirectories'] {
  if (rootOf(instance, 'media') === undefined) return [];
  return [{ root: 'media', path: folderInMedia(instance, 'file_upload.path') ?? 'file_upload' }];
}
