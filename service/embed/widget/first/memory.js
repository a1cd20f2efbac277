/** @typedef {import('./api.js').Receipt} Receipt */

const PREFIX = `parley ${new URL('../..', import.meta.url).href} `
/** Where a browser forbids storage, things are kept until the page goes. @type {Map<string, string>} */
const spare = new Map()

/** @param {'local' | 'session'} area */
const storage = (area) => (area === 'local' ? localStorage : sessionStorage)

/**
 * @param {'local' | 'session'} area
 * @param {string} key
 * @returns {any} what was remembered, or null
 */
export function recall(area, key) {
  try {
    return JSON.parse(storage(area).getItem(PREFIX + key) ?? spare.get(key) ?? 'null')
  } catch {
    return JSON.parse(spare.get(key) ?? 'null')
  }
}

/**
 * @param {'local' | 'session'} area
 * @param {string} key
 * @param {unknown} value null forgets
 */
export function remember(area, key, value) {
  const text = JSON.stringify(value)
  spare.delete(key)
  try {
    if (value === null) storage(area).removeItem(PREFIX + key)
    else storage(area).setItem(PREFIX + key, text)
  } catch {
    spare.set(key, text)
  }
}

/**
 * The ids and receipts of the reader's own comments in one thread; never their text.
 * @param {string} place
 * @returns {Receipt[]}
 */
export const owned = (place) => recall('local', `own ${place}`) ?? []
