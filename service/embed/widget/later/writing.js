import { call } from '../first/api.js'
import { token } from '../first/dom.js'
import { owned, recall, remember } from '../first/memory.js'
import { pulse } from '../first/pulse.js'
import { box } from '../first/view.js'
import en from '../locales/later/en.js'
import { Form, apart, isKeyReused } from './form.js'

/**
 * @typedef {import('../first/api.js').Comment} Comment
 * @typedef {import('../first/api.js').Receipt} Receipt
 * @typedef {import('../first/api.js').Failure} Failure
 * @typedef {object} Desk what the element lends to its writing part
 * @property {string} place
 * @property {import('../first/view.js').View} view
 * @property {() => {site: string, thread: {key?: string | null, url: string}}} target of a post
 * @property {() => import('../first/thread.js').Thread} thread
 * @property {(news?: boolean) => void} show `news` when the list must be asked again
 * @property {(name: string, detail: object) => void} tell
 */

const SOON_MS = [50, 100, 200, 400, 800, 1600]
const PATIENT_MS = 1000
const MAX_OWN = 20
const FORM_MS = 3_600_000
/** @type {Record<string, import('../first/words.js').Key | undefined>} */
const SAID = { approved: 'saidLive', rejected: 'saidRejected', pending: 'saidAwaiting' }

/** The part of the widget that is loaded when a reader begins to write, or has written here before. */
export class Writing {
  /** Own comments that are not public, as far as this page knows them. @type {Map<string, Comment>} */
  mine = new Map()
  /** @type {{form: Form, card: import('../first/card.js').Card} | null} */
  answering = null
  /** @type {(soon?: number[]) => void} */
  hurry = () => {}
  owed = 0
  /** Shows that a form was opened here a while before it is sent. */
  token = ''
  asked = -FORM_MS
  /** @type {AbortSignal | undefined} */
  signal

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk
    desk.view.words.learn(en)
    this.form = this.#form(desk.view.box, null)
  }

  /** @param {AbortSignal} signal */
  start(signal) {
    if (signal === this.signal) return
    this.signal = signal
    this.hurry = pulse(() => this.#ask(signal), signal)
    signal.addEventListener('abort', () => clearTimeout(this.owed))
  }

  /** Put the own comments where they belong in a thread that was loaded anew. */
  place() {
    const { thread, show } = this.desk
    const strange = [...this.mine.values()].filter(({ id }) => !thread().known.has(id))
    for (const one of strange) thread().put({ ...one, replies: [] })
    if (strange.length) show()
  }

  /** Open the reply form under a comment. @param {string} id */
  reply(id) {
    const { view } = this.desk
    const card = view.cards.get(id)
    if (!card) return
    if (this.answering?.card !== card) {
      this.answering?.form.element.remove()
      const name = apart(view.words, card.name.textContent ?? '')
      const place = box(`reply-${id}`, view.words.say('addReply', { name }))
      card.article.after(place.element)
      this.answering = { card, form: this.#form(place, id) }
    }
    this.answering.form.body.focus()
  }

  /** @param {string} id */
  forget(id) {
    const { place, thread, show } = this.desk
    remember('local', `own ${place}`, owned(place).filter((own) => own.id !== id))
    this.mine.delete(id)
    thread().remove(id)
    show()
  }

  /** Put the reply form away; the focus goes back to where it came from. */
  #close() {
    const { card, form } = this.answering ?? {}
    this.answering = null
    form?.element.remove()
    ;(card?.reply.hidden ? card.article : card?.reply)?.focus()
  }

  /** @param {import('../first/view.js').Box} place @param {string | null} parent @returns {Form} */
  #form(place, parent) {
    const { view } = this.desk
    return new Form(view.words, place, {
      place: this.desk.place,
      parent,
      say: (text) => view.say(text),
      ready: () => void this.#open(),
      leave: () => (parent ? this.#close() : view.title.focus()),
      send: async (draft, form) => {
        const id = await this.#send(draft, parent)
        form.clear()
        if (parent) this.#close()
        view.focus(id)
        form.open(false)
      }
    })
  }

  /** Ask for a token when somebody begins to write, and again when it may grow too old. Without one a post works too. */
  async #open() {
    if (performance.now() - this.asked < FORM_MS) return
    this.asked = performance.now()
    const { site, thread } = this.desk.target()
    try {
      this.token = (await call('form-token', [['site', site], ['thread', thread.key || thread.url]])).content.token
    } catch {
      this.asked = -FORM_MS
    }
  }

  /** @param {import('./form.js').Draft} draft @param {string | null} parent */
  async #send({ name, body, key, topic }, parent) {
    const author = recall('local', 'author') ?? token(32)
    remember('local', 'author', author)
    const comment = { ...this.desk.target(), ...(parent && { parent_id: parent }), ...(name && { author: { name } }), body }
    const form = { ...(this.token && { token: this.token }), ...(topic && { topic }) }
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key, 'Parley-Author': author }
    try {
      const { content } = await call('comments', [], { method: 'POST', body: JSON.stringify({ ...comment, form }), headers })
      this.#posted(content, {
        ...content, body, parent_id: parent, author: { name: name || null }, created_at: new Date().toISOString(),
        edited_at: null, replies: [], next_replies: null
      })
      return content.id
    } catch (error) {
      const failure = /** @type {Failure} */ (error)
      const { status, message: title, said } = failure
      if (status === 403 || (status === 422 && !isKeyReused(failure))) console.warn(`parley-comments: ${said}`)
      if (!isKeyReused(failure)) this.desk.tell('error', { status, title })
      throw error
    }
  }

  /** @param {Receipt} receipt @param {Comment} comment */
  #posted(receipt, comment) {
    const { view, thread, show, tell } = this.desk
    this.#keep(receipt)
    this.mine.set(comment.id, comment)
    thread().put(comment)
    show()
    clearTimeout(this.owed)
    this.owed = setTimeout(() => view.say(view.words.say('saidAwaiting')), PATIENT_MS)
    this.hurry([...SOON_MS])
    tell('posted', { id: comment.id, status: comment.status })
  }

  /** @param {Receipt} own */
  #keep({ id, status, receipt }) {
    const { place } = this.desk
    const others = owned(place).filter((own) => own.id !== id)
    remember('local', `own ${place}`, [...others, { id, status, receipt }].slice(-MAX_OWN))
  }

  /** Ask how those fare that are not decided yet. @param {AbortSignal} signal */
  async #ask(signal) {
    let changed = false
    for (const own of owned(this.desk.place)) {
      const { status } = this.mine.get(own.id) ?? own
      // A rejected one is asked for once more on a new page: it shows why, and may have been appealed.
      if (status === 'approved' || (status === 'rejected' && this.mine.has(own.id))) continue
      try {
        const headers = { 'Parley-Receipt': own.receipt }
        const { content } = await call(`comments/${own.id}`, [], { headers, cache: 'no-store' })
        if (signal.aborted) return false
        changed = this.#learn({ ...content, replies: [], next_replies: null }, own) || changed
      } catch (error) {
        if (!signal.aborted && /** @type {Failure} */ (error).status === 404) this.forget(own.id)
      }
    }
    return changed
  }

  /** @param {Comment} comment as the server has it @param {Receipt} own @returns {boolean} whether its status changed */
  #learn(comment, own) {
    const { view, thread, show } = this.desk
    const { id, status } = comment
    const changed = own.status !== status
    if (status === 'deleted') return this.forget(id), true
    this.#keep({ ...own, status })
    if (status === 'approved') this.mine.delete(id)
    else this.mine.set(id, comment)
    if (thread().loaded) thread().put(comment)
    show(changed)
    const said = changed && SAID[status]
    if (said) {
      clearTimeout(this.owed)
      view.say(view.words.say(said))
    }
    return changed
  }
}
