/**
 * A document's update time in full precision, always with nine digits of a second: the version that a conditional
 * write names. One form whoever read it, since versions are compared as text.
 */

const NANO_DIGITS = 9;

/** Of the REST API's form, which leaves out trailing zeros: `2026-11-25T10:00:00.123456Z`. */
export function versionOfTime(time: string): string {
  const [second = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${second}.${fraction.padEnd(NANO_DIGITS, '0')}Z`;
}
