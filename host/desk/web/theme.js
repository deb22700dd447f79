// Light, dark, or as the system has it. It is this browser's own choice.

const THEME = 'linecard-theme';

/** What is chosen: empty for the system's. */
export const chosen = () => localStorage.getItem(THEME) || '';

/** What is shown. @returns {'light' | 'dark'} */
export function theme() {
  const now = chosen() || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  return now === 'dark' ? 'dark' : 'light';
}

/** Shows a theme and remembers it; without one shows what was chosen before. @param {string} [name] */
export function dress(name) {
  if (name !== undefined) localStorage.setItem(THEME, name);
  document.documentElement.dataset.theme = chosen();
}
