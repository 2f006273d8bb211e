import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The real systems that tests run against. */
export type PartName =
  | 'nginx'
  | 'firestore-emulator'
  | 'control-plane'
  | 'chromium'
  | 'terraform'
  | 'terraform-providers';

/** Where a part is, or why it is not here. */
export type Part = { readonly path: string } | { readonly missing: string };
export type Parts = Readonly<Record<PartName, Part>>;

type Recipe = {
  /** The path that tests are given, or undefined while the part is not there. */
  readonly find: () => string | undefined;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Runs after the packages are there. */
  readonly build?: () => void;
  /** What a person does about it. */
  readonly hint: string;
};

const root = path.resolve(import.meta.dirname, '../..');
const NJS_MODULE = '/usr/lib/nginx/modules/ngx_http_js_module.so';
const CACHE = path.join(
  process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME ?? '/root', '.cache'),
  'dormouse',
);
const TERRAFORM_CACHE = path.join(CACHE, 'terraform-providers');
const CONTROL_PLANE_BUILD = path.join(root, 'test/control-plane/build');

const recipes: Record<PartName, Recipe> = {
  nginx: {
    find: () => (existsSync(NJS_MODULE) ? onPath('nginx') : undefined),
    packages: ['nginx-light', 'libnginx-mod-http-js', 'openssl'],
    hint: 'sudo apt-get install nginx-light libnginx-mod-http-js openssl',
  },
  'firestore-emulator': {
    find: () => (hasFirestoreEmulator() ? onPath('gcloud') : undefined),
    packages: ['google-cloud-cli', 'google-cloud-cli-firestore-emulator'],
    hint: 'gcloud components install cloud-firestore-emulator (needs Java 17 or newer)',
  },
  'control-plane': {
    find: findControlPlane,
    packages: [],
    build: () => void execFileSync(CONTROL_PLANE_BUILD, { stdio: ['ignore', 'ignore', 'inherit'] }),
    hint: 'KUBEBUILDER_ASSETS=$(test/control-plane/build), needs Go 1.26 and takes 10 minutes once',
  },
  chromium: {
    find: () => onPath('chromium'),
    packages: ['chromium', 'fonts-ipafont-gothic'],
    hint: 'sudo apt-get install chromium',
  },
  terraform: {
    find: () => onPath('terraform'),
    packages: [],
    hint: 'install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install',
  },
  'terraform-providers': {
    find: findTerraformProviders,
    packages: [],
    build: cacheTerraformProviders,
    hint: `TF_PLUGIN_CACHE_DIR=${TERRAFORM_CACHE} terraform -chdir=terraform init, once; or a mirror in TF_CLI_CONFIG_FILE`,
  },
};

/** Finds every part; installs what is missing when this is root on Debian. */
export function ensureParts(): Parts {
  const names = Object.keys(recipes) as PartName[];
  return Object.fromEntries(names.map((name) => [name, ensurePart(name)])) as Parts;
}

export function ensurePart(name: PartName): Part {
  const recipe = recipes[name];
  const found = recipe.find();
  if (found !== undefined) return { path: found };
  if (!isRootOnDebian()) return { missing: recipe.hint };
  try {
    install(recipe.packages);
    recipe.build?.();
  } catch (error) {
    return { missing: `could not be installed (${lastLine(error)}); ${recipe.hint}` };
  }
  const installed = recipe.find();
  return installed === undefined ? { missing: recipe.hint } : { path: installed };
}

function install(packages: readonly string[]): void {
  if (packages.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
}

function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

function onPath(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin'];
  return folders.map((folder) => path.join(folder, command)).find((file) => existsSync(file));
}

function hasFirestoreEmulator(): boolean {
  if (onPath('java') === undefined || onPath('gcloud') === undefined) return false;
  const sdk = spawnSync('gcloud', ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' });
  return existsSync(path.join(sdk.stdout.trim(), 'platform/cloud-firestore-emulator'));
}

function findControlPlane(): string | undefined {
  const folders = [process.env.KUBEBUILDER_ASSETS, path.join(CACHE, 'control-plane/1.37.2')];
  return folders.find((folder) => folder !== undefined && isControlPlane(folder));
}

function isControlPlane(folder: string): boolean {
  const binaries = ['kube-apiserver', 'kube-controller-manager', 'etcd', 'kubectl'];
  return binaries.every((binary) => existsSync(path.join(folder, binary)));
}

/** The last thing that the installer said. */
function lastLine(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return lines.at(-1) ?? '';
}

/** Somebody's own Terraform settings, which name a mirror; else the cache, once it is filled. */
function findTerraformProviders(): string | undefined {
  const settings = process.env.TF_CLI_CONFIG_FILE;
  if (settings && existsSync(settings)) return settings;
  const cached = globSync('*/hashicorp/{google,kubernetes}', { cwd: TERRAFORM_CACHE });
  return cached.length === 2 ? TERRAFORM_CACHE : undefined;
}

/** Takes them from the registry: some 100 MB, once. */
function cacheTerraformProviders(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'terraform-providers-'));
  mkdirSync(TERRAFORM_CACHE, { recursive: true });
  try {
    cpSync(path.join(root, 'terraform/versions.tf'), path.join(folder, 'versions.tf'));
    const env = { ...process.env, TF_PLUGIN_CACHE_DIR: TERRAFORM_CACHE, CHECKPOINT_DISABLE: '1' };
    const { status } = spawnSync('terraform', ['init', '-input=false'], {
      cwd: folder,
      env,
      stdio: 'ignore',
    });
    if (status !== 0) throw new Error("Terraform's registry cannot be reached");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
