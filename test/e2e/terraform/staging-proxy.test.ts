import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeWith, partPath } from '../../parts/part.ts';
import { renderStagingProxy, stagingProxyVariables } from '../../world/staging-proxy.ts';
import { openTerraform, type Terraform } from '../../world/terraform.ts';

const NJS_MODULE = '/usr/lib/nginx/modules/ngx_http_js_module.so';
const WAKE_FUNCTION = 'https://dormouse-wake-abc.a.run.app';
const OPTIONAL_PARTS = `
  limits   = { touches_per_minute = 10, held_per_branch = 50, progress_per_branch = 5 }
  visitors = {
    robot_agents     = ["^our-monitor/[0-9]{1,3}$"]
    ignored_paths    = ["/healthz"]
    development_paths = ["/poll"]
    ignored_networks = ["192.0.2.0/24", "198.51.100.7/32"]
    trusted_proxies  = ["35.191.0.0/16", "130.211.0.0/22"]
    wake_header      = "X-CI-Job"
  }
`;

describeWith(['terraform', 'terraform-providers'], "the staging-proxy's configuration, by Terraform", () => {
  let terraform: Terraform;
  beforeAll(() => {
    terraform = openTerraform(partPath('terraform-providers'));
  });
  afterAll(() => terraform.close());

  const filesIn = async (folder: string, more = '') => {
    const { outputs } = await terraform.plan('staging-proxy', nginxIn(folder) + more);
    return outputs.files as Readonly<Record<string, string>>;
  };

  test('is the one that the tests run, but for addresses', async () => {
    const files = await filesIn('/var/run/staging-proxy');
    expect(files['nginx.conf']).toBe(renderAsTested('/var/run/staging-proxy'));
  });

  describeWith(['nginx'], 'for the nginx of this machine', () => {
    test.each([
      ['with its defaults', ''],
      ['with all that is optional', OPTIONAL_PARTS],
    ])('is what nginx accepts, %s', async (_, more) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'nginx-t-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const files = await filesIn(folder, more);
      mkdirSync(path.join(folder, 'temp'));
      writeFileSync(path.join(folder, 'ca.pem'), rootCertificates.join('\n'));
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
      const { stderr } = spawnSync(
        partPath('nginx'),
        ['-t', '-c', path.join(folder, 'nginx.conf'), '-e', 'stderr'],
        {
          encoding: 'utf8',
        },
      );
      expect(stderr).toContain('test is successful');
    });
  });
});

function nginxIn(folder: string): string {
  return `
    nginx = {
      version         = "1.22.1"
      listen          = "127.0.0.1:8080"
      resolver        = "127.0.0.1:53"
      config_folder   = "${folder}"
      temp_folder     = "${folder}/temp"
      pid_file        = "${folder}/nginx.pid"
      error_log       = "${folder}/error.log"
      access_log      = "${folder}/access.log"
      ca_certificates = "${folder}/ca.pem"
    }
  `;
}

function renderAsTested(folder: string): string {
  const options = {
    nginx: 'nginx',
    njsModule: NJS_MODULE,
    dnsPort: 53,
    serviceDomain: 'branches.svc.cluster.local:80',
    wakeFunction: WAKE_FUNCTION,
    metadataHost: '169.254.169.254',
    variables: { worker_processes: 'auto' as const, config_folder: folder },
  };
  const place = { folder, port: 8080, relayPort: 8199, againPort: 8198 };
  return renderStagingProxy({ ...stagingProxyVariables(options, place), ...options.variables });
}
