import { button, make, set, token, write } from '../first/dom.js'
import { recall, remember } from '../first/memory.js'
import { dress } from '../first/styles.js'

/**
 * @typedef {import('../first/api.js').Failure} Failure
 * @typedef {{name: string, body: string, key: string, topic: string}} Draft
 * @typedef {object} Options
 * @property {string} place names the draft in the browser's memory
 * @property {string | null} parent the comment replied to
 * @property {(draft: Draft, form: Form) => Promise<void>} send throws a `Failure`
 * @property {() => void} ready when somebody begins to write
 * @property {() => void} leave after a cancel
 * @property {(text: string) => void} say tells a screen reader
 */

/** How the form looks, beside `first/styles.js`. */
const LOOK = `
.open textarea { min-block-size: 6em }
[aria-invalid] { border-color: var(--bad); outline-color: var(--bad) }
.post { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600 }
.post:hover { filter: brightness(1.1) }
[aria-disabled] { opacity: .6; cursor: default }
form > label { display: block; font-weight: 600; margin-block-end: .35em }
.row { display: flex; flex-wrap: wrap; gap: .5em; align-items: center; margin-block: .6em .35em }
.row input { flex: 1 1 9em; min-inline-size: 0; max-inline-size: 16em }
.error { color: var(--bad); font-weight: 600; font-size: .875em }
p.error { margin-block-start: .5em }
.row .link { margin-inline-start: auto }
li > form { padding-block-end: .5em }
form:not(.open) :is(.row, .note) { display: none }
@container (max-width: 26em) {
  .row input { max-inline-size: none; flex-basis: 100% }
}
@media (forced-colors: active) {
  .post { border-color: currentcolor }
}
`
const MAX_BODY = 5000
const MAX_NAME = 60
const MAX_BYTES = 20_000
const NEAR = 200

/** How many characters a reader sees. @param {string} text */
export function graphemes(text) {
  const parts = 'Segmenter' in Intl ? new Intl.Segmenter().segment(text) : text
  let sum = 0
  for (const _ of parts) sum++
  return sum
}

/** Keep what others wrote apart in a text of ours, where it would turn the words around it. @param {import('../first/words.js').Words} words @param {string} text */
export const apart = ({ dir }, text) =>
  dir === 'rtl' || /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text

/** Whether the Idempotency-Key was used for another comment. @param {Failure} failure */
export const isKeyReused = ({ type }) => !!type?.endsWith('idempotency-key-reused')

/** Makes a box a form to write in. The draft survives errors, reloads and a change of mind. */
export class Form {
  busy = false
  /** The Idempotency-Key, and for what it stands. */
  key = ''
  keyFor = ''

  /**
   * @param {import('../first/words.js').Words} words
   * @param {import('../first/view.js').Box} box
   * @param {Options} options
   */
  constructor(words, { element, body }, options) {
    this.words = words
    this.options = options
    this.element = element
    this.body = body
    this.memory = `draft ${options.place} ${options.parent ?? ''}`
    const id = (/** @type {string} */ name) => `${name}-${body.id}`
    this.name = make('input', {
      id: id('name'), part: 'input', dir: 'auto', autocomplete: 'nickname', 'aria-describedby': id('error')
    })
    // Programs fill in what they find. People neither see nor hear of it, and no browser or vault is to help.
    this.topic = make('input', {
      id: id('topic'), name: 'topic', tabindex: -1, autocomplete: 'off', 'data-1p-ignore': true, 'data-lpignore': 'true',
      'data-bwignore': true, 'data-form-type': 'other'
    })
    this.error = make('p', { id: id('error'), class: 'error', part: 'error', hidden: true })
    this.left = make('span', { id: id('left'), class: 'left', hidden: true })
    this.post = make('button', { class: 'post', part: 'button post' }, words.say('post'))
    set(body, 'aria-describedby', `${id('error')} ${id('left')} ${id('rules')}`)
    element.append(
      this.error,
      make('div', { class: 'row' },
        make('label', { for: id('name') }, words.say('name')), this.name, this.left,
        button(words.say('cancel'), () => this.cancel(), 'link'), this.post),
      make('p', { id: id('rules'), class: 'note' }, words.say('rules')),
      make('div', { class: 'unseen', 'aria-hidden': 'true' }, make('label', { for: id('topic') }, words.say('trap')), this.topic)
    )
    this.name.value = recall('local', 'name') ?? ''
    dress(/** @type {ShadowRoot} */ (element.getRootNode()), LOOK)
    this.#listen()
    this.#restore()
  }

  #listen() {
    const { element, body } = this
    element.addEventListener('input', () => (this.open(true), this.#changed()))
    element.addEventListener('submit', (event) => void this.#submit(event))
    body.addEventListener('focus', () => this.open(true))
    element.addEventListener('keydown', (event) => {
      if (event.isComposing) return
      if (event.key === 'Escape') this.cancel()
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.post.click() // `requestSubmit` is younger than many a phone
    })
  }

  #restore() {
    const { body, key, keyFor } = recall('session', this.memory) ?? {}
    if (body && !this.body.value) Object.assign(this, { key, keyFor }).body.value = body
    this.open(!!this.body.value || !!this.options.parent || this.body.matches(':focus'))
    this.#changed()
  }

  /** @param {boolean} open */
  open(open) {
    if (open) this.options.ready()
    this.element.classList.toggle('open', open)
  }

  cancel() {
    if (!this.body.value.trim()) this.clear()
    this.open(false)
    this.options.leave()
  }

  clear() {
    this.body.value = this.key = ''
    this.#changed()
  }

  #changed() {
    const { body, key, keyFor } = this
    this.#complain('')
    this.#count()
    remember('session', this.memory, body.value ? { body: body.value, key, keyFor } : null)
  }

  #count() {
    const text = this.body.value.trim()
    const left = text.length > MAX_BODY - NEAR ? MAX_BODY - graphemes(text) : NEAR
    write(this.left, left < NEAR ? this.words.say(left < 0 ? 'over' : 'left', { n: Math.abs(left) }) : '')
    this.left.classList.toggle('error', left < 0)
    return left
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault()
    if (this.busy) return
    const { words } = this
    const body = this.body.value.trim()
    const name = this.name.value.trim().replace(/\s+/g, ' ')
    const over = graphemes(name) - MAX_NAME
    const bytes = new TextEncoder().encode(body).length
    if (!body) this.#complain(words.say('errorEmpty'), this.body)
    else if (this.#count() < 0 || bytes > MAX_BYTES) this.#complain(words.say('errorLong'), this.body)
    else if (over > 0) this.#complain(words.say('errorNameLong', { n: over }), this.name)
    else await this.#send(name, body)
  }

  /** @param {string} name @param {string} body */
  async #send(name, body) {
    // The key stays the same on a retry, even after a reload, so that nothing is posted twice.
    const content = JSON.stringify([name, body])
    if (!this.key || this.keyFor !== content) Object.assign(this, { key: token(16), keyFor: content })
    remember('local', 'name', name || null)
    this.#changed()
    this.#wait(true)
    try {
      await this.#try(name, body)
    } catch (error) {
      this.#explain(/** @type {Failure} */ (error))
    } finally {
      this.#wait(false)
    }
  }

  /** @param {string} name @param {string} body */
  async #try(name, body) {
    try {
      await this.options.send({ name, body, key: this.key, topic: this.topic.value }, this)
    } catch (error) {
      if (!isKeyReused(/** @type {Failure} */ (error))) throw error
      // It stands for another comment, as on a page that moved: this one is new, and must not fail for ever.
      this.key = token(16)
      this.#changed()
      await this.options.send({ name, body, key: this.key, topic: this.topic.value }, this)
    }
  }

  /** @param {boolean} busy */
  #wait(busy) {
    this.busy = busy
    this.body.readOnly = busy
    set(this.post, 'aria-disabled', busy && 'true') // not `disabled`: that would lose the focus
    this.post.textContent = this.words.say(busy ? 'posting' : 'post')
  }

  /** @param {Failure} failure */
  #explain({ status, type, errors, wait }) {
    const { words } = this
    const [{ pointer, detail: why } = { pointer: '', detail: '' }] = errors ?? []
    if (pointer === '/body') this.#complain(words.say('errorBody', { why: apart(words, why) }), this.body)
    else if (pointer === '/author/name') this.#complain(words.say('errorName', { why: apart(words, why) }), this.name)
    else if (pointer === '/parent_id') this.#complain(words.say('errorParent'))
    else if (status === 413) this.#complain(words.say('errorLong'), this.body)
    else if (status === 429 || status === 503) this.#complain(words.say('errorBusy', { n: wait }))
    else if (type?.endsWith('thread-closed')) this.#complain(words.say('errorClosed'))
    else if (status === 0) this.#complain(words.say(navigator.onLine ? 'errorLost' : 'errorOffline'))
    else this.#complain(words.say('errorOther'))
  }

  /**
   * Show what is wrong. A field to mend gets the focus, and the text is read with it.
   * @param {string} text @param {HTMLElement} [field]
   */
  #complain(text, field) {
    write(this.error, text)
    for (const each of [this.body, this.name]) set(each, 'aria-invalid', each === field && 'true')
    if (field) field.focus()
    else if (text) this.options.say(text)
  }
}
