import { Cron } from 'croner';

export type SchedulerOptions = {
  /** Five fields, as Cloud Scheduler takes them. */
  readonly cron: string;
  /** How many times as fast as a real one its clock runs. */
  readonly speed: number;
  /** The next run waits for this one's end, as Cloud Scheduler does. */
  readonly run: () => Promise<unknown>;
};

/** Stands for Cloud Scheduler. A run that fails is not tried again: the next one comes soon. */
export function startScheduler({ cron, speed, run }: SchedulerOptions): { readonly stop: () => void } {
  const pattern = new Cron(cron, { paused: true, timezone: 'UTC' });
  const startedMs = Date.now();
  const clockMs = () => startedMs + (Date.now() - startedMs) * speed;
  let timer: NodeJS.Timeout;
  let isStopped = false;
  const plan = () => {
    if (isStopped) return;
    const next = pattern.nextRun(new Date(clockMs()));
    if (next === null) return; // the pattern names no time to come
    timer = setTimeout(
      () =>
        void run()
          .catch(() => undefined)
          .finally(plan),
      (next.getTime() - clockMs()) / speed,
    );
  };
  plan();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
