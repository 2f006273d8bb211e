import { createNamespace } from './branch-manifests.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type FirestoreEmulator, startFirestoreEmulator } from './firestore-emulator.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import { type StagingWorld, type StagingWorldOptions, startStagingWorld } from './staging-world.ts';

export type RealWorldOptions = Pick<
  StagingWorldOptions,
  'namespace' | 'behaviour' | 'speed' | 'idleAfterMinutes'
> & {
  readonly parts: { readonly nginx: string; readonly gcloud: string; readonly controlPlane: string };
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
  const { parts, ...rest } = options;
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
      DORMOUSE_KUBECONFIG: controlPlane.kubeconfigFile,
      DORMOUSE_FIRESTORE_DATABASE: DATABASE,
      GOOGLE_CLOUD_PROJECT: PROJECT,
      FIRESTORE_EMULATOR_HOST: firestore.host,
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
