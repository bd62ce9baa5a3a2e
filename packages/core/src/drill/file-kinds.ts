// Does a file open? Judged by how it begins and ends, without a program for its kind: enough to tell a document from zeros, from
// half a file and from one that is encrypted or overwritten. What a file is called counts only when its content says nothing.

/** The two ends of a file. A short file has both in common. */
export interface FileEnds {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly size: number;
}

/** Enough for the end of a ZIP archive with the longest comment (APPNOTE 4.3.16: 22 + 65,535 bytes). */
export const endBytes = 66 * 1024;

interface FileKind {
  readonly title: string;
  readonly extensions: readonly string[];
  readonly begins: (head: Buffer) => boolean;
  readonly ends?: (tail: Buffer) => boolean;
}

function bytes(text: string): (head: Buffer) => boolean {
  const wanted = Buffer.from(text, 'latin1');
  return (head) => head.subarray(0, wanted.length).equals(wanted);
}

const any =
  (...tests: readonly ((head: Buffer) => boolean)[]): ((head: Buffer) => boolean) =>
  (head) =>
    tests.some((test) => test(head));

const kinds: readonly FileKind[] = [
  {
    title: 'a PDF',
    extensions: ['pdf'],
    begins: bytes('%PDF-'),
    // readers look for it in the last 1,024 bytes (PDF Reference 1.7, appendix H, note 18)
    ends: (tail) => tail.subarray(-1024).includes('%%EOF'),
  },
  {
    title: 'a PNG image',
    extensions: ['png'],
    begins: bytes('\x89PNG\r\n\x1a\n'),
  },
  { title: 'a JPEG image', extensions: ['jpg', 'jpeg'], begins: bytes('\xff\xd8\xff') },
  {
    title: 'a WebP image',
    extensions: ['webp'],
    begins: (head) => bytes('RIFF')(head) && head.toString('latin1', 8, 12) === 'WEBP',
  },
  {
    title: 'a TIFF image',
    extensions: ['tif', 'tiff'],
    // the last two: BigTIFF
    begins: any(bytes('II*\0'), bytes('MM\0*'), bytes('II+\0'), bytes('MM\0+')),
  },
  { title: 'a GIF image', extensions: ['gif'], begins: any(bytes('GIF87a'), bytes('GIF89a')) },
  {
    title: 'a ZIP archive or office document',
    extensions: ['zip', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'odp', 'odg', 'epub'],
    // the second: an archive without files
    begins: any(bytes('PK\x03\x04'), bytes('PK\x05\x06')),
    ends: (tail) => tail.includes('PK\x05\x06'),
  },
  {
    title: 'an office document of the older kind',
    extensions: ['doc', 'xls', 'ppt', 'msg'],
    begins: bytes('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  },
];

const textExtensions: ReadonlySet<string> = new Set(
  'txt csv tsv md eml html htm json geojson xml yaml yml log rtf svg'.split(' '),
);

/** Readers of PDF take what comes before the header for noise (appendix H, note 13). */
const pdfHeaderBytes = 1024;

/** What is wrong, as words after the name of the file; undefined when it opens. Files of kinds unknown here only have to be there. */
export function fileProblem(path: string, { head, tail, size }: FileEnds): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  const named = kinds.find(({ extensions }) => extensions.includes(extension));
  if (size === 0) return named && 'is empty';
  const isLatePdf =
    extension === 'pdf' && head.subarray(0, pdfHeaderBytes).includes('%PDF-', 0, 'latin1');
  // a JPEG image called .png is a document all the same
  const found = isLatePdf ? named : kinds.find(({ begins }) => begins(head));
  if (found) return found.ends && !found.ends(tail) ? `does not end as ${found.title}` : undefined;
  if (named) return `does not begin as ${named.title}`;
  if (textExtensions.has(extension) && !isWideText(head) && (head.includes(0) || tail.includes(0)))
    return 'is no text: it holds zero bytes';
  return undefined;
}

/** UTF-16 and UTF-32 with their mark. */
function isWideText(head: Buffer): boolean {
  return any(bytes('\xff\xfe'), bytes('\xfe\xff'), bytes('\0\0\xfe\xff'))(head);
}
