/** Where the comments of an element belong: how requests, posts and the browser's memory name its thread. */
export class Place {
  /** @param {Element} element */
  constructor(element) {
    this.element = element
  }

  get site() {
    return this.element.getAttribute('site') ?? ''
  }

  /** The thread's key, or the page's address where the page gives none. */
  get thread() {
    return this.element.getAttribute('thread') || this.url
  }

  /** Site and thread as the browser's memory names them. */
  get name() {
    return `${this.site} ${this.thread}`
  }

  /** @returns {[string, string][]} what every request says */
  get query() {
    return [['site', this.site], ['thread', this.thread]]
  }

  get url() {
    const canonical = document.querySelector('link[rel=canonical]')?.getAttribute('href')
    const url = new URL(this.element.getAttribute('page-url') || canonical || location.href, document.baseURI)
    url.hash = ''
    return url.href
  }

  /** What a post names. */
  get target() {
    const title = [...(this.element.getAttribute('page-title') || document.title).replace(/\s+/g, ' ').trim()].slice(0, 250)
    const key = this.element.getAttribute('thread')
    const thread = { ...(key && { key }), url: this.url, ...(title.length && { title: title.join('') }) }
    return { site: this.site, thread }
  }
}
