import { count } from './api.js'
import { address } from './place.js'
import { Words } from './words.js'

const MOST = 100
const MOST_BYTES = 6000 // of a query: servers and proxies take lines of 8 KB
/** Elements that wait for their number, by site. @type {Map<string, Set<ParleyCount>>} */
const waiting = new Map()

/**
 * The number of public comments of one thread, as text. All of a page are asked for together.
 *
 * @element parley-count
 * @attr {string} site
 * @attr {string} thread The thread's key or the address of its page, which may be relative if it begins with `/` or `.`.
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

  /** What to ask for: a key; and what begins like a path may be one, or lead to a page from here. */
  get names() {
    const { key } = this
    return /^\.?\.?\//.test(key) ? [key, address(key)] : key ? [key] : []
  }
}

async function ask() {
  const asked = [...waiting]
  waiting.clear()
  for (const [site, elements] of asked) {
    const keys = [...new Set([...elements].flatMap((element) => element.names))]
    // What stands in an element stays if its number does not come; a batch that fails takes no other along.
    await Promise.all(batches(keys).map((batch) => tell(site, batch, elements)))
  }
}

/** @param {string} site @param {string[]} keys @param {Set<ParleyCount>} elements @returns {Promise<void>} */
async function tell(site, keys, elements) {
  try {
    const counts = await count(site, keys)
    for (const element of elements) {
      const found = element.names.map((name) => counts[name]).filter((n) => n !== undefined)
      if (found.length) number(element, Math.max(...found))
    }
  } catch (error) {
    const { status, said } = /** @type {import('./api.js').Failure} */ (error)
    if ([414, 422, 431].includes(status) && keys.length > 1) {
      // One of them is no key, or they are too long together: the others are counted without it.
      const half = keys.length >> 1
      await Promise.all([keys.slice(0, half), keys.slice(half)].map((part) => tell(site, part, elements)))
    } else console.warn(`parley-count: ${said || 'no answer'}`, keys)
  }
}

/** Cut a list by number and by length as it is sent. @param {string[]} keys */
export function batches(keys) {
  /** @type {string[][]} */
  const found = []
  let room = 0
  for (const key of keys) {
    const bytes = encodeURIComponent(key).length + 8
    const last = found.at(-1)
    if (last && last.length < MOST && bytes <= room) last.push(key)
    else found.push([key]), (room = MOST_BYTES)
    room -= bytes
  }
  return found
}

/**
 * Let what a page says elsewhere agree with the list, without asking again.
 * @param {import('./place.js').Place} place @param {number} n
 */
export function recount({ site, thread }, n) {
  for (const element of document.querySelectorAll('parley-count')) {
    const one = /** @type {ParleyCount} */ (element)
    if (one.getAttribute('site') === site && one.names.includes(thread)) number(one, n)
  }
}

/** @param {ParleyCount} element @param {number | undefined} n */
function number(element, n) {
  if (n === undefined) return
  const words = new Words(element.closest('[lang]')?.getAttribute('lang') ?? 'en')
  if (!element.hasAttribute('dir')) element.dir = words.dir
  element.textContent = words.say('count', { n })
}
