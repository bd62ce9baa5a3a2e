// Titles, names and sentences in several languages and scripts, all made up.

import type { Random } from '../random.ts';

export const SUBJECTS = [
  'Rechnung',
  'Kündigung',
  'Überweisung',
  'Steuerbescheid',
  'Facture d’électricité',
  'Relevé de compte',
  'Invoice',
  'Lease agreement',
  'Umowa najmu',
  'Zaświadczenie',
  'Kira sözleşmesi',
  'Τιμολόγιο',
  'Квитанция',
  '請求書',
  '保険証券',
  'فاتورة',
  'Räkning',
  'Řádný účet',
  'Ricevuta',
  'Garantía',
] as const satisfies readonly [string, ...string[]];

const SENTENCES = [
  'Bitte überweisen Sie den Betrag bis zum Monatsende.',
  'Vielen Dank für Ihre Treue, Grüße aus Köln.',
  'Le montant est dû à réception.',
  'Please keep this letter for your records.',
  'Proszę zachować ten dokument.',
  'Lütfen bu belgeyi saklayınız.',
  'Παρακαλώ φυλάξτε το έγγραφο.',
  'Сохраните этот документ.',
  'この書類は大切に保管してください。',
  'يرجى الاحتفاظ بهذه الوثيقة.',
  'Total: 1.234,56 € (net 1.037,45 €)',
  'Kundennummer 4711, Vertrag 0815',
] as const satisfies readonly [string, ...string[]];

/** Characters that trip COPY text, CSV, JSON and shells. */
export const AWKWARD_TEXT =
  'tab\there, backslash \\, \\N, \\., quote \' and ", percent %s, dollar $$, line\r\nend, emoji 😀, joined 👩‍👩‍👧, \u2028, \u00a0, e\u0301';

/** A subject and a number, unique as long as the number is. */
export function makeTitle(random: Random, number: number): string {
  return `${random.pick(SUBJECTS)} ${number}`;
}

/** What OCR would have found: title first, two to six sentences. */
export function makeText(random: Random, title: string): string {
  const lines = Array.from({ length: random.integer(2, 6) }, () => random.pick(SENTENCES));
  return [title, ...lines].join('\n');
}

/** An RFC 5322 message with CRLF lines and an encoded subject. */
export function makeMessage(title: string, text: string): Buffer {
  const subject = `=?utf-8?B?${Buffer.from(title, 'utf8').toString('base64')}?=`;
  const head = [
    'From: Ada Min <ada@example.org>',
    'To: archive@example.org',
    `Subject: ${subject}`,
    'Date: Thu, 01 Oct 2026 08:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return Buffer.from(`${[...head, '', ...text.split('\n')].join('\r\n')}\r\n`, 'utf8');
}
