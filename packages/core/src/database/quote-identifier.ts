// How names are written in SQL of all engines: always quoted, right for every name (MariaDB reads it so with ANSI_QUOTES).

/** `"name"`, quotes doubled. No engine has names with NUL, so none is looked for. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
