import { Problem, ask } from '../../api.js';
import { t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { skillsOf } from './fields.js';
import { site } from './site.js';

/** Who can do what how well: agents by skills. */
class Skills extends Part {
  static follows = [store, site];
  static properties = { draft: { state: true }, told: { state: true }, faults: { state: true }, added: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** Levels that were changed, by agent and skill. @type {Record<string, Record<string, number | undefined>>} */
    this.draft = {};
    this.told = '';
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    /** @type {string[]} */
    this.added = [];
    this.busy = false;
  }

  /** @param {string} agent @param {string} skill */
  level(agent, skill) {
    const changed = this.draft[agent];
    return changed && skill in changed ? changed[skill] : site.config.agents[agent].skills?.[skill];
  }

  /** @param {string} agent @param {string} skill @param {string} text */
  set(agent, skill, text) {
    this.draft = { ...this.draft, [agent]: { ...this.draft[agent], [skill]: text === '' ? undefined : Number(text) } };
    this.told = '';
  }

  async save() {
    this.busy = true;
    const config = structuredClone(site.config);
    for (const [agent, levels] of Object.entries(this.draft)) {
      const skills = Object.entries({ ...config.agents[agent]?.skills, ...levels }).filter(([, level]) => level !== undefined);
      if (config.agents[agent]) config.agents[agent].skills = Object.fromEntries(skills);
    }
    try {
      await ask('PUT', 'site', { config }, { match: site.etag });
      this.draft = {};
      this.faults = [];
      this.added = [];
      await site.load();
      this.told = t('admin.saved');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
    } finally {
      this.busy = false;
    }
  }

  /** @param {SubmitEvent} event */
  add(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const skill = String(new FormData(form).get('skill')).trim();
    if (skill) this.added = [...this.added, skill];
    form.reset();
  }

  render() {
    if (!site.config?.agents) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const skills = [...new Set([...skillsOf(site.config), ...this.added])];
    const agents = Object.entries(site.config.agents).sort(([, one], [, other]) => (one.name || '').localeCompare(other.name || ''));
    const wrong = (/** @type {string} */ agent, /** @type {string} */ skill) => this.faults.find(({ pointer }) => pointer === `/config/agents/${agent}/skills/${skill}`);
    return html`<section class="sheet" aria-labelledby="skills-title"><header><h2 id="skills-title">${t('admin.skills')}</h2><span class="quiet">${skills.length}</span><span class="grow"></span>
        <form class="line-form" @submit=${this.add}><input name="skill" aria-label=${t('admin.new-skill')} placeholder=${t('admin.new-skill')}><button>${t('admin.add')}</button></form>
        <span role="status" class="quiet">${this.told}</span>
        <button class="main" ?disabled=${this.busy || !Object.keys(this.draft).length} @click=${this.save}>${t('admin.save')}</button></header>
      <p class="quiet pad">${t('admin.skills-hint')}</p>
      ${this.faults.map((one) => html`<p class="fault pad">${one.pointer.replace('/config/', '')} ${one.detail}</p>`)}
      ${skills.length ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="skills-title"><table class="matrix"><thead><tr><th scope="col">${t('supervisor.agent')}</th>${skills.map((skill) => html`<th scope="col" class="n">${skill}</th>`)}</tr></thead>
        <tbody>${agents.map(([id, agent]) => html`<tr><th scope="row">${agent.name || id}</th>${skills.map((skill) => html`<td class="n"><input type="number" min="1" max="100" aria-label="${agent.name || id}: ${skill}" aria-invalid=${wrong(id, skill) ? 'true' : nothing}
          .value=${String(this.level(id, skill) ?? '')} @input=${(/** @type {any} */ event) => this.set(id, skill, event.target.value)}></td>`)}</tr>`)}</tbody></table></div>`
    : html`<p class="empty">${t('admin.no-skills')}</p>`}</section>`;
  }
}
customElements.define('lc-skills', Skills);
