// The verb `doctor`: what was found and from where, what is missing and what to do about it. If a restore was killed here, it
// is finished or taken back first, and doctor says which. Otherwise it changes nothing.

import { accessSync, constants, statSync, statfsSync } from 'node:fs';
import type { Instance, Root, Stamp } from './adapter.ts';
import { planTables, unknownTables } from './capture/database.ts';
import { ExclusionList } from './capture/exclusions.ts';
import { readStamp, versionText } from './capture/snapshot.ts';
import { describeLocation } from './database/database-url.ts';
import { isDmsBackupError, systemErrorCode } from './errors.ts';
import { findDatabase } from './instance.ts';
import { findTarget, recoverIfNeeded } from './staging/target.ts';
import type { DoctorResult, InstanceOptions, Recovery } from './verb.ts';

type Check = DoctorResult['checks'][number];

/** Exit code 0 when a backup could run now, else 2. Throws only what prevents any look (`configuration-invalid`, `locked`). */
export async function doctor(options: InstanceOptions): Promise<DoctorResult> {
  const target = await findTarget(options, ['media']);
  const recovery = await recoverTarget(options);
  const { instance } = target;
  const checks: Check[] = [nodeCheck(), ...instance.roots.map(rootCheck)];
  if (recovery)
    checks.push({ name: 'interrupted run', ok: true, says: recovery.text, remedy: null });
  if (instance.roots.length === 0) {
    checks.push({
      name: 'files',
      ok: false,
      says: 'no media root found',
      remedy: 'Name it with --media, or the file that says where it is with --config.',
    });
  }
  const { check, stamp } = await databaseCheck(options, instance);
  checks.push(...check);
  for (const warning of instance.warnings)
    checks.push({ name: 'note', ok: true, says: warning, remedy: null });
  return {
    app: options.adapter.name,
    instance,
    stamp,
    recovery,
    checks,
    exitCode: checks.every(({ ok }) => ok) ? 0 : 2,
  };
}

/** Only when a killed run left a journal is the target locked and written to. */
async function recoverTarget(options: InstanceOptions): Promise<Recovery | null> {
  let target;
  try {
    target = await findTarget(options, ['media', 'database']);
  } catch (error) {
    // no database yet: nothing of it can have been half restored
    if (!isDmsBackupError(error)) throw error;
    target = await findTarget(options, ['media']);
  }
  return await recoverIfNeeded(target);
}

function nodeCheck(): Check {
  return { name: 'node', ok: true, says: `Node ${process.versions.node}`, remedy: null };
}

function rootCheck(root: Root): Check {
  const name = `${root.name} directory`;
  const where = `${root.directory} (${root.source})`;
  try {
    if (!statSync(root.directory).isDirectory())
      throw Object.assign(new Error('no directory'), { code: 'ENOTDIR' });
    accessSync(root.directory, constants.R_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(root.directory);
    return {
      name,
      ok: true,
      says: `${where}, ${Math.round((bavail * bsize) / 2 ** 30)} GiB free`,
      remedy: null,
    };
  } catch (error) {
    const code = systemErrorCode(error);
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    return {
      name,
      ok: !root.required && missing,
      says: `${where} ${missing ? 'does not exist' : `cannot be read (${code})`}`,
      remedy: missing
        ? `Mount the volume here, or name the directory with --${root.name}.`
        : 'Run as the user of the application, or as root.',
    };
  }
}

async function databaseCheck(
  options: InstanceOptions,
  instance: Instance,
): Promise<{ check: Check[]; stamp: Stamp | null }> {
  const name = 'database';
  try {
    const { engine, location, source, connect } = await findDatabase(instance, options);
    const snapshot = await engine.openSnapshot(location, connect);
    try {
      const stamp = await readStamp(options.adapter, snapshot, instance);
      const plans = planTables(options.adapter, snapshot.schema, stamp, [], new ExclusionList());
      const unknown = unknownTables(plans);
      const found: Check[] = [
        {
          name,
          ok: true,
          says: `${describeLocation(location)} (${source}), ${plans.length} tables`,
          remedy: null,
        },
        versionCheck(stamp),
      ];
      if (unknown.length > 0) {
        found.push({
          name: 'unknown tables',
          ok: true,
          says: `kept, although not known: ${unknown.join(', ')}`,
          remedy: null,
        });
      }
      for (const warning of stamp.warnings)
        found.push({ name: 'version note', ok: true, says: warning, remedy: null });
      return { check: found, stamp };
    } finally {
      await snapshot.close();
    }
  } catch (error) {
    if (!isDmsBackupError(error)) throw error;
    return { check: [{ name, ok: false, says: error.message, remedy: error.hint }], stamp: null };
  }
}

function versionCheck(stamp: Stamp): Check {
  const known = stamp.appVersion !== null || stamp.range !== null;
  return {
    name: 'version',
    ok: true,
    says: `${versionText(stamp)}: ${stamp.foundBy}`,
    remedy: known
      ? null
      : 'State it with --app-version; the archive records it as unknown otherwise.',
  };
}
