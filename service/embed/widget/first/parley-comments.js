import { ParleyCount } from './count.js'
import { recall } from './memory.js'
import { Place } from './place.js'
import { Poll } from './poll.js'
import { pulse } from './pulse.js'
import { tint } from './tint.js'
import { View } from './view.js'
import { Words } from './words.js'

/** @typedef {import('./api.js').Comment} Comment @typedef {import('../later/writing.js').Writing} Writing */

/**
 * The comments of one page: read, write, reply, and see one's own become public.
 *
 * @element parley-comments
 * @attr {string} site The site's id.
 * @attr {string} [thread] The page's stable key; its canonical address if left out.
 * @attr {string} [page-url] The page's address; its canonical link if left out.
 * @attr {string} [page-title] The page's title; the document's if left out.
 * @attr {string} [sort] `newest`, `oldest` or `top`.
 * @attr {string} [lang] The language to speak; that of the surrounding page if left out.
 * @attr {string} [words] JSON: texts instead of ours, by the keys of `locales/`.
 * @fires parley-loaded `detail` is `{count, comments}`.
 * @fires parley-posted `detail` is `{id, status}`.
 * @fires parley-error `detail` is `{status, title}`; status 0 when no answer came.
 * @slot Shown until the comments arrive, and kept if they never do.
 */
export class ParleyComments extends HTMLElement {
  static observedAttributes = ['site', 'thread', 'page-url', 'sort', 'lang', 'words']

  #stop = new AbortController()
  #root = this.attachShadow({ mode: 'open' })
  #shown = ''
  #place = new Place(this)
  #poll = new Poll(this.#place, null)
  #view = /** @type {View | null} */ (null)
  #writing = /** @type {Promise<Writing> | null} */ (null)
  #hurry = () => {}
  #tint = () => {}

  connectedCallback() {
    this.#restart()
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === 'sort') this.#poll.sortBy(this.getAttribute('sort'))
    this.#restart()
  }

  disconnectedCallback() {
    this.#stop.abort()
  }

  /** Begin anew, once however many attributes change in this turn; what is shown already stays. */
  #restart() {
    this.#stop.abort()
    const { signal } = (this.#stop = new AbortController())
    queueMicrotask(() => this.isConnected && !signal.aborted && this.#start(signal))
  }

  /** @param {AbortSignal} signal */
  #start(signal) {
    this.#place.settle()
    const lang = this.closest('[lang]')?.getAttribute('lang') || 'en'
    const wanted = JSON.stringify([this.#place.name, lang, this.getAttribute('words')])
    if (this.#shown !== wanted) {
      this.#shown = wanted
      this.#build(new Words(lang, this.getAttribute('words')))
    }
    this.#tint = tint(this, /** @type {View} */ (this.#view), signal)
    this.#hurry = pulse(() => this.#ask(signal), signal)
    this.#writing?.then((writing) => writing.start(signal), () => {})
    addEventListener('offline', () => this.#trouble('offline'), { signal })
    const look = () => this.#place.moved && this.#restart()
    for (const name of ['popstate', 'hashchange']) addEventListener(name, look, { signal })
    // @ts-ignore: not in every browser; elsewhere the next request notices
    window.navigation?.addEventListener('currententrychange', () => setTimeout(look), { signal })
    this.addEventListener('focusin', look, { signal })
  }

  /** @param {Words} words */
  #build(words) {
    this.#writing = null
    this.#poll.sortBy(this.#poll.thread.sort)
    this.#view = new View(this.#root, words, {
      write: () => this.#write(),
      sort: (sort) => (this.#poll.sortBy(sort), this.#hurry()),
      retry: () => this.#hurry(),
      reveal: () => this.#then(async () => this.#poll.thread.reveal()),
      next: () => this.#then(() => this.#poll.more()),
      more: (id) => this.#then(() => this.#poll.more(id)),
      reply: async (id) => (await this.#write())?.reply(id),
      dismiss: (id) => this.#then(async () => (await this.#write())?.forget(id))
    })
    // Who wrote here before has comments that may wait, or a draft.
    if (this.#poll.own.size || recall('session', `draft ${this.#place.name} `)) this.#write()
  }

  /** Load the part that writes, once. */
  async #write() {
    const view = this.#view
    if (!view) return
    // Browsers remember that a module failed, so none is asked for in vain; the next poll that arrives comes back here.
    if (!this.#writing && !navigator.onLine) return this.#trouble('offline')
    this.#writing ??= import('../later/writing.js').then(({ Writing }) => {
      const writing = new Writing({
        place: this.#place.name,
        view,
        target: () => this.#place.target,
        thread: () => this.#poll.thread,
        show: (news) => {
          if (news) this.#poll.outdate()
          this.#show()
          if (news) this.#hurry()
        },
        tell: (name, detail) => this.#tell(name, detail)
      })
      if (view !== this.#view) return writing
      writing.start(this.#stop.signal)
      writing.place()
      return writing
    })
    return this.#writing.catch((error) => {
      this.#writing = null
      this.#fail(error)
    })
  }

  /** @param {AbortSignal} signal @returns {Promise<boolean>} whether something changed */
  async #ask(signal) {
    if (this.#place.moved) return this.#restart(), false
    try {
      const news = await this.#poll.ask(signal)
      if (signal.aborted) return false
      if (!news) return this.#hurry(), true
      const { first, changed, comments } = news
      if (first) this.#writing?.then((writing) => writing.place(), () => {})
      if (this.#view?.box.body.value && !this.#writing) this.#write()
      this.#show()
      if (first) this.#tell('loaded', { count: this.#poll.thread.count, comments })
      return changed
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
      return false
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const { status = 0, message: title, said } = /** @type {import('./api.js').Failure} */ (error)
    if (status === 404 || status === 422) console.warn(`parley-comments: ${said}`, this)
    this.#trouble(status === 404 || status === 422 ? 'setup' : navigator.onLine ? 'failed' : 'offline')
    this.#tell('error', { status, title })
  }

  /** @param {'setup' | 'failed' | 'offline'} key */
  #trouble(key) {
    const text = this.#view?.words.say(key) ?? ''
    if (this.#poll.thread.loaded) this.#view?.tell(text)
    else this.#view?.fail(text)
  }

  /**
   * Do what a button asks; the focus goes to the comment that came by it.
   * @param {() => Promise<Comment | undefined | void>} act
   */
  async #then(act) {
    try {
      const first = await act()
      this.#show()
      this.#view?.focus(first?.id)
    } catch (error) {
      this.#fail(error)
    }
  }

  #show() {
    this.#tint()
    if (this.#poll.thread.loaded) this.#view?.show(this.#poll.thread, this.#poll.own)
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`parley-${name}`, { detail, bubbles: true, composed: true }))
  }
}

// A page may load the script twice, by two addresses: the first to come serves all of it.
if (!customElements.get('parley-comments')) {
  customElements.define('parley-comments', ParleyComments)
  customElements.define('parley-count', ParleyCount)
}
