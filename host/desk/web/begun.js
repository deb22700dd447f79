/**
 * What somebody types, as the hub looks for it: what they have begun to write, however it goes on. Of one letter or
 * within quotation marks it is only what it is.
 * @param {string} words
 */
export const begun = (words) => (/[\p{L}\p{N}]{2}$/u.test(words) && !/["“”„«»]/.test(words) && !/^[\d\s()+./-]+$/.test(words) ? `${words}*` : words);
