import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../parts/part.ts';
import {
  renderStagingProxy,
  type StagingProxyVariables,
  stagingProxyVariables,
} from '../../world/staging-proxy.ts';

const TEMPLATE = path.resolve(import.meta.dirname, '../../../terraform/staging-proxy/nginx.conf.tftpl');
/** How long Google's load balancer waits for an answer by default. */
const LOAD_BALANCER_SECONDS = 30;

describe("the staging-proxy's template", () => {
  test('uses every variable that it is given', () => {
    const used = readFileSync(TEMPLATE, 'utf8').matchAll(/\$\{(\w+)\}/g);
    expect(new Set(Array.from(used, (match) => match[1]))).toEqual(new Set(Object.keys(sample())));
  });

  test('has connections for every request that may be held, and more time than the function needs', () => {
    const { held_in_all, held_per_branch, hold_limit_seconds, worker_connections } = sample();
    // Of the visitor, to and from this server on loopback, and to the function.
    const connectionsPerHeld = 4;
    expect(worker_connections).toBeGreaterThanOrEqual(connectionsPerHeld * held_in_all);
    expect(held_per_branch).toBeLessThan(held_in_all);
    expect(hold_limit_seconds).toBeLessThan(LOAD_BALANCER_SECONDS);
    const rendered = renderStagingProxy(sample());
    expect(rendered).toContain(`proxy_read_timeout ${hold_limit_seconds}s10000ms;`);
  });

  test('is not rendered with a variable missing', () => {
    const { resolver: _, ...rest } = sample();
    expect(() => renderStagingProxy(rest as StagingProxyVariables)).toThrow('without a value: resolver');
  });
});

describeWith(['terraform'], "the staging-proxy's template, by Terraform", () => {
  test("renders to the same bytes by Terraform's templatefile", () => {
    expect(renderByTerraform(sample())).toBe(renderStagingProxy(sample()));
  });
});

function sample(): StagingProxyVariables {
  const options = {
    nginx: 'nginx',
    dnsPort: 53,
    serviceDomain: 'staging.svc.cluster.local:80',
    wakeFunction: 'https://wake-abc.a.run.app',
    metadataHost: '169.254.169.254',
    variables: { worker_processes: 'auto' as const },
  };
  return stagingProxyVariables(options, {
    folder: '/var/run/staging-proxy',
    port: 80,
    relayPort: 8199,
    againPort: 8198,
  });
}

function renderByTerraform(variables: StagingProxyVariables): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'templatefile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'variables.json'), JSON.stringify(variables));
  const expression = `base64encode(templatefile(${JSON.stringify(TEMPLATE)}, jsondecode(file("variables.json"))))`;
  const env = { ...process.env, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' };
  const { stdout, stderr } = spawnSync('terraform', ['console'], { cwd: folder, env, input: expression });
  if (String(stderr) !== '') throw new Error(String(stderr));
  return Buffer.from(String(stdout).trim().replaceAll('"', ''), 'base64').toString();
}
