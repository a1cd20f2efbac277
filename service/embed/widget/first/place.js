/** Where the comments of an element belong: how requests, posts and the browser's memory name its thread. */
export class Place {
  /** The thread that is shown: the page may be another by now. @type {ReturnType<Place['read']> | null} */
  #shown = null

  /** @param {Element} element */
  constructor(element) {
    this.element = element
  }

  /** Keep to where the page stands now. */
  settle() {
    this.#shown = this.read()
  }

  /** Whether the page became another one since `settle`, as those of single-page sites do. */
  get moved() {
    const { site, thread } = this.read()
    return !!this.#shown && (site !== this.#shown.site || thread !== this.#shown.thread)
  }

  get now() {
    return this.#shown ?? this.read()
  }

  get site() {
    return this.now.site
  }

  /** The thread's key, or the page's address where the page gives none. */
  get thread() {
    return this.now.thread
  }

  /** Site and thread as the browser's memory names them. */
  get name() {
    return `${this.site} ${this.thread}`
  }

  /** @returns {[string, string][]} what every request says */
  get query() {
    return [['site', this.site], ['thread', this.thread]]
  }

  /** What a post names: the thread that is shown, wherever the page is now. */
  get target() {
    const { element, moved } = this
    const { site, key, url } = moved ? this.now : this.read()
    const title = moved ? [] : [...(element.getAttribute('page-title') || document.title).replace(/\s+/g, ' ').trim()].slice(0, 250)
    const thread = { ...(key && { key }), url, ...(title.length && { title: title.join('') }) }
    return { site, thread }
  }

  /** Where the page stands. */
  read() {
    const { element } = this
    const canonical = document.querySelector('link[rel=canonical]')?.getAttribute('href')
    const url = address(element.getAttribute('page-url') || canonical || location.href)
    const key = element.getAttribute('thread')
    return { site: element.getAttribute('site') ?? '', key, thread: key || url, url }
  }
}

/** A page's address, without a place in the page. The service knows which spellings are one. @param {string} url */
export function address(url) {
  const found = new URL(url, document.baseURI)
  if (!/^#[/!]/.test(found.hash)) found.hash = ''
  return found.href
}
