// What a test asks for and what it gets back: a small NextGIS Web instance with every kind of file and table that matters.
// Paths of files are relative to the media root (`sdir`).

import type { SampleServer } from '../paperless/sample-instance.ts';

/** 3.9: JSON as text, no file sizes; 4.9: history of layers; 5.5: layers without geometry. */
export type NextgiswebVersion = '3.9.0' | '4.9.0' | '5.5.0';

export interface NextgiswebOptions {
  readonly appVersion: NextgiswebVersion;
  /** Geometry columns and `spatial_ref_sys`: the server needs PostGIS. Else layers have their fields only. */
  readonly postgis: boolean;
}

/** A row of `fileobj` and its file. */
export interface NextgiswebFile {
  readonly id: number;
  readonly component: string;
  readonly uuid: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** The resource that owns it; null for the file of another package. */
  readonly resource: number | null;
  readonly role: string;
}

export interface NextgiswebInstance {
  readonly appVersion: NextgiswebVersion;
  readonly directory: string;
  readonly mediaDirectory: string;
  /** `config/config.ini`; paths in it are relative to `directory`. */
  readonly configPath: string;
  readonly server: SampleServer;
  readonly files: readonly NextgiswebFile[];
  /** Ids of all resources, in order. */
  readonly resources: readonly number[];
  /** `component.revision`, sorted, with those of a package that is no part of the product. */
  readonly revisions: readonly string[];
  /** Files that the product makes anew or forgets. */
  readonly derived: readonly string[];
  /** Files that must be kept although no row names them. */
  readonly kept: readonly string[];
  /** Files in the file storage without a row. */
  readonly orphans: readonly string[];
  /** By name; no output of a tool may show one of the values. */
  readonly secrets: Readonly<Record<string, string>>;
}
