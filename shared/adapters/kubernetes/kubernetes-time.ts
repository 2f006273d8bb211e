/** Epoch ms of a time, as JSON has it or as client-node's types call it. Undefined for what is none. */
export function timeMs(time: string | Date | null | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  const ms = new Date(time).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
