// README.txt, the first entry: how to get everything back without this program, in plain words.

import type { Manifest } from './schema.ts';

/** The text of README.txt for an archive. */
export function readmeText(manifest: Manifest): string {
  const { app, stamp, createdAt, tool, database, roots } = manifest;
  const version =
    stamp.appVersion ??
    (stamp.range ? `${stamp.range.from} to ${stamp.range.to}` : 'of an unknown version');
  return `This is an archive of ${app.title} ${version}, made on ${createdAt} by dms-backup ${tool.toolVersion}.

To restore it with dms-backup (needs Node 24 or later):

    npx dms-backup restore THIS-FILE --app ${app.name}

It is an ordinary tar file, compressed with zstd, gzip or not at all, as its name says. Without dms-backup:

    tar --zstd -xf THIS-FILE        (tar -xzf for .tar.gz, tar -xf for .tar)

What is inside:

    README.txt             this text
    manifest.json          application, version and how it was found, migrations, options
    media/<root>/...       the files as they were on disk
${roots.map(({ name, directory }) => `                           ${name}: ${directory}\n`).join('')}\
    database/schema.json   tables and columns${database ? ` (from ${database.engine} ${database.engineVersion})` : ''}
    database/ddl/          the exact definitions: pre-data.sql first, post-data.sql after the rows
    database/tables/       the rows, in the text format of PostgreSQL's COPY: one line per row, columns separated by tabs,
                           \\N for NULL, backslash escapes; columns in the order of schema.json, generated columns left
                           out. Beside some chunks a .storage file names values whose SQLite storage class differs from
                           the usual one of their column.
    catalogue/             one JSON line per document: title, tags, correspondent, files
    tree/                  links to the newest version of each document, by owner, folder and title: open these
    index.jsonl            every entry with size, SHA-256 and place
    seal.json              counts, digests and the proof of completeness. No seal: the archive is not complete

By hand: copy media/<root>/ to its place, create an empty database, run pre-data.sql, load the rows of each table (psql:
\\copy table (columns) from 'file'), run post-data.sql, set the counters that schema.json lists under "sequences".
The format is described in docs/archive-format.md of dms-backup.
`;
}
