// What is looked for in the desk's modules beside the types: what is never used, what a strict policy refuses, and
// what would break the page where it looks harmless.

import js from '@eslint/js';

/** What a page calls on its elements itself. A component with a method of such a name does something else then. */
const OF_ELEMENTS = 'remove|before|after|append|prepend|replaceWith|click|focus|blur|closest|matches|contains|animate|normalize|toggleAttribute';

export default [
  { ignores: ['**/vendor/**'] },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    rules: {
      // The types tell it better: they know what a page has.
      'no-undef': 'off',
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'none', varsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
      // Markup is made by templates alone, which take every value for a text.
      'no-restricted-properties': ['error', ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({ property }))],
      'no-restricted-syntax': ['error', {
        selector: `MethodDefinition[kind=method][key.name=/^(${OF_ELEMENTS})$/]`,
        message: 'A page calls this on its elements itself: name the method otherwise.',
      }],
    },
  },
];
