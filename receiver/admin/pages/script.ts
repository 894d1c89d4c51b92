/**
 * The one script. Pages work without it; it shows times in the reader's zone, keeps the stream of events live, and asks before a
 * change that cannot be taken back. It is served from our own address: the content security policy allows no inline script.
 */
export const SCRIPT = `
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const near = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const localTimes = (root) => {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = exact.format(at) + ' (' + at.toISOString() + ')';
    if (time.dataset.as !== 'age') time.textContent = at.toDateString() === new Date().toDateString() ? near.format(at) : day.format(at);
  }
};
localTimes(document);
document.addEventListener('click', (event) => {
  // Nothing hovers on a phone: a tap shows the exact time, another one the short one.
  const time = event.target.closest?.('time[title]');
  if (!time) return;
  if (time.dataset.short === undefined) { time.dataset.short = time.textContent; time.textContent = time.title; }
  else { time.textContent = time.dataset.short; delete time.dataset.short; }
});
document.addEventListener('submit', (event) => {
  const question = event.target.dataset?.ask;
  if (question !== undefined && !confirm(question)) event.preventDefault();
});
document.addEventListener('change', (event) => {
  const form = event.target.closest?.('form[data-auto]');
  if (form) form.requestSubmit();
});
const stream = document.querySelector('[data-stream]');
if (stream !== null) {
  const state = document.querySelector('[data-live]');
  const show = (is, words) => { if (state !== null) { state.dataset.live = is; state.textContent = words; } };
  // What somebody reads or is about to press stays as it is; it is made new once they have left it.
  const isInUse = (part) => part.contains(document.activeElement) || part.querySelector('details[open], time[data-short]') !== null;
  let isLate = false;
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.redirected) return show('off', 'Signed out: reload the page');
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    isLate = false;
    for (const part of document.querySelectorAll('[data-part]')) {
      const newer = page.querySelector('[data-part="' + part.dataset.part + '"]');
      if (newer === null) continue;
      localTimes(newer);
      if (newer.innerHTML === part.innerHTML) continue;
      if (isInUse(part)) isLate = true;
      else part.replaceChildren(...newer.childNodes);
    }
  };
  document.addEventListener('focusout', () => { if (isLate) soon(); });
  let waiting;
  const soon = () => { waiting ??= setTimeout(() => { waiting = undefined; refresh().catch(() => undefined); }, 400); };
  if (stream.dataset.stream === 'poll') {
    show('on', 'Updates every 10 s');
    setInterval(() => { if (!document.hidden) soon(); }, 10000);
  } else {
    const source = new EventSource(stream.dataset.stream);
    source.addEventListener('open', () => show('on', 'Live'));
    source.addEventListener('error', () => show('off', source.readyState === EventSource.CLOSED ? 'Not connected: reload the page' : 'Not connected'));
    source.addEventListener('change', soon);
    addEventListener('pagehide', () => source.close());
  }
}
`;
