// Rows of the sample: one of each kind, in two languages, with the traps of the product. Values that are to stay secret come
// from `names.ts`.

import revisions from '../data/nextgisweb-revisions.json' with { type: 'json' };
import { fields, fileObjects, layers, secrets, tileCache } from './names.ts';
import type { NextgiswebOptions, NextgiswebVersion } from './sample-instance.ts';

type Value = string | number | boolean | null;
/** Table with its columns, and the rows. */
export type RowSet = readonly [string, readonly string[], readonly (readonly Value[])[]];

/** Operation code of a created feature in the tables of vector layers: the Cyrillic letter, not the Latin one. */
export const CREATED = '\u0421';

/** Id, class, parent, name, key. The root is 0. */
const resources: readonly (readonly [number, string, number | null, string, string | null])[] = [
  [0, 'resource_group', null, 'Основная группа', null],
  [1, 'resource_group', 0, 'Maps / Karten', 'maps'],
  [2, 'vector_layer', 1, 'Слой "кавычки"', null],
  [3, 'vector_layer', 1, 'Versioned С', null],
  [4, 'raster_layer', 1, 'Растр COG', null],
  [5, 'raster_layer', 1, 'Raster ohne COG', null],
  [6, 'svg_marker_library', 0, 'Значки', null],
  [7, 'raster_style', 5, 'Style', null],
  [8, 'webmap', 0, 'Web map', null],
  [9, 'postgis_connection', 0, 'PostGIS внешний', null],
  [10, 'tmsclient_connection', 0, 'Плитки', null],
];
const bucket: (typeof resources)[number] = [11, 'raster_layer_storage', 0, 'Bucket', null];

function resourcesOf(appVersion: NextgiswebVersion): typeof resources {
  return appVersion === '5.5.0' ? [...resources, bucket] : resources;
}

export function resourceIds(appVersion: NextgiswebVersion): number[] {
  return resourcesOf(appVersion).map(([id]) => id);
}

/** `component.revision` of the release and of a package beside it, sorted. */
export function revisionNames(appVersion: NextgiswebVersion): string[] {
  const own: Readonly<Record<string, readonly string[]>> = revisions[appVersion];
  const all = { ...own, acme_inspection: ['00000000', '3f9c21aa'] };
  return Object.entries(all)
    .flatMap(([component, list]) => list.map((revision) => `${component}.${revision}`))
    .toSorted();
}

export function rowSets({ appVersion, postgis }: NextgiswebOptions): RowSet[] {
  const since4 = appVersion !== '3.9.0';
  const since5 = appVersion === '5.5.0';
  const wkt = 'LOCAL_CS["made up"]';
  const systems = [4326, 3857, 990_001].map((id) => [
    id,
    `System ${id}`,
    id < 990_000 ? 'EPSG' : null,
    id < 990_000 ? id : null,
    wkt,
    ...(since5 ? [wkt] : []),
    '+proj=longlat',
  ]);
  return [
    [
      'core_migration',
      ['component', 'revision'],
      revisionNames(appVersion).map((name) => name.split('.')),
    ],
    [
      'setting',
      ['component', 'name', 'value'],
      [['core', 'instance_id', '"5d2f7a10-93c4-4f0e-8f5e-0a1b2c3d4e5f"']],
    ],
    [
      'auth_principal',
      ['id', 'cls', 'system', 'display_name'],
      [
        [5, 'U', false, 'Администратор'],
        [6, 'G', false, 'Administrators'],
      ],
    ],
    ['auth_user', ['principal_id', 'keyname', 'password_hash'], [[5, 'administrator', '$5$x']]],
    ['pyramid_session', ['id', 'created'], [['0123456789abcdef', '2026-01-02 03:04:05']]],
    [
      'pyramid_session_store',
      ['session_id', 'key', 'value'],
      [['0123456789abcdef', 'auth', JSON.stringify(secrets.session)]],
    ],
    ...tokens(since4),
    [
      'fileobj',
      ['id', 'component', 'uuid', ...(since4 ? ['size'] : [])],
      fileObjects
        .filter(([, , , , role]) => since4 || role !== 'formerAttachment')
        .map(([id, component, uuid, , , content]) => [
          id,
          component,
          uuid,
          ...(since4 ? [Buffer.byteLength(content)] : []),
        ]),
    ],
    [
      'resource',
      ['id', 'cls', 'parent_id', 'display_name', 'keyname', 'creation_date', 'owner_user_id'],
      resourcesOf(appVersion).map((row) => [...row, '2026-01-02 03:04:05.678900', 5]),
    ],
    ['resource_group', ['id'], [[0], [1]]],
    ['resource_social', ['resource_id', 'preview_fileobj_id'], [[8, 6]]],
    [
      'srs',
      [
        'id',
        'display_name',
        'auth_name',
        'auth_srid',
        'wkt',
        ...(since5 ? ['wkt_short'] : []),
        'proj4',
      ],
      systems,
    ],
    [
      'vector_layer',
      ['id', 'tbl_uuid', 'srs_id', 'geometry_type'],
      [
        since5 ? [2, layers.plain, null, 'NONE'] : [2, layers.plain, 3857, 'POINT'],
        [3, layers.versioned, 3857, 'POINT'],
      ],
    ],
    [
      'layer_field',
      ['id', 'layer_id', 'cls', 'idx', 'keyname', 'datatype', 'display_name'],
      [
        [1, 2, 'layer_field_vector_layer', 1, 'name', 'STRING', 'Имя'],
        [2, 3, 'layer_field_vector_layer', 1, 'name', 'STRING', 'Name'],
      ],
    ],
    [
      'layer_field_vector_layer',
      ['id', 'fld_uuid'],
      [
        [1, fields.plainName],
        [2, fields.versionedName],
      ],
    ],
    [
      'feature_attachment',
      [
        'resource_id',
        'feature_id',
        since5 ? 'extension_id' : 'id',
        'fileobj_id',
        'name',
        'mime_type',
      ],
      [
        [2, 1, 1, 1, 'дерево.jpg', 'image/jpeg'],
        [2, 1, 2, 2, 'empty.txt', 'text/plain'],
      ],
    ],
    ...(since4 ? history() : []),
    [
      'raster_layer',
      ['id', 'fileobj_id', 'srs_id', 'xsize', 'ysize', ...(since4 ? ['cog'] : [])],
      [
        [4, 3, 3857, 10, 10, ...(since4 ? [true] : [])],
        [5, 4, 3857, 10, 10, ...(since4 ? [false] : [])],
      ],
    ],
    ['svg_marker_library', ['id'], [[6]]],
    ['svg_marker', ['id', 'svg_marker_library_id', 'fileobj_id', 'name'], [[1, 6, 5, 'дом']]],
    ['resource_tile_cache', ['resource_id', 'uuid', 'enabled'], [[7, tileCache, true]]],
    [
      'postgis_connection',
      ['id', 'hostname', 'port', 'database', 'username', 'password'],
      [[9, 'db.example.invalid', 5433, 'gis', 'reader', secrets.postgisPassword]],
    ],
    [
      'tmsclient_connection',
      ['id', 'url_template', 'apikey', 'apikey_param'],
      [
        [
          10,
          `https://user:${secrets.apiKey}@tiles.example.invalid/{z}/{x}/{y}.png?key=${secrets.apiKey}`,
          secrets.apiKey,
          'key',
        ],
      ],
    ],
    ...(since5 ? [bucketRow] : []),
    ...(since4
      ? [
          [
            'audit_journal',
            ['tstamp', 'ident', 'data'],
            [['2026-01-02 03:04:05', 1, '{"request": {"path": "/"}}']],
          ] as const,
        ]
      : []),
    ['acme_inspection', ['id', 'fileobj_id', 'note'], [[1, 7, 'строка\t\\N']]],
    ...features(since5, postgis),
    [
      `tile_cache."${tileCache}"`,
      ['z', 'x', 'y', 'color', 'tstamp'],
      [[0, 0, 0, 255, 1_700_000_000]],
    ],
  ];
}

const bucketRow: RowSet = [
  'raster_layer_storage',
  ['id', 'endpoint', 'bucket', 'prefix', 'access_key', 'secret_key'],
  [[11, 'https://s3.example.invalid', 'rasters', 'ngw/', 'AKSAMPLE', secrets.storageKey]],
];

function tokens(since4: boolean): RowSet[] {
  const data = JSON.stringify({ token: secrets.accessToken });
  const token: RowSet = [
    since4 ? 'auth_oauth_atoken' : 'auth_oauth_token',
    ['id', 'exp', 'sub', 'data'],
    [['a'.repeat(64), 1_900_000_000, 'subject', data]],
  ];
  const pair: RowSet = [
    'auth_oauth_ptoken',
    ['id', 'user_id', 'access_token', 'refresh_token'],
    [['b'.repeat(64), 5, secrets.accessToken, secrets.accessToken]],
  ];
  return since4 ? [token, pair] : [token];
}

/** Feature 2 was created and deleted; the present ones keep a row in `_e`. */
function history(): RowSet[] {
  const table = `vector_layer.layer_${layers.versioned}`;
  return [
    ['feature_layer_vmeta', ['resource_id', 'epoch', 'latest'], [[3, 1, 3]]],
    [
      'feature_attachment_ht',
      ['resource_id', 'feature_id', 'extension_id', 'version_id', 'fileobj_id'],
      [[3, 1, 3, 1, 8]],
    ],
    [
      `${table}_e`,
      ['fid', 'vid', 'vop'],
      [
        [1, 1, CREATED],
        [2, 3, 'D'],
      ],
    ],
    [
      `${table}_h`,
      ['vid', 'fid', 'nid', 'vop', 'nop', `fld_${fields.versionedName}`],
      [[2, 2, 3, CREATED, 'D', 'deleted']],
    ],
  ];
}

function features(since5: boolean, postgis: boolean): RowSet[] {
  const point = 'SRID=3857;POINT(1 2)';
  const layer = (uuid: string, field: string, hasGeometry: boolean, ids: number[]): RowSet => [
    `vector_layer.layer_${uuid}`,
    ['id', ...(hasGeometry ? ['geom'] : []), `fld_${field}`],
    ids.map((id) => [id, ...(hasGeometry ? [point] : []), `объект ${id}`]),
  ];
  return [
    layer(layers.plain, fields.plainName, postgis && !since5, [-1, 1]),
    layer(layers.versioned, fields.versionedName, postgis, [1]),
  ];
}
