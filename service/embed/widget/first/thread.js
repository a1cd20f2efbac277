/** @typedef {import('./api.js').Comment} Comment @typedef {import('./api.js').Page} Page */

export const SORTS = /** @type {const} */ (['newest', 'oldest', 'top'])
const PAGE = 25
const MAX_PAGE = 100

/**
 * What one reader sees of a thread. Others' new comments wait in `latest` until the reader asks for them,
 * so that nothing moves under the eyes; what was edited or removed changes where it stands.
 */
export class Thread {
  count = 0
  closed = false
  loaded = false
  /** @type {Comment[]} */
  roots = []
  /** @type {string | null} */
  cursor = null
  /** @type {Map<string, Comment>} */
  known = new Map()
  /** @type {Comment[]} */
  latest = []
  /** Comments whose replies the reader has paged through. @type {Set<string>} */
  paged = new Set()

  /** @param {string} sort */
  constructor(sort) {
    this.sort = sort
  }

  /** How many to ask for, so that the first page covers what is shown. */
  get limit() {
    return Math.min(MAX_PAGE, PAGE * Math.ceil((this.roots.length + 1) / PAGE))
  }

  /** How many comments wait. */
  get waiting() {
    return this.#walk(this.latest).filter((one) => !this.known.has(one.id)).length
  }

  /**
   * Take in the first page as it is now.
   * @param {Page} page
   * @param {(id: string) => boolean} own whose comments need not wait
   */
  absorb(page, own) {
    const all = !this.roots.some((root) => root.status === 'approved')
    this.count = page.thread.count
    this.closed = page.thread.closed
    this.latest = this.#trim(page.comments)
    this.#drop(page)
    this.#merge(this.roots, this.latest, (one) => all || own(one.id))
    const last = this.roots.at(-1)
    if (!this.loaded || (!this.cursor && last && last.id === page.comments.at(-1)?.id)) this.cursor = page.next_cursor
    this.loaded = true
  }

  /** Show what waits; returns the first of it. */
  reveal() {
    const before = new Set(this.known.keys())
    this.#merge(this.roots, this.latest, () => true)
    return this.#walk(this.roots).find((one) => !before.has(one.id))
  }

  /** @param {Page} page the one after `cursor` */
  append(page) {
    const fresh = page.comments.filter((one) => this.#learn(one))
    this.roots.push(...fresh)
    this.cursor = page.next_cursor
    return fresh[0]
  }

  /** @param {Comment} root @param {Page} page of its replies */
  appendReplies(root, page) {
    const fresh = page.comments.filter((one) => this.#learn(one))
    for (const one of fresh) (this.known.get(one.parent_id ?? '') ?? root).replies.push(one)
    root.next_replies = page.next_cursor
    this.paged.add(root.id)
    return fresh[0]
  }

  /** Put in or change a comment of the reader's own. @param {Comment} comment */
  put(comment) {
    const old = this.known.get(comment.id)
    if (old) return void Object.assign(old, comment, { replies: old.replies })
    this.#learn(comment)
    const parent = this.known.get(comment.parent_id ?? '')
    if (parent) parent.replies.push(comment)
    else this.roots.unshift(comment)
  }

  /** @param {string} id */
  remove(id) {
    this.known.delete(id)
    const without = (/** @type {Comment[]} */ list) => list.filter((one) => one.id !== id)
    this.roots = without(this.roots)
    for (const one of this.known.values()) one.replies = without(one.replies)
  }

  /**
   * Each new one goes behind the neighbour it has on the page.
   * @param {Comment[]} shown @param {Comment[]} page @param {(one: Comment) => boolean} welcome
   */
  #merge(shown, page, welcome) {
    let at = 0
    for (const one of page) {
      const old = this.known.get(one.id)
      if (old) {
        const { replies, next_replies } = old
        Object.assign(old, one, { replies }, this.paged.has(one.id) && { next_replies })
        this.#merge(replies, one.replies, welcome)
        at = shown.includes(old) ? shown.indexOf(old) + 1 : at
      } else if (welcome(one)) {
        const copy = { ...one, replies: [] }
        this.known.set(one.id, copy)
        shown.splice(at++, 0, copy)
        this.#merge(copy.replies, one.replies, welcome)
      }
    }
  }

  /** What stands behind our last one is not new, only not loaded yet. @param {Comment[]} comments */
  #trim(comments) {
    const last = comments.map((one) => this.known.has(one.id)).lastIndexOf(true)
    return this.cursor && last >= 0 ? comments.slice(0, last + 1) : comments
  }

  /** What the page should hold and does not was removed. @param {Page} page */
  #drop(page) {
    const there = new Set(this.#walk(page.comments).map((one) => one.id))
    const whole = new Set(page.comments.filter((one) => !one.next_replies).map((one) => one.id))
    const last = Date.parse(page.comments.at(-1)?.created_at ?? '')
    const sign = { newest: 1, oldest: -1 }[this.sort] ?? 0
    for (const root of this.roots) {
      const within = !page.next_cursor || (Date.parse(root.created_at) - last) * sign > 0
      const tree = this.#walk([root])
      for (const one of whole.has(root.id) ? tree : within && !there.has(root.id) ? [root] : []) {
        if (!there.has(one.id) && one.status === 'approved') {
          Object.assign(one, { status: 'removed', body: null, author: null })
        }
      }
    }
  }

  /** @param {Comment[]} list @returns {Comment[]} */
  #walk(list) {
    return list.flatMap((one) => [one, ...this.#walk(one.replies)])
  }

  /** @param {Comment} comment @returns {boolean} whether it is new */
  #learn(comment) {
    if (this.known.has(comment.id)) return false
    this.known.set(comment.id, comment)
    comment.replies = comment.replies.filter((one) => this.#learn(one))
    return true
  }
}
