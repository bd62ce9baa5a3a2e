// Which installation an archive is of. Archives of one installation replace each other in retention; those of two must not.

import type { Manifest } from '../archive/schema.ts';

export interface ArchivedInstance {
  /** Equal for archives of one instance. */
  readonly key: string;
  readonly app: string;
  readonly title: string;
  /** What tells it from others of the application, for people: `database and media; paperless on db:5432; /srv/media`. */
  readonly place: string;
  /** Of the database; null when the archive has none. */
  readonly location: string | null;
  /** Of the roots, by name. */
  readonly directories: ReadonlyMap<string, string>;
}

/**
 * True for archives of one installation, whatever parts of it they have: nothing that both of them name lies elsewhere.
 */
export function isSameInstallation(one: ArchivedInstance, other: ArchivedInstance): boolean {
  if (one.app !== other.app) return false;
  if (one.location !== null && other.location !== null && one.location !== other.location)
    return false;
  return [...other.directories].every(
    ([name, directory]) => (one.directories.get(name) ?? directory) === directory,
  );
}

/**
 * The instance is the application, the place of its database, and its roots. These stay the same over upgrades of the application
 * and of dms-backup, and over a change of the server's user or password; they are different for two installations on one machine. A
 * moved installation is a new instance: its former archives are kept as they are until somebody prunes them with rules of
 * their own. An archive of the database alone or the media alone is no replacement for a whole one, so the parts count as well.
 */
export function archivedInstance(manifest: Manifest): ArchivedInstance {
  const { app, database, roots, options } = manifest;
  const parts = options.parts.toSorted();
  const directories = roots.map(({ name, directory }) => `${name}=${directory}`).toSorted();
  const location = database?.place ?? database?.engine ?? null;
  return {
    key: JSON.stringify([app.name, parts, location, directories]),
    app: app.name,
    location,
    directories: new Map(roots.map(({ name, directory }) => [name, directory])),
    title: app.title,
    place: [
      parts.length === 2 ? [] : `${parts.join(', ')} only`,
      location ?? [],
      roots.map(({ directory }) => directory).join(', '),
    ]
      .flat()
      .filter((text) => text !== '')
      .join('; '),
  };
}
