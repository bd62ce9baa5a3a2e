// Writes small valid PDF 1.4 files: one A4 page with lines of text, optionally with a grey picture of random bytes
// that stands for a scan. Every object is in the cross-reference table at its true offset.

import { createHash } from 'node:crypto';

export interface PdfContent {
  title: string;
  lines: readonly string[];
  /** Grey pixels, as many as a multiple of 16; the file grows by about as many bytes and does not compress. */
  scan?: Buffer | undefined;
}

const FIRST_LINE_Y = 780;
const LINE_HEIGHT = 16;

/** The finished file. */
export function writePdf(content: PdfContent): Buffer {
  const text = content.lines
    .map(
      (line, index) => `1 0 0 1 60 ${FIRST_LINE_Y - index * LINE_HEIGHT} Tm (${literal(line)}) Tj`,
    )
    .join('\n');
  const picture = content.scan ? '\nq 200 0 0 280 60 60 cm /Scan Do Q' : '';
  const page = Buffer.from(`BT /F1 12 Tf\n${text}\nET${picture}`, 'latin1');
  const resources = `/Font << /F1 4 0 R >>${content.scan ? ' /XObject << /Scan 7 0 R >>' : ''}`;
  const objects: Buffer[] = [
    plain('<< /Type /Catalog /Pages 2 0 R >>'),
    plain('<< /Type /Pages /Kids [3 0 R] /Count 1 >>'),
    plain(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << ${resources} >> /Contents 5 0 R >>`,
    ),
    plain('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'),
    stream('', page),
    plain(`<< /Title <${utf16(content.title)}> /Producer (dms-backup test fixtures) >>`),
  ];
  if (content.scan) {
    const size = `/Width 16 /Height ${Math.floor(content.scan.length / 16)}`;
    objects.push(
      stream(
        `/Type /XObject /Subtype /Image ${size} /ColorSpace /DeviceGray /BitsPerComponent 8 `,
        content.scan,
      ),
    );
  }
  return assemble(objects);
}

function assemble(objects: readonly Buffer[]): Buffer {
  // The comment of four high bytes tells transfer programs that the file is binary (PDF 1.4, 3.4.1).
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = parts[0]?.length ?? 0;
  const offsets: number[] = [];
  const append = (part: Buffer): void => {
    parts.push(part);
    length += part.length;
  };
  for (const [index, object] of objects.entries()) {
    offsets.push(length);
    append(plain(`${index + 1} 0 obj\n`));
    append(object);
    append(plain('\nendobj\n'));
  }
  const digest = createHash('md5');
  for (const part of parts) digest.update(part);
  const identifier = digest.digest('hex');
  // Entries are exactly 20 bytes, the line end included.
  const entries = offsets
    .map((offset) => `${offset.toString().padStart(10, '0')} 00000 n \n`)
    .join('');
  const size = objects.length + 1;
  const trailer = `<< /Size ${size} /Root 1 0 R /Info 6 0 R /ID [<${identifier}> <${identifier}>] >>`;
  const start = length;
  append(
    plain(
      `xref\n0 ${size}\n0000000000 65535 f \n${entries}trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

function plain(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function stream(entries: string, data: Buffer): Buffer {
  return Buffer.concat([
    plain(`<< ${entries}/Length ${data.length} >>\nstream\n`),
    data,
    plain('\nendstream'),
  ]);
}

/** The standard fonts have Latin letters only; others become a question mark on the page (not in the title). */
function literal(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\xa0-\xff]/gu, '?').replaceAll(/[\\()]/g, '\\$&');
}

function utf16(text: string): string {
  return `feff${Buffer.from(text, 'utf16le').swap16().toString('hex')}`;
}
