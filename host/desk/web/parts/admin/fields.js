// What the descriptions of forms are put together from: words, choices, and shapes that stand in several of them.

import { t, word } from '../../i18n.js';

const MEDIA = ['social-conversation', 'social-direct-message', 'chat', 'email', 'call', 'callback', 'work-item', 'generic'];
export const media = () => MEDIA.map((value) => ({ value, label: word('media', value) }));
export const choices = (/** @type {Record<string, any> | undefined} */ of) => Object.entries(of || {}).map(([value, one]) => ({ value, label: one.name || value }));

/** A field with its words. @param {string} key @param {any} schema */
export const field = (key, schema) => {
  const hint = t(`admin.${key}.hint`);
  return { title: t(`admin.${key}`), description: hint === `admin.${key}.hint` ? undefined : hint, ...schema };
};

/** A whole number. @param {number} minimum @param {any} [more] */
export const numbers = (minimum, more = {}) => ({ type: 'integer', minimum, ...more });

/** All skills that somebody has. @param {any} config @returns {string[]} */
export const skillsOf = (config) => [...new Set(Object.values(config.agents || {}).flatMap((agent) => Object.keys(agent.skills || {})))].sort();

/** @param {any} config */
export const rolesOf = (config) => [...['agent', 'supervisor', 'admin'].map((value) => ({ value, label: t(`admin.role.${value}`) })), ...choices(config.roles)];

/** Labels: those that there may be, or any. @param {any} config */
export const labelsOf = (config) => ({ type: 'array', items: { type: 'string' }, ...(config.labels ? { choices: config.labels.map((/** @type {string} */ value) => ({ value, label: value })) } : {}) });

/** @param {any} config */
export const required = (config) => ({
  type: 'array', add: t('admin.add-skill'), items: { type: 'object', required: ['skill'], ordered: true, properties: {
    skill: field('skill', { type: 'string', suggest: skillsOf(config) }),
    min_proficiency: field('min-proficiency', numbers(1, { maximum: 100 })) } },
});

/** One of some words. @param {string} group @param {string[]} values */
export const words = (group, values) => ({ type: 'string', enum: values, words: Object.fromEntries(values.map((value) => [value, t(`admin.${group}.${value}`)])) });

/** A number of each kind of work. @param {any} of */
export const byMedia = (of) => ({ type: 'object', keys: media(), additionalProperties: of });

/** What may interrupt work of each kind. */
export const interruptions = () => byMedia({ type: 'array', choices: media() });
