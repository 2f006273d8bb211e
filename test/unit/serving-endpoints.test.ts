import { expect, test } from 'vitest';
import {
  countServing,
  type ServiceObject,
  type SliceObject,
  serviceState,
} from '../../shared/adapters/kubernetes/serving-endpoints.ts';

const HTTP = { name: 'http', port: 80 };
const SERVICE: ServiceObject = { spec: { clusterIP: '10.0.0.1', selector: { app: 'web' }, ports: [HTTP] } };
const HEADLESS: ServiceObject = { spec: { ...SERVICE.spec, clusterIP: 'None' } };

type Endpoints = NonNullable<SliceObject['endpoints']>;

const slice = (endpoints: Endpoints, ports: SliceObject['ports'] = [{ name: 'http', port: 8080 }]) => ({
  endpoints,
  ports,
});
const endpoint = (uid: string, conditions: object = { ready: true, serving: true, terminating: false }) => ({
  addresses: [`10.1.0.${uid}`],
  conditions,
  targetRef: { uid },
});

test('serviceState tells a Service that is missing or has no selector from one with endpoints', () => {
  expect(serviceState(undefined)).toBe('missing');
  expect(serviceState({ spec: { clusterIP: '10.0.0.1' } })).toBe('without-selector');
  expect(serviceState({ spec: { ...SERVICE.spec, selector: {} } })).toBe('without-selector');
  expect(serviceState(SERVICE)).toBe('with-endpoints');
});

test('countServing counts what serves and is not terminating, over all slices', () => {
  const ending = endpoint('3', { serving: true, terminating: true });
  const unready = endpoint('4', { ready: false, serving: false });
  const slices = [slice([endpoint('1'), ending]), slice([endpoint('2'), unready])];
  expect(countServing(SERVICE, slices)).toBe(2);
});

test('countServing takes conditions that nobody wrote for a yes, and lists of null for empty', () => {
  expect(countServing(SERVICE, [slice([{ addresses: ['10.1.0.9'] }])])).toBe(1);
  expect(countServing(SERVICE, [slice([endpoint('1', { serving: null, terminating: null })])])).toBe(1);
  expect(countServing(SERVICE, [{ endpoints: null, ports: null }])).toBe(0);
});

test('countServing counts a pod once that is in two slices', () => {
  const second = { ...endpoint('1'), addresses: ['fd00::1'] };
  expect(countServing(SERVICE, [slice([endpoint('1')]), slice([second])])).toBe(1);
});

test('countServing leaves out a slice without the port that the Service names', () => {
  const one = [endpoint('1')];
  expect(countServing(SERVICE, [slice(one, [])])).toBe(0);
  expect(countServing(SERVICE, [slice(one, [{ name: 'metrics', port: 80 }])])).toBe(0);
  const unnamed = { spec: { ...SERVICE.spec, ports: [{ port: 80 }] } };
  expect(countServing(unnamed, [slice(one, [{ name: '', port: 8080 }])])).toBe(1);
});

test('countServing wants the very port of a headless Service', () => {
  const one = [endpoint('1')];
  expect(countServing(HEADLESS, [slice(one, [{ name: 'http', port: 8080 }])])).toBe(0);
  expect(countServing(HEADLESS, [slice(one, [{ name: 'http', port: 80 }])])).toBe(1);
  const portless = { spec: { clusterIP: 'None', selector: { app: 'web' } } };
  expect(countServing(portless, [slice(one, null)])).toBe(1);
});

test('countServing counts nothing of a Service that is missing or has no selector', () => {
  expect(countServing(undefined, [slice([endpoint('1')])])).toBe(0);
  expect(countServing({ spec: { clusterIP: '10.0.0.1', ports: [HTTP] } }, [slice([endpoint('1')])])).toBe(0);
});
