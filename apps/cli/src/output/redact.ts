// Last line of defence against secrets on the screen. Our own messages carry none; foreign ones (drivers, bugs) may.

const mask = '***';

/** `scheme://user:password@host` and `scheme://user:password` at the end of authority: the password goes. */
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*):[^\s/@]*@/gi;
/**
 * `password=...`, `passphrase: ...`, `"password":"..."` and the like in key-value strings of drivers. MySQL's servers say
 * `using password: YES` and tell nothing by it.
 */
const namedSecret =
  /\b(pass(?:word|phrase|wd)?|pwd|secret|token)(["']?\s*[=:]\s*)(?!(?:YES|NO)\b)("[^"]*"|'[^']*'|[^\s,;&'"]+)/gi;
/** `PGPASSWORD=...`, `MYSQL_PWD=...`, `PAPERLESS_DBPASS=...`: variables as shells and configuration files write them. */
const namedVariable =
  /\b([A-Z][A-Z0-9_]*(?:PASS(?:WORD|PHRASE|WD)?|_PWD|SECRET|TOKEN|_KEY))(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&'"]+)/g;
const secretName = /PASS|PWD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY/i;
/** `PWD` is a directory, and a variable that names a file or a program holds no secret itself. */
const noSecretName = /^(OLD)?PWD$|_(FILE|DIR|PATH|COMMAND)$|ASKPASS$|PASSFILE$/i;
/** Shorter values (`1`, `no`, `app`) are no secrets, and replacing them would spoil the text. */
const shortestSecret = 5;

/** Takes passwords in URLs out of any text. */
export function redactUrls(text: string): string {
  return text.replace(urlPassword, `$1:${mask}@`);
}

/** For text that is not ours: passwords in URLs, named secrets, and the values of variables that sound like secrets. */
export function redactForeign(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  let redacted = redactUrls(text)
    .replace(namedSecret, `$1$2${mask}`)
    .replace(namedVariable, `$1$2${mask}`);
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value.length < shortestSecret) continue;
    if (secretName.test(name) && !noSecretName.test(name))
      redacted = redacted.replaceAll(value, mask);
  }
  return redacted;
}
