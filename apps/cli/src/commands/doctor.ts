// `doctor`: what was found, from which source, what is missing, and the exact remedy.

import { instanceFlags } from '../arguments/flags.ts';
import { assertApp, createInstanceOptions } from '../instance.ts';
import { createOutcome, type Outcome } from '../output/outcome.ts';
import { drawDoctor } from '../output/pages/doctor-page.ts';
import type { Call, Command } from './command.ts';

async function run(call: Call): Promise<Outcome> {
  const instance = await createInstanceOptions(call);
  const { doctor } = await import('@dms-backup/core');
  const result = await doctor(instance);
  const { name, packageVersion } = instance.adapterPackage;
  const extra = { title: instance.adapter.title, adapter: `${name} ${packageVersion}` };
  return createOutcome(result, result.exitCode, extra, drawDoctor);
}

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'what was found, from which source, what is missing, and the remedy',
  description:
    'Shows where every value comes from and whether a backup could run now. Also finishes or takes back a restore that was killed. Exit code 2: a backup cannot run; the remedy stands beside the reason.',
  operands: [],
  flags: instanceFlags,
  examples: [
    'dms-backup doctor --app paperless',
    'dms-backup doctor --app paperless --config /opt/paperless/docker-compose.env',
    'dms-backup doctor --app paperless --database mariadb://paperless@127.0.0.1/paperless --database-password-file /root/db-password',
  ],
  check: assertApp,
  run,
};
