// Keys for tests, and the programs that encrypt and decrypt with them without us.

export { makeAgeKey, runAge, runAgeWithPassphrase } from './age-program.ts';
export type { AgeKey } from './age-program.ts';
export { makeGpgHome } from './gpg-home.ts';
export type { GpgHome } from './gpg-home.ts';
