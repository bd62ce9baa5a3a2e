// Reads INI text as the product does: Python's RawConfigParser without interpolation. Keys become `section.option`, option
// names in lower case. Unlike Python 3 it takes the last of two equal options, as Python 2 did (3.5 - 3.9).

import { DmsBackupError } from '@dms-backup/core';

interface Open {
  readonly key: string;
  readonly indent: number;
  readonly lines: string[];
}

/** Throws `configuration-invalid` with the line, never with a value. `place` is the file, for people. */
export function parseIni(text: string, place: string): Map<string, string> {
  const values = new Map<string, string>();
  let section: string | null = null;
  let open: Open | null = null;
  const close = (): void => {
    if (open !== null) values.set(open.key, open.lines.join('\n').trimEnd());
    open = null;
  };
  const lines = text.replace(/^\u{FEFF}/u, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim();
    const indent = line.length - line.trimStart().length;
    if (/^[#;]/.test(trimmed)) continue;
    const current: Open | null = open;
    if (trimmed === '') {
      current?.lines.push('');
      continue;
    }
    if (current !== null && indent > current.indent) {
      current.lines.push(trimmed);
      continue;
    }
    close();
    const header = /^\[([^\]]+)\]/.exec(trimmed)?.[1];
    if (header !== undefined) {
      section = header;
      continue;
    }
    const option = /^([^=:]*?)\s*[=:]\s*(.*)$/.exec(trimmed);
    if (section === null || option === null || option[1] === '') {
      throw invalid(place, index + 1, section === null);
    }
    const key = `${section}.${(option[1] ?? '').toLowerCase()}`;
    open = { key, indent, lines: [option[2] ?? ''] };
  }
  close();
  return values;
}

function invalid(place: string, line: number, isOutside: boolean): DmsBackupError {
  return new DmsBackupError(
    'configuration-invalid',
    `cannot understand ${place}, line ${line}: ${isOutside ? 'no section before it' : 'neither a section nor an option'}`,
    {
      hint: 'Correct the line, or name the parts with --database and --media.',
      context: { file: place, line },
    },
  );
}
