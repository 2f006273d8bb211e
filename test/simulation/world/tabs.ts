import type { Actors } from './actors.ts';
import type { Agenda } from './agenda.ts';
import type { Asked } from './proxy.ts';

/** A page that somebody left open: it asks now and then, or it holds a socket. */
export type Tab = {
  readonly branch: string;
  readonly instance: string;
  readonly how: 'polls' | 'socket';
  readonly everyMs: number;
  readonly lastsMs: number;
};

export type Tabs = {
  open(tab: Tab): void;
  /** Whatever is still open asks once more. */
  askAll(): void;
  /** They ask no more by themselves. */
  quieten(): void;
};

type Surroundings = Pick<Actors, 'visit' | 'reportSocket'> & {
  readonly agenda: Agenda;
  readonly nowMs: () => number;
  readonly request: (asked: Asked) => void;
  readonly isListening: (branch: string) => boolean;
};
type Open = Tab & { readonly closesMs: number };

export function createTabs(surroundings: Surroundings): Tabs {
  const { agenda, nowMs } = surroundings;
  const open = new Set<Open>();
  let isQuiet = false;
  const isClosed = (tab: Open) =>
    nowMs() >= tab.closesMs || (tab.how === 'socket' && !ask(surroundings, tab));

  function askOnce(tab: Open): void {
    if (isClosed(tab)) open.delete(tab);
    else if (tab.how === 'polls') ask(surroundings, tab);
  }

  function goOn(tab: Open): void {
    if (isQuiet || !open.has(tab)) return;
    askOnce(tab);
    agenda.at(nowMs() + tab.everyMs, () => goOn(tab));
  }

  return {
    open(tab) {
      const opened = { ...tab, closesMs: nowMs() + tab.lastsMs };
      open.add(opened);
      goOn(opened);
    },
    askAll: () => [...open].forEach(askOnce),
    quieten() {
      isQuiet = true;
    },
  };
}

/** False when there is no socket any more, because its pods are gone. A page that polls is held like anybody. */
function ask({ visit, reportSocket, request, isListening }: Surroundings, tab: Tab): boolean {
  const { branch, instance } = tab;
  const isOpen = isListening(branch);
  if (tab.how === 'socket') {
    if (isOpen) reportSocket(instance, branch);
    return isOpen;
  }
  visit(instance, branch, { isBackground: true });
  if (!isOpen) request({ branch, instance, isNavigation: false, isBackground: true });
  return true;
}
