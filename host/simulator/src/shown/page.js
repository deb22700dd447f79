// Shows the conversations of a simulated network as its customers see them, read again every second and a half. What
// people wrote is put in as text alone.

const EVERY = 1_500;
const find = (selector) => document.querySelector(selector);
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

let chosen = '';
/** Whether somebody chose it: else the conversation that goes on last is shown. */
let held = false;
let network;
let drawn = '';

function element(name, text, more = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  return Object.assign(made, more);
}

const nameOf = ({ name, id }) => name || id;

function list(customers) {
  const rows = customers.map((customer) => {
    const button = element('button', '', { type: 'button' });
    const last = customer.last;
    button.append(element('strong', nameOf(customer), { className: 'line', dir: 'auto' }), element('span', last ? `${last.author === 'customer' ? '' : '← '}${last.deleted ? '…' : last.text || '…'}` : '', { className: 'line quiet', dir: 'auto' }));
    if (customer.id === chosen) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => { chosen = customer.id; held = true; void look(); });
    const row = element('li', '');
    row.append(button);
    return row;
  });
  const focused = document.activeElement?.closest('#list li');
  const at = focused ? [...find('#list').children].indexOf(focused) : -1;
  find('#list').replaceChildren(...rows);
  if (at >= 0) rows[Math.min(at, rows.length - 1)]?.querySelector('button').focus();
}

function conversation(customer) {
  find('#who').textContent = [customer.profile.first_name, customer.profile.last_name].filter(Boolean).join(' ') || customer.id;
  const now = JSON.stringify([customer.id, customer.conversation]);
  if (now === drawn) return;
  drawn = now;
  const said = find('#said');
  said.replaceChildren(...customer.conversation.map((turn) => {
    const one = element('li', '', { className: turn.author === 'customer' ? '' : 'company', dir: 'auto' });
    one.append(element('span', turn.text || (turn.attachments.length ? '📎' : turn.structured.length ? '▤' : '…'), { className: turn.deleted ? 'gone' : '' }));
    const about = [turn.author === 'customer' ? '' : turn.author === 'inbox' ? 'the company, past the hub' : 'the company', clock.format(turn.at_ms), turn.edits ? 'edited' : '', Object.values(turn.reactions).join(' ')];
    one.append(element('small', about.filter(Boolean).join(' · ')));
    return one;
  }));
  said.scrollTop = said.scrollHeight;
}

function ways() {
  find('#network').textContent = network.name;
  document.title = `${network.name}: customers`;
  find('[name=way]').replaceChildren(...network.ways.map((way, at) => element('option', way.name, { value: String(at) })));
  find('[name=text]').value = network.ways[0].begin;
}

async function look() {
  const answer = await (await fetch('latest')).json();
  if (!network) {
    network = answer.network;
    ways();
  }
  if (!held && answer.customers[0]) chosen = answer.customers[0].id;
  list(answer.customers);
  if (!chosen) return;
  const customer = await fetch(`customers/${encodeURIComponent(chosen)}`);
  if (customer.ok) conversation(await customer.json());
}

find('#write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = find('[name=text]');
  const way = network.ways[Number(find('[name=way]').value)];
  const isNew = event.submitter?.value === 'new' || !chosen;
  // Networks name people by numbers.
  if (isNew) chosen = String(7_000_000_000 + Math.floor(Math.random() * 1e9));
  held = true;
  find('#told').textContent = '';
  const answer = await fetch(`customers/${encodeURIComponent(chosen)}/say`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...way.say, text: field.value }),
  });
  const { acknowledged, problem, error } = await answer.json().catch(() => ({}));
  find('#told').textContent = answer.ok && acknowledged !== false ? 'The hub has it.' : problem || error || 'The hub did not take it.';
  if (answer.ok) field.value = way.begin;
  await look();
});
find('[name=way]').addEventListener('change', (event) => {
  const field = find('[name=text]');
  if (network.ways.some(({ begin }) => begin === field.value)) field.value = network.ways[Number(event.target.value)].begin;
});

for (;;) {
  if (!document.hidden) await look().catch(() => { find('#about').textContent = 'The network has ended.'; });
  await new Promise((done) => setTimeout(done, EVERY));
}
