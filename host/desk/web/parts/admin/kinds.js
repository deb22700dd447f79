// What is administered in lists: how the parts of a site are shown and which fields they have. The hub checks what
// is sent; here stand only words, order and choices.

import { t, word } from '../../i18n.js';
import { byMedia, choices, field, interruptions, labelsOf, media, numbers, required, rolesOf, skillsOf, words } from './fields.js';

/** @typedef {{config: any, plugins: any}} Site */

/** @param {Site} site */
function queue({ config }) {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    members: field('members', { type: 'array', choices: choices(config.agents) }),
    ...(config.groups ? { groups: field('groups', { type: 'array', choices: choices(config.groups) }) } : {}),
    service_level_seconds: field('service-level', numbers(1, { default: 20 })),
    selection: field('selection', { ...words('selection', ['longest-idle', 'best-proficiency', 'least-loaded']), default: 'longest-idle' }),
    skill_mode: field('skill-mode', { ...words('skill-mode', ['all', 'best-available', 'disregard']), default: 'all' }),
    wrap_up: field('wrap-up', { type: 'object', required: ['mode'], ordered: true, properties: {
      mode: field('wrap-up-mode', words('wrap-up', ['optional', 'mandatory', 'timed', 'on-request'])),
      seconds: field('wrap-up-seconds', numbers(1)), default_code: field('wrap-up-code', { type: 'string' }), early_exit: field('wrap-up-early', { type: 'boolean' }) } }),
    offer_timeout_seconds: field('offer-timeout', numbers(1, { default: 30, folded: true })),
    disposition_codes: field('codes', { type: 'array', items: { type: 'string' }, folded: true }),
    order: field('order', { ...words('order', ['score', 'strict-priority']), default: 'score', folded: true }),
    priority: field('priority', { type: 'integer', default: 0, folded: true }),
    pick_up: field('pick-up', { type: 'boolean', folded: true }),
    auto_answer: field('auto-answer', { type: 'boolean', folded: true }),
    steps: field('steps', { type: 'array', folded: true, add: t('admin.add-step'), items: { type: 'object', ordered: true, properties: {
      skills: field('step-skills', required(config)), agents: field('step-agents', { type: 'array', choices: choices(config.agents) }),
      ...(config.groups ? { group: field('step-group', { type: 'string', choices: choices(config.groups) }) } : {}),
      seconds: field('step-seconds', numbers(1)), over_limit: field('over-limit', { type: 'boolean' }), nobody: field('step-nobody', { type: 'boolean' }) } } }),
    overflow: field('overflow', { type: 'array', folded: true, add: t('admin.add-overflow'), items: { type: 'object', required: ['to'], ordered: true, properties: {
      to: field('overflow-to', { type: 'string', choices: choices(config.queues) }), after_seconds: field('after-seconds', numbers(0)),
      estimate_over_seconds: field('estimate-over', numbers(0)), service_level_below: field('service-below', numbers(1, { maximum: 100 })) } } }),
    slots: field('slots', { ...byMedia(numbers(0, { start: 1 })), folded: true }),
    percent: field('percent', { ...byMedia(numbers(0, { maximum: 100, start: 10 })), folded: true }),
    interruptible_by: field('interruptible', { ...interruptions(), folded: true }),
    service_levels: field('service-levels', { ...byMedia(numbers(1, { start: 3600 })), folded: true }),
    direct_wait_seconds: field('direct-wait', numbers(1, { default: 60, folded: true })),
    exclusion_seconds: field('exclusion', numbers(0, { default: 60, folded: true })),
    park_seconds: field('park', numbers(1, { default: 86400, folded: true })),
    short_abandon_seconds: field('short-abandon', numbers(0, { default: 0, folded: true })),
  } };
}

/** @param {Site} site */
function agent({ config }) {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    role: field('role', { type: 'string', choices: rolesOf(config), default: 'agent' }),
    skills: field('skills', { type: 'object', suggest: skillsOf(config), placeholder: t('admin.skill'), additionalProperties: { type: 'integer', minimum: 1, maximum: 100, start: 100 } }),
    slots: field('slots', byMedia(numbers(0, { start: 2 }))),
    social_media_admin: field('social-media-admin', { type: 'boolean', folded: true }),
    auto_answer: field('auto-answer', { type: 'boolean', folded: true }),
    media_types: field('media-types', { type: 'array', choices: media(), folded: true }),
    percent: field('percent', { ...byMedia(numbers(0, { maximum: 100, start: 10 })), folded: true }),
    interruptible_by: field('interruptible', { ...interruptions(), folded: true }),
  } };
}

/** @param {Site} site */
function key({ config }) {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    role: field('role', { type: 'string', choices: rolesOf(config), default: 'agent' }),
    channels: field('key-channels', { type: 'array', choices: choices(config.channels) }),
  } };
}

/** @param {Site} site */
function hours({ config }) {
  const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
  const clock = { type: 'string', placeholder: '09:00', pattern: '^[0-9]{2}:[0-9]{2}$' };
  const said = (/** @type {string} */ name, /** @type {boolean} */ folded) => field(name, { type: 'object', ordered: true, folded, properties: {
    messages: field('closed-messages', { type: 'array', add: t('admin.add-text'), items: { type: 'object', required: ['text'], ordered: true, properties: {
      text: field('text', { type: 'string', multiline: true }), language: field('language', { type: 'string', placeholder: 'en' }),
      private: field('closed-private', { type: 'boolean' }), channels: field('text-channels', { type: 'array', choices: choices(config.channels) }) } } }),
    work: field('closed-work', words('work', ['queue', 'park', 'end'])) } });
  return { type: 'object', required: ['zone'], ordered: true, properties: {
    name: field('name', { type: 'string' }),
    zone: field('zone', { type: 'string', suggest: Intl.supportedValuesOf('timeZone') }),
    everywhere: field('everywhere', { type: 'boolean' }),
    queues: field('hours-queues', { type: 'array', choices: choices(config.queues), folded: true }),
    channels: field('hours-channels', { type: 'array', choices: choices(config.channels), folded: true }),
    weekly: field('weekly', { type: 'array', add: t('admin.add-hours'), items: { type: 'object', required: ['days', 'from', 'to'], ordered: true, properties: {
      days: field('days', { type: 'array', choices: days.map((value) => ({ value, label: t(`admin.day.${value}`) })) }),
      from: field('begins', clock), to: field('to', { ...clock, placeholder: '17:00' }) } } }),
    special: field('special', { type: 'array', add: t('admin.add-day'), items: { type: 'object', required: ['name', 'on'], ordered: true, properties: {
      name: field('special-name', { type: 'string' }), on: field('special-on', { type: 'string', placeholder: '12-24' }), to: field('special-to', { type: 'string' }),
      open: field('special-open', { type: 'array', add: t('admin.add-hours'), items: { type: 'object', required: ['from', 'to'], ordered: true, properties: { from: field('begins', clock), to: field('to', clock) } } }) } } }),
    calendars: field('calendars', { type: 'object', folded: true, additionalProperties: { type: 'object', ordered: true, properties: {
      text: field('calendar-text', { type: 'string', multiline: true, code: true }), during: field('during', { ...words('during', ['closed', 'open']), default: 'closed' }) } } }),
    closed: said('closed', false), special_day: said('special-day', true), emergency: said('emergency', true),
  } };
}

/** @param {Site} site */
function response({ config }) {
  const networks = [...new Set(Object.values(config.channels || {}).map((one) => one.network).filter(Boolean))];
  return { type: 'object', required: ['title', 'text'], ordered: true, properties: {
    title: field('title', { type: 'string' }), text: field('response-text', { type: 'string', multiline: true }),
    folder: field('folder', { type: 'string' }), language: field('language', { type: 'string', placeholder: 'en' }),
    channels: field('text-channels', { type: 'array', choices: choices(config.channels), folded: true }),
    networks: field('networks', networks.length ? { type: 'array', choices: networks.map((value) => ({ value, label: value })), folded: true } : { type: 'array', items: { type: 'string' }, folded: true }),
  } };
}

/** @param {Site} site */
function group({ config }) {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    members: field('group-members', { type: 'array', choices: choices(config.agents) }),
  } };
}

const RIGHTS = ['see-all', 'lead', 'begin', 'figures', 'texts', 'contacts', 'training', 'dead-letters', 'emergency', 'channels', 'configure', 'people', 'webhooks', 'audit', 'privacy', 'backup'];

function role() {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    rights: field('rights', { type: 'array', tall: true, choices: RIGHTS.map((value) => ({ value, label: t(`admin.right.${value}`) })) }),
  } };
}

function station() {
  return { type: 'object', ordered: true, properties: {
    name: field('name', { type: 'string' }),
    media_types: field('station-media', { type: 'array', choices: media() }),
  } };
}

/** @param {Site} site */
function analyzer({ config, plugins }) {
  const all = (plugins.plugins || []).filter((/** @type {any} */ one) => !one.networks?.length);
  return { type: 'object', required: ['plugin'], ordered: true, properties: {
    plugin: field('plugin', { type: 'string', choices: all.map((/** @type {any} */ one) => ({ value: one.id, label: one.display_name })) }),
    channels: field('analyzer-channels', { type: 'array', choices: choices(config.channels) }),
  } };
}

/** @param {Site} site */
function macro({ config }) {
  return { type: 'object', required: ['title'], ordered: true, properties: {
    title: field('title', { type: 'string' }),
    text: field('macro-text', { type: 'string', multiline: true }),
    response: field('macro-response', { type: 'string' }),
    add_labels: field('rule-labels', labelsOf(config)), remove_labels: field('macro-unlabel', labelsOf(config)),
    end: field('macro-end', { type: 'boolean' }), disposition: field('disposition', { type: 'string' }),
    folder: field('folder', { type: 'string', folded: true }),
  } };
}

/** @param {Site} site */
export function rule({ config }) {
  return { type: 'object', required: ['name'], ordered: true, properties: {
    name: field('rule-name', { type: 'string' }),
    on: field('rule-on', { ...words('on', ['message', 'enqueued', 'waited', 'answered', 'idle', 'ended', 'edited', 'deleted', 'score-changed']), default: 'message' }),
    after_seconds: field('rule-after', { type: 'integer', minimum: 1, folded: true }),
    when: field('rule-when', { type: 'string', multiline: true, code: true, placeholder: "'billing' in labels" }),
    channels: field('rule-channels', { type: 'array', choices: choices(config.channels), folded: true }),
    then: field('rule-then', { type: 'object', folds: true, properties: {
      queue: field('rule-queue', { type: 'string', choices: choices(config.queues), folded: false }),
      public_queue: field('rule-public-queue', { type: 'string', choices: choices(config.queues) }),
      priority: field('rule-priority', { type: 'integer' }),
      skills: field('rule-skills', required(config)),
      add_labels: field('rule-labels', labelsOf(config)),
      attributes: field('rule-attributes', { type: 'object', additionalProperties: { type: 'string' } }),
      hold: field('rule-hold', { type: 'string', placeholder: 'opening', suggest: ['opening'] }),
      reply: field('rule-reply', { type: 'object', ordered: true, properties: { text: field('text', { type: 'string', multiline: true }), response: field('rule-response', { type: 'string' }), private: field('rule-private', { type: 'boolean' }), after_agent: field('rule-after-agent', { type: 'boolean' }), retry_for_seconds: field('retry-for', numbers(1)) } }),
      ask_to_follow: field('rule-follow', { type: 'string', multiline: true }),
      like: field('rule-like', { type: 'boolean' }), repost: field('rule-repost', { type: 'boolean' }), hide: field('rule-hide', { type: 'boolean' }), drop: field('rule-drop', { type: 'boolean' }),
      end: field('rule-end', { type: 'object', ordered: true, properties: { disposition: field('disposition', { type: 'string' }) } }),
      notify: field('rule-notify', { type: 'object', ordered: true, properties: { agents: field('rule-agents', { type: 'array', choices: choices(config.agents) }),
        ...(config.groups ? { groups: field('groups', { type: 'array', choices: choices(config.groups) }) } : {}), text: field('text', { type: 'string' }) } }),
    } }),
    stop: field('rule-stop', { type: 'boolean' }),
  } };
}

/**
 * `path`: where one is read and changed. `site`: where all stand in the site's configuration, or in what is read beside
 * it. `whole`: changed with the whole site. `bare`: sent as it is, without `config` around it. `plugin`: it has a
 * configuration of its plug-in's own.
 */
export const KINDS = {
  queues: {
    path: 'queues', site: 'queues', schema: queue, right: 'configure', fresh: { name: '', members: [], service_level_seconds: 3600 },
    columns: [['members', (/** @type {any} */ one) => one.members?.length || 0], ['service-level', (/** @type {any} */ one) => one.service_level_seconds]],
  },
  agents: {
    path: 'agents', site: 'agents', schema: agent, right: 'configure', fresh: { name: '', role: 'agent' }, secret: 'password',
    columns: [['role', (/** @type {any} */ one) => one.role], ['skills', (/** @type {any} */ one) => Object.entries(one.skills || {}).map(([skill, level]) => `${skill} ${level}`).join(', ')]],
  },
  keys: {
    path: 'keys', site: 'keys', schema: key, right: 'configure', fresh: { name: '', role: 'agent' }, secret: 'secret',
    columns: [['role', (/** @type {any} */ one) => one.role], ['key-channels', (/** @type {any} */ one) => (one.channels || []).join(', ')]],
  },
  hours: {
    path: 'hours', site: 'hours', whole: true, schema: hours, right: 'configure', fresh: { name: '', zone: Intl.DateTimeFormat().resolvedOptions().timeZone, weekly: [{ days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'], from: '09:00', to: '17:00' }] },
    columns: [['zone', (/** @type {any} */ one) => one.zone], ['special', (/** @type {any} */ one) => one.special?.length || 0]],
  },
  responses: {
    path: 'responses', bare: true, schema: response, right: 'texts', fresh: { title: '', text: '' },
    columns: [['folder', (/** @type {any} */ one) => one.folder || ''], ['language', (/** @type {any} */ one) => one.language || ''], ['used', (/** @type {any} */ one) => one.used]],
  },
  macros: {
    path: 'macros', bare: true, schema: macro, right: 'texts', fresh: { title: '' },
    columns: [['folder', (/** @type {any} */ one) => one.folder || ''], ['does', (/** @type {any} */ one) => gist(one)]],
  },
  groups: {
    site: 'groups', whole: true, schema: group, right: 'configure', fresh: { name: '', members: [] },
    columns: [['group-members', (/** @type {any} */ one) => one.members?.length || 0]],
  },
  roles: {
    site: 'roles', whole: true, schema: role, right: 'configure', fresh: { name: '', rights: [] },
    columns: [['rights', (/** @type {any} */ one) => (one.rights || []).join(', ')]],
  },
  stations: {
    site: 'stations', whole: true, schema: station, right: 'configure', fresh: { name: '', media_types: [] },
    columns: [['station-media', (/** @type {any} */ one) => (one.media_types || []).map((/** @type {string} */ value) => word('media', value)).join(', ')]],
  },
  analyzers: {
    site: 'analyzers', whole: true, plugin: true, schema: analyzer, right: 'configure', fresh: { plugin: '', config: {} },
    columns: [['plugin', (/** @type {any} */ one) => one.plugin], ['analyzer-channels', (/** @type {any} */ one) => (one.channels || []).join(', ') || t('admin.any')]],
  },
};

/** What a macro does, in short. @param {any} one */
const gist = (one) => [one.text || one.response ? t('admin.gist.reply') : '', ...(one.add_labels || []).map((/** @type {string} */ label) => `+ ${label}`), ...(one.remove_labels || []).map((/** @type {string} */ label) => `− ${label}`),
  one.end ? t('admin.gist.end') : ''].filter(Boolean).join(' · ');

/** What a list shows as the name. @param {string} id @param {any} one */
export const titleOf = (id, one) => one.name || one.title || id;
