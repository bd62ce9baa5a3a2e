// What cli.md promises and this release does not have yet. It is answered clearly (exit 2).

/** Verbs of later releases. */
export const laterVerbs: readonly string[] = ['find', 'extract'];
