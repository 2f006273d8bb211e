import type { RequestListener } from 'node:http';
import type { Pod } from '../kubernetes-objects.ts';

/** What keeps a container from starting. Each ends by itself once the behaviour no longer names it. */
export type StartFailure =
  | 'image-pull'
  | 'image-never-pull'
  | 'invalid-image-name'
  | 'config-error'
  | 'create-error';

export type ContainerFailure = StartFailure | 'crash-loop' | 'never-ready';

/** How one container behaves. What is left out takes no time and does not fail. */
export type ContainerBehaviour = {
  readonly pullMs?: number;
  /** From the pulled image to a running process. */
  readonly startMs?: number;
  /**
   * From there until its readiness probe passes; counts only for a container that has one. An init container
   * works this long before it passes.
   */
  readonly readyMs?: number;
  /** From a running process until its port opens. Without readiness probe the container is Ready before that. */
  readonly listensAfterMs?: number;
  readonly failure?: ContainerFailure;
  /** Ends the process this long after its start, each time; `crash-loop` without it ends at once. */
  readonly crashAfterMs?: number;
  /** How many times it crashes before it stays up. Without it, it never does. */
  readonly crashTimes?: number;
  /** Of a crash; 1 by default. */
  readonly exitCode?: number;
};

/** How a pod behaves, and each of its containers that is not named. */
export type PodBehaviour = Omit<ContainerBehaviour, 'failure'> & {
  readonly failure?: ContainerFailure | 'unschedulable';
  readonly containers?: Readonly<Record<string, ContainerBehaviour>>;
  /** Answers HTTP in place of the default application. Asked for once per pod. */
  readonly app?: (pod: Pod) => RequestListener;
};

/** Asked again at each attempt, so that a cause can go away. */
export type Behaviour = (pod: Pod) => PodBehaviour;

/** The behaviour of one container, by name. */
export function behaviourOf(behaviour: PodBehaviour, container: string): ContainerBehaviour {
  const { containers, app: _app, failure, ...rest } = behaviour;
  const named = containers?.[container];
  if (named !== undefined) return named;
  return failure === undefined || failure === 'unschedulable' ? rest : { ...rest, failure };
}

/** The branch a pod belongs to: its label, else the workload that owns it, else its own name. */
export function branchOf({ metadata }: Pod): string {
  const label = metadata.labels?.['dormouse/branch'];
  const owner = metadata.ownerReferences?.[0]?.name ?? metadata.name;
  const hash = metadata.labels?.['pod-template-hash'];
  return label ?? (hash === undefined ? owner : owner.replace(new RegExp(`-${hash}$`), ''));
}
