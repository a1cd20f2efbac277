import { count } from './api.js'
import { Words } from './words.js'

const MOST = 100
/** Elements that wait for their number, by site. @type {Map<string, Set<ParleyCount>>} */
const waiting = new Map()

/**
 * The number of public comments of one thread, as text. All of a page are asked for together.
 *
 * @element parley-count
 * @attr {string} site
 * @attr {string} thread The thread's key or the address of its page.
 */
export class ParleyCount extends HTMLElement {
  static observedAttributes = ['site', 'thread']

  connectedCallback() {
    const site = this.getAttribute('site') ?? ''
    if (!waiting.size) setTimeout(ask)
    waiting.set(site, (waiting.get(site) ?? new Set()).add(this))
  }

  attributeChangedCallback() {
    if (this.isConnected) this.connectedCallback()
  }

  get key() {
    return this.getAttribute('thread') ?? ''
  }
}

async function ask() {
  const asked = [...waiting]
  waiting.clear()
  for (const [site, elements] of asked) {
    const keys = [...new Set([...elements].map((element) => element.key))].filter(Boolean)
    for (let i = 0; i < keys.length; i += MOST) {
      // What stands in the element stays if the number does not come.
      /** @type {Record<string, number>} */
      const counts = await count(site, keys.slice(i, i + MOST)).catch(() => ({}))
      for (const element of elements) number(element, counts[element.key])
    }
  }
}

/**
 * Let what a page says elsewhere agree with the list, without asking again.
 * @param {import('./place.js').Place} place @param {number} n
 */
export function recount({ site, thread }, n) {
  for (const element of document.querySelectorAll('parley-count')) {
    if (element.getAttribute('site') === site && element.getAttribute('thread') === thread) {
      number(/** @type {ParleyCount} */ (element), n)
    }
  }
}

/** @param {ParleyCount} element @param {number | undefined} n */
function number(element, n) {
  if (n === undefined) return
  const words = new Words(element.closest('[lang]')?.getAttribute('lang') ?? 'en')
  element.textContent = words.say('count', { n })
}
