// Tables of the sample as the releases have them (nextgisweb 3.9.0, 4.9.0, 5.5.0: models of the components), those without
// traps left out. Column lists follow the fact sheets; names of keys are the server's own.

import { fields, layers, tileCache } from './names.ts';
import type { NextgiswebOptions } from './sample-instance.ts';

/** Statements in order, for an empty database. */
export function schemaStatements({ appVersion, postgis }: NextgiswebOptions): string[] {
  const since4 = appVersion !== '3.9.0';
  const since5 = appVersion === '5.5.0';
  const json = since4 ? 'jsonb' : 'varchar';
  return [
    ...(postgis ? ['CREATE EXTENSION IF NOT EXISTS postgis', 'TRUNCATE spatial_ref_sys'] : []),
    'CREATE SCHEMA vector_layer',
    'CREATE SCHEMA tile_cache',
    'CREATE SEQUENCE principal_seq',
    'CREATE SEQUENCE srs_id_seq MINVALUE 990001 MAXVALUE 998999',
    `CREATE TABLE setting (component varchar, name varchar, value ${json}, PRIMARY KEY (component, name))`,
    'CREATE TABLE core_migration (component varchar, revision varchar, PRIMARY KEY (component, revision))',
    "CREATE TABLE auth_principal (id int PRIMARY KEY DEFAULT nextval('principal_seq'), cls varchar(1) NOT NULL, system bool NOT NULL, display_name varchar NOT NULL)",
    'CREATE TABLE auth_user (principal_id int PRIMARY KEY REFERENCES auth_principal, keyname varchar UNIQUE, password_hash varchar)',
    'CREATE TABLE pyramid_session (id varchar(32) PRIMARY KEY, created timestamp NOT NULL)',
    `CREATE TABLE pyramid_session_store (session_id varchar(32) REFERENCES pyramid_session, key varchar, value ${json} NOT NULL, PRIMARY KEY (session_id, key))`,
    ...tokenTables(since4),
    `CREATE TABLE fileobj (id serial PRIMARY KEY, component varchar NOT NULL, uuid varchar(32) NOT NULL${since4 ? ', size bigint NOT NULL' : ''}, UNIQUE (uuid, component))`,
    'CREATE TABLE resource (id serial PRIMARY KEY, cls varchar NOT NULL, parent_id int REFERENCES resource, keyname varchar UNIQUE, display_name varchar NOT NULL, creation_date timestamp NOT NULL, owner_user_id int NOT NULL REFERENCES auth_principal, description text)',
    'CREATE TABLE resource_group (id int PRIMARY KEY REFERENCES resource)',
    'CREATE TABLE resource_social (resource_id int PRIMARY KEY REFERENCES resource, preview_fileobj_id int REFERENCES fileobj, preview_description varchar)',
    `CREATE TABLE srs (id int PRIMARY KEY DEFAULT nextval('srs_id_seq'), display_name varchar NOT NULL, auth_name varchar, auth_srid int, wkt varchar NOT NULL, ${since5 ? 'wkt_short varchar NOT NULL, ' : ''}proj4 varchar NOT NULL)`,
    ...(postgis ? referenceSystemTrigger(since5) : []),
    `CREATE TABLE vector_layer (id int PRIMARY KEY REFERENCES resource, tbl_uuid varchar(32) NOT NULL, srs_id int REFERENCES srs, geometry_type varchar(50) NOT NULL)`,
    'CREATE TABLE layer_field (id serial PRIMARY KEY, layer_id int NOT NULL REFERENCES resource, cls varchar NOT NULL, idx int NOT NULL, keyname varchar NOT NULL, datatype varchar(50) NOT NULL, display_name varchar NOT NULL)',
    'CREATE TABLE layer_field_vector_layer (id int PRIMARY KEY REFERENCES layer_field, fld_uuid varchar(32) NOT NULL)',
    'ALTER TABLE vector_layer ADD feature_label_field_id int REFERENCES layer_field_vector_layer',
    `CREATE TABLE feature_attachment (resource_id int NOT NULL REFERENCES resource, feature_id int NOT NULL, ${since5 ? 'extension_id serial, PRIMARY KEY (resource_id, feature_id, extension_id)' : 'id serial PRIMARY KEY'}, fileobj_id int NOT NULL REFERENCES fileobj, name varchar, mime_type varchar NOT NULL)`,
    ...(since4 ? historyTables : []),
    `CREATE TABLE raster_layer (id int PRIMARY KEY REFERENCES resource, fileobj_id int REFERENCES fileobj, srs_id int NOT NULL REFERENCES srs, xsize int NOT NULL, ysize int NOT NULL${since4 ? ', cog bool NOT NULL' : ''})`,
    ...(since5 ? bucketTables : []),
    'CREATE TABLE svg_marker_library (id int PRIMARY KEY REFERENCES resource)',
    'CREATE TABLE svg_marker (id serial PRIMARY KEY, svg_marker_library_id int NOT NULL REFERENCES svg_marker_library, fileobj_id int NOT NULL REFERENCES fileobj, name varchar(255) NOT NULL)',
    'CREATE TABLE resource_tile_cache (resource_id int PRIMARY KEY REFERENCES resource, uuid uuid NOT NULL, enabled bool NOT NULL)',
    'CREATE TABLE postgis_connection (id int PRIMARY KEY REFERENCES resource, hostname varchar NOT NULL, port int, database varchar NOT NULL, username varchar NOT NULL, password varchar NOT NULL)',
    'CREATE TABLE tmsclient_connection (id int PRIMARY KEY REFERENCES resource, url_template varchar NOT NULL, apikey varchar, apikey_param varchar)',
    ...(since4
      ? [
          'CREATE TABLE audit_journal (tstamp timestamp, ident smallint, data jsonb NOT NULL, PRIMARY KEY (tstamp, ident))',
        ]
      : []),
    'CREATE TABLE acme_inspection (id int PRIMARY KEY, fileobj_id int NOT NULL REFERENCES fileobj, note varchar)',
    ...layerTables(layers.plain, fields.plainName, since5 ? '' : geometry(postgis)),
    ...layerTables(layers.versioned, fields.versionedName, geometry(postgis)),
    ...(since4 ? layerHistory(geometry(postgis)) : []),
    `CREATE TABLE tile_cache."${tileCache}" (z smallint, x int, y int, color int, tstamp int NOT NULL, PRIMARY KEY (z, x, y))`,
  ];
}

function geometry(postgis: boolean): string {
  return postgis ? 'geom geometry(Point, 3857), ' : '';
}

/** The sequence belongs to no column, and may go below zero. */
function layerTables(layer: string, field: string, geom: string): string[] {
  const table = `vector_layer.layer_${layer}`;
  return [
    `CREATE TABLE ${table} (id int PRIMARY KEY, ${geom}fld_${field} varchar)`,
    `CREATE SEQUENCE ${table}_id_seq MINVALUE -2147483648 START 1`,
    ...(geom === ''
      ? []
      : [`CREATE INDEX "idx_layer_${layer}_geom" ON ${table} USING gist (geom)`]),
  ];
}

function layerHistory(geom: string): string[] {
  const table = `vector_layer.layer_${layers.versioned}`;
  return [
    `CREATE TABLE ${table}_e (fid int PRIMARY KEY, vid int NOT NULL, vop char(1) NOT NULL)`,
    `CREATE TABLE ${table}_h (vid int, fid int, nid int NOT NULL, vop char(1) NOT NULL, nop char(1) NOT NULL, ${geom}fld_${fields.versionedName} varchar, PRIMARY KEY (vid, fid), CHECK (nid > vid))`,
    `ALTER TABLE ${table}_h ADD EXCLUDE USING gist (int4range(vid, nid) WITH &&, int4range(fid, fid, '[]') WITH &&)`,
    `ALTER TABLE ${table} ADD FOREIGN KEY (id) REFERENCES ${table}_e (fid) DEFERRABLE INITIALLY DEFERRED`,
  ];
}

const historyTables = [
  'CREATE SEQUENCE feature_layer_vmeta_epoch_seq',
  'CREATE TABLE feature_layer_vmeta (resource_id int PRIMARY KEY REFERENCES resource, epoch int NOT NULL, latest int NOT NULL)',
  'CREATE TABLE feature_attachment_ht (resource_id int NOT NULL REFERENCES feature_layer_vmeta ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, feature_id int NOT NULL, extension_id int NOT NULL, version_id int NOT NULL, fileobj_id int REFERENCES fileobj, PRIMARY KEY (resource_id, feature_id, extension_id, version_id))',
];

const bucketTables = [
  'CREATE TABLE raster_layer_storage (id int PRIMARY KEY REFERENCES resource, endpoint varchar NOT NULL, bucket varchar NOT NULL, prefix varchar NOT NULL, access_key varchar, secret_key varchar)',
  'ALTER TABLE raster_layer ADD storage_id int REFERENCES raster_layer_storage, ADD storage_filename varchar',
];

function tokenTables(since4: boolean): string[] {
  return since4
    ? [
        'CREATE TABLE auth_oauth_atoken (id varchar PRIMARY KEY, exp bigint NOT NULL, sub varchar NOT NULL, data jsonb NOT NULL)',
        'CREATE TABLE auth_oauth_ptoken (id varchar PRIMARY KEY, user_id int NOT NULL, access_token varchar NOT NULL, refresh_token varchar NOT NULL)',
      ]
    : [
        'CREATE TABLE auth_oauth_token (id varchar PRIMARY KEY, exp bigint NOT NULL, sub varchar NOT NULL, data varchar NOT NULL)',
      ];
}

/** Our own body of the same behaviour: PostGIS's table follows the product's. Unqualified names, as there. */
function referenceSystemTrigger(since5: boolean): string[] {
  return [
    `CREATE FUNCTION srs_spatial_ref_sys_sync() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_OP <> 'INSERT' THEN DELETE FROM spatial_ref_sys WHERE srid = OLD.id; END IF;
      IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
      INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)
        VALUES (NEW.id, NEW.auth_name, NEW.auth_srid, NEW.${since5 ? 'wkt_short' : 'wkt'}, NEW.proj4);
      RETURN NEW;
    END $$`,
    'CREATE TRIGGER spatial_ref_sys AFTER INSERT OR UPDATE OR DELETE ON srs FOR EACH ROW EXECUTE PROCEDURE srs_spatial_ref_sys_sync()',
  ];
}
