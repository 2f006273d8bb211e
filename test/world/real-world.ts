import { createNamespace } from './branch-manifests.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type FirestoreEmulator, startFirestoreEmulator } from './firestore-emulator.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import { type StagingWorld, type StagingWorldOptions, startStagingWorld } from './staging-world.ts';

export type RealWorldOptions = Pick<
  StagingWorldOptions,
  'namespace' | 'behaviour' | 'speed' | 'idleAfterMinutes' | 'proxyVariables' | 'wakeFunction' | 'backOffMs'
> & {
  readonly parts: { readonly nginx: string; readonly gcloud: string; readonly controlPlane: string };
  /** Added to what the functions are given. */
  readonly env?: Readonly<Record<string, string>>;
  /** How the functions reach the control plane. Default: as its administrator, directly. */
  readonly connect?: (controlPlane: ControlPlane) => Promise<Readonly<Record<string, string>>>;
};

/** A staging world on a real API server, Google's Firestore emulator and a real nginx. */
export type RealWorld = StagingWorld & {
  readonly controlPlane: ControlPlane;
  readonly firestore: FirestoreEmulator;
  /** What the functions logged, parsed. */
  readonly logged: (event: string) => readonly Readonly<Record<string, unknown>>[];
};

export const PROJECT = 'miniature';
export const DATABASE = 'dormouse';

export async function startRealWorld(options: RealWorldOptions): Promise<RealWorld> {
  const { parts, env = {}, connect = connectDirectly, ...rest } = options;
  const [controlPlane, firestore] = await Promise.all([
    startControlPlane({ assets: parts.controlPlane }),
    startFirestoreEmulator({ gcloud: parts.gcloud }),
  ]);
  const admin = createKubernetesApi(controlPlane.server());
  await createNamespace(admin, options.namespace).finally(admin.close);
  const lines: string[] = [];
  const world = await startStagingWorld({
    ...rest,
    nginx: parts.nginx,
    server: controlPlane.server(),
    env: {
      ...(await connect(controlPlane)),
      DORMOUSE_FIRESTORE_DATABASE: DATABASE,
      GOOGLE_CLOUD_PROJECT: PROJECT,
      FIRESTORE_EMULATOR_HOST: firestore.host,
      ...env,
    },
    onLine: (_, line) => void lines.push(line),
  });
  return {
    ...world,
    controlPlane,
    firestore,
    logged: (event) =>
      lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
        .filter((entry) => entry.event === event),
    stop: async () => {
      await world.stop();
      await Promise.all([controlPlane.stop(), firestore.stop()]);
    },
  };
}

async function connectDirectly({ kubeconfigFile }: ControlPlane): Promise<Record<string, string>> {
  return { DORMOUSE_KUBECONFIG: kubeconfigFile };
}
