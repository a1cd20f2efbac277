/** @typedef {import('./api.js').Receipt} Receipt */

const PREFIX = `parley ${new URL('..', import.meta.url).href} `
const MAX_OWN = 20
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

/** The ids and receipts of the reader's own comments in one thread; never their text. */
export class Own {
  /** @param {string} place */
  constructor(place) {
    this.key = `own ${place}`
  }

  /** @returns {Receipt[]} */
  get all() {
    return recall('local', this.key) ?? []
  }

  /** @param {string} id */
  find(id) {
    return this.all.find((own) => own.id === id)
  }

  /** @param {Receipt} own */
  keep({ id, status, receipt }) {
    const others = this.all.filter((other) => other.id !== id)
    remember('local', this.key, [...others, { id, status, receipt }].slice(-MAX_OWN))
  }

  /** @param {string} id */
  drop(id) {
    remember('local', this.key, this.all.filter((own) => own.id !== id))
  }
}
