// Numbers as text, exactly: no value is rounded on its way through JavaScript.

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,7}))?$/;

/** A finite decimal number: `digits` times ten to the power of `exponent`, without zeros at either end. Zero: `'0'`, 0. */
export interface DecimalNumber {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/** Undefined for what is no number (`NaN` and `Infinity` are none either). */
export function parseDecimal(text: string): DecimalNumber | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const all = (whole + fraction).replace(/^0+/, '');
  if (all === '') return { isNegative: false, digits: '0', exponent: 0 };
  let end = all.length;
  while (all.charCodeAt(end - 1) === 0x30) end--;
  const digits = all.slice(0, end);
  return {
    isNegative: sign === '-',
    digits,
    exponent: Number(power) - fraction.length + all.length - end,
  };
}

/** One spelling for equal numbers: `-125e-1`. */
export function canonicalDecimal(text: string): string | undefined {
  const number = parseDecimal(text);
  if (!number) return undefined;
  const { isNegative, digits, exponent } = number;
  return `${isNegative ? '-' : ''}${digits}${exponent === 0 ? '' : `e${exponent}`}`;
}

/** Digits before and after the point. */
export function sizeOf({ digits, exponent }: DecimalNumber): { whole: number; fraction: number } {
  if (digits === '0') return { whole: 0, fraction: 0 };
  return { whole: Math.max(0, digits.length + exponent), fraction: Math.max(0, -exponent) };
}

/** Without an exponent; the caller has seen to it that the size is small. */
export function plainDecimal({ isNegative, digits, exponent }: DecimalNumber): string {
  const sign = isNegative ? '-' : '';
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent);
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** Rounds half away from zero, as PostgreSQL's numeric does. */
export function roundDecimal(text: string, scale: number): string {
  const number = parseDecimal(text);
  if (!number || sizeOf(number).fraction <= scale) return text;
  const cut = -number.exponent - scale;
  const kept = BigInt(number.digits.slice(0, -cut) || '0');
  const first = cut > number.digits.length ? 0 : Number(number.digits.at(-cut));
  const digits = String(first >= 5 ? kept + 1n : kept);
  if (digits === '0') return '0';
  return plainDecimal({ isNegative: number.isNegative, digits, exponent: -scale });
}

/** The double that a text stands for, in one spelling; the sign of zero is lost, as in SQLite. */
export function canonicalFloat(text: string): string | undefined {
  if (/^[+-]?(?:Infinity|inf)$/i.test(text)) return text.startsWith('-') ? '-Infinity' : 'Infinity';
  if (/^nan$/i.test(text)) return 'NaN';
  if (!form.test(text) || !/\d/.test(text)) return undefined;
  const number = Number(text);
  return number === 0 ? '0' : String(number);
}

/** True when a float of 32 bits, printed with the fewest digits, is this number. */
export function fitsSingle(number: number): boolean {
  const single = Math.fround(number);
  for (let precision = 1; precision <= 9; precision++) {
    const printed = Number(number.toPrecision(precision));
    if (Math.fround(printed) === single) return printed === number;
  }
  return single === number;
}
