// Names that the rows, the tables and the files of the sample share. Uuids are made up; one begins with a digit, as names of
// tile cache tables may.

export const layers = {
  plain: '0b1f4c7e5a6d4e0f9c3b2a1d0e9f8c7b',
  versioned: 'c4d5e6f708194a2bb3c4d5e6f7081920',
} as const;

export const fields = {
  plainName: '11112222333344445555666677778888',
  versionedName: '9999aaaabbbbccccddddeeeeffff0000',
} as const;

export const tileCache = '1a2b3c4d5e6f40718293a4b5c6d7e8f9';

/** Rows of `fileobj`: id, component, uuid, owner, role, content. */
export const fileObjects = [
  [1, 'feature_attachment', 'aa00112233445566778899aabbccddee', 2, 'attachment', 'photo of a tree'],
  [2, 'feature_attachment', 'ab00112233445566778899aabbccddee', 2, 'attachment', ''],
  [3, 'raster_layer', 'ba00112233445566778899aabbccddee', 4, 'raster', 'II*\0 cloud optimised'],
  [4, 'raster_layer', 'bb00112233445566778899aabbccddee', 5, 'raster', 'II*\0 without overviews'],
  [5, 'svg_marker_library', 'ca00112233445566778899aabbccddee', 6, 'marker', '<svg/>'],
  [6, 'social', 'da00112233445566778899aabbccddee', 8, 'preview', 'preview picture'],
  [7, 'acme_inspection', 'ea00112233445566778899aabbccddee', null, 'file', 'report of a package'],
  [8, 'feature_attachment', 'ac00112233445566778899aabbccddee', 3, 'formerAttachment', 'older'],
] as const;

export const fileObjectPath = (component: string, uuid: string): string =>
  `file_storage/${component}/${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`;

export const secrets = {
  databasePassword: 'sample-database-password-31f7',
  oauthClientSecret: 'sample-oauth-client-secret-77aa',
  session: 'sample-session-value-5d1c88',
  accessToken: 'sample-access-token-90be41',
  postgisPassword: 'sample-postgis-password-c0ffee',
  apiKey: 'sample-tile-api-key-44e0',
  storageKey: 'sample-bucket-secret-key-8a21',
} as const;
