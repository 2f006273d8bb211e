import { type Browser, chromium } from 'playwright-core';
import { partPath } from '../parts/part.ts';

/** Works as root, and speaks to nobody but the pages of a test. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: partPath('chromium'), args: ARGS });
}
