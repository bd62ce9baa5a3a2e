// What a sample instance of Papermerge holds: documents with their versions and files, in the rows and paths of each generation.
// With traps: all states that healthy instances have and that look like damage.

import { writePdf } from '../content/pdf.ts';
import {
  Builder,
  topFolders,
  type Owner,
  type PapermergeDocument,
  type PapermergeVersion,
} from './builder.ts';
import { addPeople, addTags, groupName, tagId } from './people.ts';
import type { Row } from './rows.ts';
import type { PapermergeRelease } from './schema.ts';

export interface PapermergeContent {
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly documents: readonly PapermergeDocument[];
  /** Files that no row names. */
  readonly orphans: readonly string[];
  readonly secrets: readonly string[];
}

interface Plan {
  readonly title: string;
  readonly name: string | null;
  readonly owner: string;
  readonly folder: readonly string[];
  readonly tags?: readonly string[];
  /** Sizes as the rows state them: true, zero, or nothing uploaded. */
  readonly versions: readonly ('stored' | 'zero' | 'nothing')[];
  readonly group?: boolean;
  /** 2.1: the second version has the number of the first one. */
  readonly sharesNumber?: boolean;
}

const usual: readonly Plan[] = [
  {
    title: 'invoice.pdf',
    name: 'invoice.pdf',
    owner: 'anna',
    folder: ['Verträge'],
    tags: ['größe', 'bezahlt'],
    versions: ['stored', 'zero'],
  },
  {
    title: 'Übersicht März',
    name: 'U\u0308bersicht März.pdf',
    owner: 'anna',
    folder: ['Verträge', 'C:\\alt "2021"'],
    tags: ['größe'],
    versions: ['stored'],
  },
  {
    title: '-leading dash',
    name: '-leading dash.pdf',
    owner: 'admin',
    folder: [],
    versions: ['stored'],
  },
  {
    title: '😀 receipt',
    name: '😀 receipt.pdf',
    owner: 'admin',
    folder: ['Verträge'],
    versions: ['stored', 'zero', 'zero'],
  },
];

const traps: readonly Plan[] = [
  { title: 'never uploaded', name: null, owner: 'anna', folder: [], versions: ['nothing'] },
  {
    title: 'uploaded again',
    name: 'again.pdf',
    owner: 'anna',
    folder: [],
    versions: ['stored', 'stored'],
    sharesNumber: true,
  },
  {
    title: 'of the group',
    name: 'group.pdf',
    owner: 'anna',
    folder: [],
    versions: ['stored'],
    group: true,
  },
];

export interface ContentOptions {
  readonly release: PapermergeRelease;
  /** Further documents beside the handful that are always there. */
  readonly more: number;
  readonly traps: boolean;
  /** SQLite keeps the rows of deleted documents from 3.3 on. */
  readonly leavesRows: boolean;
}

export function planContent({
  release,
  more,
  traps: withTraps,
  leavesRows,
}: ContentOptions): PapermergeContent {
  const builder = new Builder(release);
  const users = addPeople(builder);
  addTags(builder, users);
  const many = Array.from({ length: more }, (_, index): Plan => ({
    title: `Beleg ${index + 1}`,
    name: `beleg ${index + 1}.pdf`,
    owner: index % 2 === 0 ? 'anna' : 'admin',
    folder: ['Verträge', `${2000 + (index % 20)}`],
    versions: ['stored'],
  }));
  const hasGroups = builder.isAlembic && !['3.3.1', '3.4.1'].includes(release);
  const wanted = [...usual, ...many, ...(withTraps ? traps : [])].filter(
    ({ group, sharesNumber, versions }) =>
      (group !== true || hasGroups) &&
      (sharesNumber !== true || builder.generation === '2.1') &&
      (builder.generation !== '1.x-2.0' || !versions.includes('nothing')),
  );
  for (const plan of wanted) addDocument(builder, users, plan);
  if (withTraps) addLeftOvers(builder, leavesRows);
  return builder;
}

function addDocument(builder: Builder, users: ReadonlyMap<string, Owner>, plan: Plan): void {
  const owner = users.get(plan.group === true ? groupName : plan.owner);
  if (owner === undefined) throw new Error(`no owner '${plan.owner}'`);
  const home = builder.generation === '1.x-2.0' ? [] : topFolders(builder).slice(0, 1);
  const folder = [...home, ...plan.folder];
  const id = builder.id(`document ${plan.title}`);
  builder.node(id, plan.title, 'document', owner, builder.folder(owner, folder));
  const versions = plan.versions.map((state, index) =>
    addVersion(builder, owner, plan, id, state, index),
  );
  if (builder.generation === '1.x-2.0') addIntegerDocument(builder, plan, id, versions);
  else {
    builder.add(builder.isAlembic ? 'documents' : 'core_document', {
      ...(builder.isAlembic
        ? { node_id: id, document_type_id: builder.id('type') }
        : { basetreenode_ptr_id: id }),
      ocr: true,
      ocr_status: builder.generation === '2.1' ? 'unknown' : 'UNKNOWN',
    });
  }
  addAttributes(builder, plan, id);
  builder.documents.push({
    id,
    title: plan.title,
    owner: owner.name,
    folder,
    tags: [...(plan.tags ?? [])].toSorted(),
    versions,
  });
}

function addIntegerDocument(
  builder: Builder,
  plan: Plan,
  id: string,
  versions: readonly PapermergeVersion[],
): void {
  builder.add('core_document', {
    basetreenode_ptr_id: id,
    file_name: plan.name ?? '',
    size: builder.files.get(versions[0]?.path ?? '')?.length ?? 0,
    digest: null,
    page_count: 1,
    version: versions.at(-1)?.number ?? 0,
  });
}

function addVersion(
  builder: Builder,
  owner: Owner,
  plan: Plan,
  document: string,
  state: Plan['versions'][number],
  index: number,
): PapermergeVersion {
  const first = builder.generation === '1.x-2.0' ? 0 : 1;
  const number = plan.sharesNumber === true ? first : first + index;
  const id =
    builder.generation === '1.x-2.0'
      ? `${document}.${number}`
      : builder.id(`version ${plan.title} ${index}`);
  const content = writePdf({
    title: plan.title,
    lines: [`${plan.title}, version ${number}, state ${index}`],
  });
  const path =
    state === 'nothing' || plan.name === null
      ? null
      : builder.pathOf(owner, document, id, number, plan.name);
  if (path !== null) builder.files.set(path, content);
  if (builder.generation !== '1.x-2.0') {
    const page = builder.id(`page ${plan.title} ${index}`);
    builder.add(builder.isAlembic ? 'document_versions' : 'core_documentversion', {
      id,
      document_id: document,
      number,
      file_name: plan.name,
      lang: 'deu',
      size: state === 'stored' ? content.length : 0,
      page_count: state === 'nothing' ? 0 : 1,
      short_description: state === 'zero' ? 'with OCRed text layer' : 'Original',
      text: '',
    });
    builder.add(builder.isAlembic ? 'pages' : 'core_page', {
      id: page,
      number: 1,
      page_count: 1,
      lang: 'deu',
      document_version_id: id,
    });
    if (state === 'zero') addOcr(builder, owner, document, number, page);
  } else if (number > 0) {
    builder.files.set(
      `results/user_${owner.id}/document_${document}/v${number}/pages/page_1.txt`,
      Buffer.from('text'),
    );
  }
  return { id, number, path };
}

function addOcr(
  builder: Builder,
  owner: Owner,
  document: string,
  number: number,
  page: string,
): void {
  const path =
    builder.generation === '2.1'
      ? `sidecars/user_${owner.id}/document_${document}/v${number}/pages/000001/000001_ocr.svg`
      : `ocr/pages/${page.slice(0, 2)}/${page.slice(2, 4)}/${page}/page.svg`;
  builder.files.set(path, Buffer.from('<svg/>'));
}

function addAttributes(builder: Builder, plan: Plan, id: string): void {
  for (const name of plan.tags ?? []) {
    const tag = tagId(builder, name);
    if (builder.isAlembic)
      builder.add('nodes_tags', {
        id: builder.rows.get('nodes_tags')?.length ?? 0,
        node_id: id,
        tag_id: tag,
      });
    else {
      const type = builder.generation === '1.x-2.0' ? 9 : 11;
      builder.add('core_coloredtag', {
        id: (builder.rows.get('core_coloredtag')?.length ?? 0) + 1,
        object_id: id,
        content_type_id: type,
        tag_id: tag,
      });
    }
  }
  if (plan.title !== 'invoice.pdf') return;
  if (builder.isAlembic) {
    const value = (field: string, column: string, cell: string | number | boolean): void =>
      builder.add('custom_field_values', {
        id: builder.id(`value ${field}`),
        document_id: id,
        field_id: builder.id(`field ${field}`),
        [column]: cell,
        value: JSON.stringify({ raw: cell, sortable: String(cell), metadata: {} }),
      });
    value('Shop "ü"', 'value_text', "O'Hara \\ Söhne");
    value('bezahlt', 'value_boolean', true);
    value('Summe €', 'value_monetary', '1234.56');
  } else if (builder.generation === '1.x-2.0') {
    builder.add('core_kvstore', { id: 1, key: 'shop', value: 'lidl', kv_type: 'text' });
    builder.add('core_kvstorenode', { kvstore_ptr_id: 1, node_id: id });
    // the id of this document as the id of an automate
    builder.add('core_coloredtag', {
      id: 900,
      object_id: id,
      content_type_id: 10,
      tag_id: tagId(builder, 'unused'),
    });
  }
}

/** What deleting leaves behind: files without rows (3.3 and later), and in SQLite rows without their node. */
function addLeftOvers(builder: Builder, leavesRows: boolean): void {
  const document = builder.id('deleted document');
  const version = builder.id('deleted version');
  const owner = { id: document, name: '', isGroup: false };
  const path = builder.pathOf(owner, document, version, 1, 'deleted.pdf');
  builder.files.set(path, writePdf({ title: 'deleted', lines: ['deleted'] }));
  builder.orphans.push(path);
  if (!builder.isAlembic || !leavesRows) return;
  builder.add('documents', { node_id: document, ocr: true, ocr_status: 'UNKNOWN' });
  builder.add('document_versions', {
    id: version,
    document_id: document,
    number: 1,
    file_name: 'deleted.pdf',
    lang: 'deu',
    size: 1,
    page_count: 1,
  });
}
