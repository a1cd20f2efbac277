import { Failure, list } from './api.js'
import { ParleyCount, recount } from './count.js'
import { owned, recall } from './memory.js'
import { pulse } from './pulse.js'
import { sheet } from './styles.js'
import { Thread } from './thread.js'
import { SORTS, View } from './view.js'
import { Words } from './words.js'

/** @typedef {import('./api.js').Comment} Comment @typedef {import('./writing.js').Writing} Writing */

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
 * @attr {string} [words] JSON: texts instead of ours, by the keys of `locales/en.js`.
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
  #etag = /** @type {string | null} */ (null)
  #news = 0
  #thread = new Thread('newest')
  #view = /** @type {View | null} */ (null)
  #writing = /** @type {Promise<Writing> | null} */ (null)
  #hurry = () => {}

  connectedCallback() {
    this.#root.adoptedStyleSheets = [sheet]
    this.#restart()
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === 'sort') this.#sortBy(this.getAttribute('sort'))
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
    const lang = this.closest('[lang]')?.getAttribute('lang') || 'en'
    const wanted = JSON.stringify([this.#place, lang, this.getAttribute('words')])
    if (this.#shown !== wanted) {
      this.#shown = wanted
      this.#build(new Words(lang, this.getAttribute('words')))
    }
    this.#hurry = pulse(() => this.#poll(signal), signal)
    this.#writing?.then((writing) => writing.start(signal), () => {})
    addEventListener('offline', () => this.#trouble('offline'), { signal })
  }

  /** @param {Words} words */
  #build(words) {
    this.#etag = this.#writing = null
    this.#thread = new Thread(this.#thread.sort)
    this.#view = new View(this.#root, words, {
      write: () => this.#write(),
      sort: (sort) => (this.#sortBy(sort), this.#hurry()),
      retry: () => this.#hurry(),
      reveal: () => this.#then(async () => this.#thread.reveal()),
      next: () => this.#then(() => this.#more()),
      more: (id) => this.#then(() => this.#more(id)),
      reply: async (id) => (await this.#write())?.reply(id),
      dismiss: (id) => this.#then(async () => (await this.#write())?.forget(id))
    })
    // Who wrote here before has comments that may wait, or a draft.
    if (owned(this.#place).length || recall('session', `draft ${this.#place} `)) this.#write()
  }

  /** Load the part that writes, once. */
  async #write() {
    const view = this.#view
    if (!view) return
    // Browsers remember that a module failed, so none is asked for in vain; the next poll that arrives comes back here.
    if (!this.#writing && !navigator.onLine) return this.#trouble('offline')
    this.#writing ??= import('./writing.js').then(({ Writing }) => {
      const writing = new Writing({
        place: this.#place,
        view,
        target: () => this.#target,
        thread: () => this.#thread,
        show: (news) => {
          if (news) this.#news++
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

  /** Site and thread, as every request names them. @returns {[string, string]} */
  get #names() {
    return [this.getAttribute('site') ?? '', this.getAttribute('thread') || this.#url]
  }

  /** @returns {[string, string][]} */
  get #query() {
    const [site, thread] = this.#names
    return [['site', site], ['thread', thread]]
  }

  get #place() {
    return this.#names.join(' ')
  }

  get #url() {
    const canonical = document.querySelector('link[rel=canonical]')?.getAttribute('href')
    const url = new URL(this.getAttribute('page-url') || canonical || location.href, document.baseURI)
    url.hash = ''
    return url.href
  }

  /** What a post names. */
  get #target() {
    const title = [...(this.getAttribute('page-title') || document.title).replace(/\s+/g, ' ').trim()].slice(0, 250)
    const key = this.getAttribute('thread')
    const thread = { ...(key && { key }), url: this.#url, ...(title.length && { title: title.join('') }) }
    return { site: this.getAttribute('site') ?? '', thread }
  }

  /** @param {string | null} sort */
  #sortBy(sort) {
    this.#thread = new Thread(SORTS.find((one) => one === sort) ?? 'newest')
    this.#etag = null
  }

  /** @param {AbortSignal} signal @returns {Promise<boolean>} */
  async #poll(signal) {
    const [thread, news, before] = [this.#thread, this.#news, this.#etag]
    const first = !thread.loaded
    try {
      const { content, etag } = await list([...this.#query, ['sort', thread.sort], ['limit', String(thread.limit)]])
      if (signal.aborted) return false
      // Something of ours changed since this was asked: it may be older than what is shown.
      if (thread !== this.#thread || news !== this.#news) return this.#hurry(), true
      this.#etag = etag
      if (first || !etag || etag !== before) {
        const own = this.#ids
        thread.absorb(content, (id) => own.has(id))
        recount(...this.#names, thread.count)
      }
      if (first) this.#writing?.then((writing) => writing.place(), () => {})
      if (this.#view?.box.body.value && !this.#writing) this.#write()
      this.#show()
      if (first) this.#tell('loaded', { count: thread.count, comments: content.comments })
      return etag !== before
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
      return false
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const { status = 0, message: title } = /** @type {Failure} */ (error)
    this.#trouble(status === 404 || status === 422 ? 'setup' : navigator.onLine ? 'failed' : 'offline')
    this.#tell('error', { status, title })
  }

  /** @param {'setup' | 'failed' | 'offline'} key */
  #trouble(key) {
    const text = this.#view?.words.say(key) ?? ''
    if (this.#thread.loaded) this.#view?.tell(text)
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

  /** Load more of the thread, or of the replies below one comment. @param {string} [id] */
  async #more(id) {
    const thread = this.#thread
    const root = thread.known.get(id ?? '')
    const cursor = (root ? root.next_replies : thread.cursor) ?? ''
    const { content } = await list([...this.#query, root ? ['parent', root.id] : ['sort', thread.sort], ['cursor', cursor]])
    return root ? thread.appendReplies(root, content) : thread.append(content)
  }

  get #ids() {
    return new Set(owned(this.#place).map((own) => own.id))
  }

  #show() {
    if (this.#thread.loaded) this.#view?.show(this.#thread, this.#ids)
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`parley-${name}`, { detail, bubbles: true, composed: true }))
  }
}

customElements.define('parley-comments', ParleyComments)
customElements.define('parley-count', ParleyCount)
