// Correspondents, document types, storage paths, tags in a tree, custom fields, saved views.

import type { Random } from '../random.ts';
import { randomMoment } from '../random.ts';
import { userIds } from './people.ts';
import type { Row, RowWriter } from './row-writer.ts';

export const CORRESPONDENTS = [
  'Stadtwerke Köln',
  'Ärzte & Co',
  'Finanzamt "Mitte"',
  'Łódź Sp. z o.o.',
  '東京電力',
  'Größe ÆØÅ',
  'Doppelt',
  'Doppelt',
] as const;

export const DOCUMENT_TYPE_COUNT = 4;

/** In order of the tree; the last one is a late row. `parent` counts from 1. */
export const TAGS: readonly { name: string; parent: number | null; owner?: 'anna' }[] = [
  { name: 'Eingang', parent: null },
  { name: 'Rechnung', parent: null },
  { name: 'Strom 😀', parent: 2 },
  { name: 'Gas', parent: 3, owner: 'anna' },
  { name: 'Wasser', parent: 2 },
  { name: 'steuer-2025', parent: null },
  { name: '_\\N_', parent: null },
  { name: 'zuletzt', parent: null },
];

/** Ids of {@link writeClassification}'s custom fields. */
export const FIELDS = {
  amount: 1,
  links: 2,
  status: 3,
  text: 4,
  due: 5,
  count: 6,
  ratio: 7,
  paid: 8,
  url: 9,
  long: 10,
};

export function writeClassification(writer: RowWriter, random: Random): void {
  const { admin, anna, juergen } = userIds(writer.appVersion);
  writer.insertAll(
    'documents_correspondent',
    CORRESPONDENTS.map((name, index) => ({
      name,
      match: index === 1 ? '^Rg\\.\\s+\\d+$' : '',
      matching_algorithm: index % 6,
      is_insensitive: index % 2 === 0,
      // The same name twice: once of a user, once of nobody.
      owner_id: [null, anna, juergen, null, null, null, admin, null][index] ?? null,
    })),
  );
  writer.insertAll(
    'documents_documenttype',
    ['Rechnung', 'Vertrag', 'Brief', 'Café ☕'].map((name) => ({ name, is_insensitive: true })),
  );
  writer.insertAll('documents_storagepath', [
    {
      name: 'Nach Jahr',
      path: '{{ created_year }}/{{ correspondent }}/{{ title }}',
      owner_id: admin,
    },
    { name: 'Flach \\ alt', path: '{% if tag_list %}{{ tag_list }}/{% endif %}{{ title }}\n\\x' },
  ]);
  for (let index = 0; index < TAGS.length - 1; index++) writeTag(writer, index + 1);
  const options = [
    { id: 'aB3xYz9Q', label: 'bezahlt' },
    { id: 'k2', label: 'offen \\N' },
  ];
  writer.insertAll(
    'documents_customfield',
    [
      { name: 'Betrag', data_type: 'monetary', extra_data: '{"default_currency": "EUR"}' },
      { name: 'Verweise', data_type: 'documentlink' },
      {
        name: 'Status',
        data_type: 'select',
        extra_data: JSON.stringify({ select_options: options }),
      },
      { name: 'Kürzel', data_type: 'string' },
      { name: 'Fällig', data_type: 'date' },
      { name: 'Anzahl', data_type: 'integer' },
      { name: 'Anteil', data_type: 'float' },
      { name: 'Erledigt', data_type: 'boolean' },
      { name: 'Adresse', data_type: 'url' },
      { name: 'Bemerkung', data_type: 'longtext' },
    ].map((field) => ({ ...field, created: randomMoment(random) })),
  );
  writer.insertAll('documents_savedview', [
    {
      name: 'Posteingang',
      sort_field: 'created',
      sort_reverse: true,
      page_size: 25,
      display_mode: 'table',
      display_fields: '["title", "created", "custom_field_1"]',
      owner_id: admin,
      show_on_dashboard: true,
      show_in_sidebar: true,
    },
    { name: 'Offen', owner_id: anna },
  ]);
  writer.insertAll('documents_savedviewfilterrule', [
    { rule_type: 6, value: '1', saved_view_id: 1 },
    { rule_type: 20, value: '"\\N" OR title:\'x\'', saved_view_id: 1 },
    { rule_type: 8, value: null, saved_view_id: 2 },
  ]);
}

/** One tag with the columns that keep its place in the tree; `id` is its position in {@link TAGS}. */
export function writeTag(writer: RowWriter, id: number): void {
  const tag = TAGS[id - 1];
  if (!tag) throw new Error(`there is no tag ${id}`);
  const ancestors = pathToRoot(id);
  const children = childrenOf(id);
  const descendants = descendantsOf(id);
  const family = childrenOf(tag.parent);
  const siblings = family.filter((other) => other !== id);
  const row: Row = {
    id,
    name: tag.name,
    color: ['#a6cee3', '#e31a1c', '#33a02c', '#ff7f00'][id % 4] ?? '#ffffff',
    is_inbox_tag: id === 1,
    is_insensitive: true,
    matching_algorithm: id % 6,
    owner_id: tag.owner ? userIds(writer.appVersion)[tag.owner] : null,
    tn_parent_id: tag.parent,
    tn_ancestors_pks: ancestors.join(','),
    tn_ancestors_count: ancestors.length,
    tn_children_pks: children.join(','),
    tn_children_count: children.length,
    tn_descendants_pks: descendants.join(','),
    tn_descendants_count: descendants.length,
    tn_siblings_pks: siblings.join(','),
    tn_siblings_count: siblings.length,
    tn_depth: heightOf(id),
    tn_level: ancestors.length + 1,
    tn_index: family.indexOf(id),
    tn_order: id - 1,
  };
  writer.insert('documents_tag', row);
}

function childrenOf(id: number | null): number[] {
  return TAGS.flatMap((tag, index) => (tag.parent === id ? [index + 1] : []));
}

function descendantsOf(id: number): number[] {
  return childrenOf(id).flatMap((child) => [child, ...descendantsOf(child)]);
}

function heightOf(id: number): number {
  return Math.max(-1, ...childrenOf(id).map(heightOf)) + 1;
}

function pathToRoot(id: number): number[] {
  const parent = TAGS[id - 1]?.parent ?? null;
  return parent === null ? [] : [...pathToRoot(parent), parent];
}
