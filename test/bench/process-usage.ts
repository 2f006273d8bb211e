import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc/PID/stat. Source: proc(5), sysconf(_SC_CLK_TCK), 100 on every Linux of today. */
const TICKS_PER_SECOND = 100;
const MS_PER_TICK = 1_000 / TICKS_PER_SECOND;

/** What a process and its children have computed so far, in ms. They are gone: 0. Linux only. */
export function cpuMsOfGroup(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuMs(one), 0);
}

function cpuMs(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;
}

function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => Number(statFields(pid)[1]) === parent);
}

/** From the third field on: the second, the name, may hold blanks. */
function statFields(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // it has just ended
  }
}
