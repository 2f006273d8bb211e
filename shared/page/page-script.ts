/**
 * What the page does in the browser, as the source of a module. It reads `given`, which the page declares before it:
 * see `PageGiven` in render-script.ts. No backslash, backtick or `</` may stand in it.
 */
export const PAGE_SCRIPT = `
const STREAM = '/.dormouse/progress';
const GIVE_UP_AFTER_MS = 10 * 60 * 1000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15 * 1000;
const RELOADED_WITHIN_MS = 60 * 1000;
const MEMORY = 'dormouse';

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const again = byId('again');

function say(id, text) {
  const place = byId(id);
  if (place && place.textContent !== text) place.textContent = text;
}

function reveal(id, text) {
  const place = byId(id);
  if (!place) return;
  say(id + '-text', text || '');
  place.hidden = !text;
}

// A link works without this script, too; but only a reload keeps the fragment.
again.addEventListener('click', (event) => {
  event.preventDefault();
  location.reload();
});

// A branch that is ready and does not answer brings this page back: it is still the same visit.
function recallStartMs() {
  try {
    const { startMs, reloadedMs } = JSON.parse(sessionStorage.getItem(MEMORY));
    sessionStorage.removeItem(MEMORY);
    if (Date.now() - reloadedMs < RELOADED_WITHIN_MS) return startMs;
  } catch {
    // nothing is kept, or this browser keeps nothing
  }
  return Date.now() - given.waitedMs;
}

function remember(startMs) {
  try {
    sessionStorage.setItem(MEMORY, JSON.stringify({ startMs, reloadedMs: Date.now() }));
  } catch {
    // this browser keeps nothing
  }
}

function showSaying(state, { title, text }) {
  root.dataset.state = state;
  document.title = title + given.titleTail;
  say('headline', title);
  say('status', text);
}

function showSteps(current) {
  for (const [index, item] of [...byId('steps').children].entries()) {
    const mark = index < current ? 'done' : index === current ? 'current' : 'todo';
    item.dataset.mark = mark;
    item.querySelector('.vh').textContent = given.marks[mark] || '';
    if (mark === 'current') item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  }
}

function showWaiting({ step, detail, changeCause }) {
  if (!(step in given.steps)) return;
  showSaying('waiting', { title: given.waking.title, text: given.steps[step] });
  showSteps(given.stages[step]);
  const isContainer = step === 'init' || step === 'readiness';
  reveal('detail', detail && (isContainer ? given.container : given.kubernetes) + ': ' + detail);
  reveal('change', changeCause);
}

function showHopeless({ reason, detail, look, changeCause }) {
  showSaying('hopeless', given.reasons[reason] || { title: given.stopped.title, text: detail });
  for (const id of ['steps', 'bar', 'detail', 'footnote']) if (byId(id)) byId(id).hidden = true;
  reveal('trouble', detail);
  reveal('look', look);
  reveal('change', changeCause);
  byId('hopeless-footnote').hidden = false;
  again.parentElement.hidden = false;
}

function follow() {
  const startMs = recallStartMs();
  let retryMs = FIRST_RETRY_MS;
  let isOver = false;
  let stream;
  let retry;

  function open() {
    if (isOver) return;
    stream = new EventSource(STREAM);
    stream.onopen = () => { retryMs = FIRST_RETRY_MS; };
    // The browser reconnects by itself unless the answer was anything but 200.
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) openLater(); };
    stream.addEventListener('progress', ({ data }) => showWaiting(JSON.parse(data)));
    stream.addEventListener('ready', arrive);
    stream.addEventListener('failed', ({ data }) => { end(); showHopeless(JSON.parse(data)); });
  }

  function openLater() {
    retry = setTimeout(open, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }

  function close() {
    isOver = true;
    clearTimeout(retry);
    stream?.close();
  }

  function end() {
    close();
    clearInterval(clock);
  }

  // The reload itself may be held for long: this page stays until the answer is there.
  function arrive() {
    close();
    remember(startMs);
    showSaying('ready', given.ready);
    showSteps(given.stages.endpoints + 1);
    reveal('detail', '');
    location.reload();
  }

  // A page that is forgotten, hidden or not, must not keep a server busy.
  function giveUp() {
    end();
    showSaying('stopped', given.stopped);
    reveal('detail', '');
    byId('footnote').hidden = true;
    again.parentElement.hidden = false;
  }

  function tick() {
    const nowMs = Date.now();
    const elapsedSeconds = Math.max(0, Math.floor((nowMs - startMs) / 1000));
    const seconds = String(elapsedSeconds % 60).padStart(2, '0');
    reveal('elapsed', Math.floor(elapsedSeconds / 60) + ':' + seconds);
    if (byId('bar')) byId('bar').value = Math.min((nowMs - startMs) / given.usualMs, 0.97);
    if (nowMs - startMs >= GIVE_UP_AFTER_MS) giveUp();
  }

  const clock = setInterval(tick, 1000);
  tick();
  open();
}

if (given.follows) follow();
`;
