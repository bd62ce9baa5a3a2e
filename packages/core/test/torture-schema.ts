// The torture schema for a server: lines for other major versions left out, PostGIS added where the server has it.

import { readFileSync } from 'node:fs';

/** SQL of `torture-schema.sql` for a major version. */
export function tortureSchema(major: number): string {
  const text = readFileSync(new URL('torture-schema.sql', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => {
      const [, word, version] = / -- (since|until) (\d+)$/.exec(line) ?? [];
      return (
        word === undefined ||
        (word === 'since' ? major >= Number(version) : major <= Number(version))
      );
    })
    .join('\n');
}

/** Types, functions and indexes of PostGIS in use; needs the extension. */
export const postgisSchema = `
  CREATE EXTENSION postgis;
  CREATE SCHEMA geo;
  CREATE TABLE geo.place (id serial PRIMARY KEY, here geometry(Point, 4326) NOT NULL, "Area" geometry(MultiPolygonZ, 3857), shape geography,
    length double precision GENERATED ALWAYS AS (ST_Length(here)) STORED, box box2d DEFAULT 'BOX(0 0,1 1)', CONSTRAINT valid CHECK (ST_IsValid(here)));
  CREATE INDEX place_here ON geo.place USING gist (here);
  CREATE INDEX place_nd ON geo.place USING gist ("Area" gist_geometry_ops_nd) WHERE ST_Area("Area") > 1;
  CREATE VIEW geo.near AS SELECT id, ST_Buffer(here, 1) AS around FROM geo.place WHERE here && ST_MakeEnvelope(0, 0, 1, 1, 4326);
  CREATE TABLE geo.srs (id integer REFERENCES public.spatial_ref_sys (srid));
`;
