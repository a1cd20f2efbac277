import { list } from './api.js'
import { recount } from './count.js'
import { owned } from './memory.js'
import { SORTS, Thread } from './thread.js'

/** @typedef {{first: boolean, changed: boolean, comments: import('./api.js').Comment[]}} News */

/** Loads the thread of one place: the first page again and again, and further pages when the reader asks. */
export class Poll {
  #etag = /** @type {string | null} */ (null)
  #changes = 0

  /** @param {import('./place.js').Place} place @param {string | null} sort */
  constructor(place, sort) {
    this.place = place
    this.thread = this.sortBy(sort)
  }

  /** Begin anew in another order. @param {string | null} sort @returns {Thread} */
  sortBy(sort) {
    this.#etag = null
    return (this.thread = new Thread(SORTS.find((one) => one === sort) ?? 'newest'))
  }

  /** Something of the reader's own changed: an answer under way may be older than what is shown. */
  outdate() {
    this.#changes++
  }

  /** The ids of the reader's own comments. */
  get own() {
    return new Set(owned(this.place.name).map(({ id }) => id))
  }

  /**
   * Take in the first page as it is now.
   * @param {AbortSignal} signal
   * @returns {Promise<News | null>} null when the answer came too late to be of use
   */
  async ask(signal) {
    const { thread } = this
    const [changes, before, first] = [this.#changes, this.#etag, !thread.loaded]
    const { content, etag } = await list([...this.place.query, ['sort', thread.sort], ['limit', String(thread.limit)]])
    if (signal.aborted || thread !== this.thread || changes !== this.#changes || this.place.moved) return null
    this.#etag = etag
    const changed = etag !== before
    if (first || !etag || changed) {
      const { own } = this
      thread.absorb(content, (id) => own.has(id))
      recount(this.place, thread.count)
    }
    return { first, changed, comments: content.comments }
  }

  /** Load more of the thread, or of the replies below one comment; returns the first of it. @param {string} [id] */
  async more(id) {
    const { thread } = this
    const root = thread.known.get(id ?? '')
    const cursor = (root ? root.next_replies : thread.cursor) ?? ''
    const { content } = await list([...this.place.query, root ? ['parent', root.id] : ['sort', thread.sort], ['cursor', cursor]])
    return root ? thread.appendReplies(root, content) : thread.append(content)
  }
}
