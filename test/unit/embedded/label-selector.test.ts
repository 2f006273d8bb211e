import { describe, expect, test } from 'vitest';
import {
  labelSelectorText,
  matchesLabels,
  parseLabelSelector,
} from '../../world/embedded-kubernetes/label-selector.ts';

const labels = { app: 'web', tier: 'front', rank: '7' };

describe('a label selector', () => {
  test.for([
    '',
    'app=web',
    'app==web,tier=front',
    'app!=api',
    'other!=x',
    'app in (api,web)',
    'app in (web), tier notin (back,middle)',
    'other notin (x)',
    'app',
    '!other',
    'rank>6,rank<8',
  ])('matches: %s', (text) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(true);
  });

  test.for(['app=api', 'app!=web', 'app in (api)', 'app notin (web)', '!app', 'other', 'rank>7', 'rank<7'])(
    'does not match: %s',
    (text) => {
      expect(matchesLabels(parseLabelSelector(text), labels)).toBe(false);
    },
  );

  test.for(['a b c', 'app in web', '=web', 'app=(web', 'rank>x'])('is refused with 400: %s', (text) => {
    expect(() => parseLabelSelector(text)).toThrow('unable to parse requirement');
  });

  test('is written as a Scale carries it, in the order of its keys', () => {
    const text = 'tier,app=web,!gone,rank in (7,6)';
    expect(labelSelectorText(parseLabelSelector(text))).toBe('app=web,!gone,rank in (6,7),tier');
  });
});
