import { Card } from './card.js'
import { arrange, button, make, write } from './dom.js'
import { dress } from './styles.js'
import { SORTS } from './thread.js'

/**
 * @typedef {import('./api.js').Comment} Comment
 * @typedef {{element: HTMLFormElement, body: HTMLTextAreaElement}} Box
 * @typedef {object} Control what the buttons do
 * @property {() => void} write
 * @property {(sort: string) => void} sort
 * @property {() => void} reveal
 * @property {() => void} next
 * @property {() => void} retry
 * @property {(id: string) => void} reply
 * @property {(id: string) => void} more
 * @property {(id: string) => void} dismiss
 */

const GAP_MS = 100 // a live region is read when its text changes after a while

/** A box to write in. @param {string} id @param {string} label @returns {Box} */
export function box(id, label) {
  const body = make('textarea', {
    id, part: 'textarea', dir: 'auto', rows: 1, placeholder: label, 'aria-required': 'true'
  })
  const element = make('form', { part: 'form', novalidate: true }, make('label', { for: id }, label), body)
  return { element, body }
}

/** Everything that is seen of one thread. */
export class View {
  /** @type {Map<string, Card>} */
  cards = new Map()

  /** @param {ShadowRoot} root @param {import('./words.js').Words} words @param {Control} control */
  constructor(root, words, control) {
    const say = words.say.bind(words)
    this.root = root
    this.words = words
    this.control = control
    this.status = make('p', { role: 'status', class: 'unseen' })
    this.title = make('h2', { id: 'title', part: 'title', tabindex: -1 })
    this.select = make('select', { id: 'sort', part: 'select', change: () => control.sort(this.select.value) },
      ...SORTS.map((sort) => make('option', { value: sort }, say(sort))))
    this.sorting = make('div', { class: 'sort' }, make('label', { for: 'sort' }, say('sort')), ' ', this.select)
    this.box = box('new', say('add'))
    // The second is for a reader whose connection failed at the first.
    for (const event of ['focus', 'input']) this.box.body.addEventListener(event, control.write)
    this.box.element.addEventListener('submit', (event) => event.preventDefault())
    this.note = make('p', { class: 'notice', part: 'notice', hidden: true })
    this.fresh = button('', control.reveal, 'fresh')
    this.empty = make('p', { class: 'empty', part: 'empty' }, make('strong', {}, say('empty')))
    this.list = make('ol', { class: 'list', role: 'list', part: 'list' })
    this.next = button(say('more'), control.next, 'more')
    // Our own texts have our language and its direction, whatever those of the page are.
    const ours = { lang: words.lang, dir: words.dir }
    this.section = make('section', { 'aria-labelledby': 'title', ...ours, hidden: true },
      make('header', {}, this.title, this.sorting),
      this.box.element, this.note, this.fresh, this.empty, this.list, this.next)
    this.slot = make('slot', {}, make('div', { class: 'all', ...ours }, make('p', { class: 'note' }, say('loading'))))
    this.trouble = make('p', { class: 'notice', part: 'notice' })
    this.failure = make('div', { hidden: true }, this.trouble, button(say('retry'), control.retry, 'more'))
    this.all = make('div', { class: 'all', ...ours }, this.failure, this.section, this.status)
    // They show nothing, and tell which colours the page has (tint.js).
    this.probe = make('i', { class: 'probe', 'aria-hidden': 'true' })
    this.gauge = make('i', { hidden: true })
    root.replaceChildren(this.slot, this.all, this.probe, this.gauge)
    dress(root)
  }

  /** @param {string} style the colours that can be read here */
  paint(style) {
    // Not by the attribute, which a strict policy of the page forbids.
    for (const part of this.root.querySelectorAll('.all')) /** @type {HTMLElement} */ (part).style.cssText = style
  }

  /** @param {import('./thread.js').Thread} thread @param {Set<string>} own ids of the reader's comments */
  show(thread, own) {
    const { words, failure, box } = this
    const { count: n, closed, waiting, roots } = thread
    const retried = failure.contains(this.root.activeElement)
    this.slot.hidden = failure.hidden = true
    this.section.hidden = false
    if (retried) this.title.focus()
    this.select.value = thread.sort
    write(this.title, n ? words.say('count', { n }) : words.say('title'))
    this.sorting.hidden = roots.length < 2
    box.element.hidden = closed && !box.body.value
    write(this.note, closed ? words.say('closed') : '')
    this.empty.hidden = roots.length > 0
    write(this.fresh, waiting ? words.say('fresh', { n: waiting }) : '')
    this.#arrange(this.list, roots, own, closed)
    for (const id of this.cards.keys()) if (!thread.known.has(id)) this.cards.delete(id)
    this.next.hidden = !thread.cursor
  }

  /** Say why nothing is there, with a button to try again; the page's own content stays. @param {string} text */
  fail(text) {
    if (this.failure.hidden) this.say(text)
    write(this.trouble, text)
    this.failure.hidden = false
    this.slot.replaceChildren()
  }

  /** A notice above the list. @param {string} text */
  tell(text) {
    write(this.note, text)
  }

  /** Tell a screen reader, once, politely. @param {string} text */
  say(text) {
    this.status.textContent = ''
    clearTimeout(this.saying)
    this.saying = setTimeout(() => (this.status.textContent = text), GAP_MS)
  }

  /** @param {string | undefined} id */
  focus(id) {
    ;(this.cards.get(id ?? '')?.article ?? this.title).focus()
  }

  /** @param {Element} place @param {Comment[]} comments @param {Set<string>} own @param {boolean} closed */
  #arrange(place, comments, own, closed) {
    const items = comments.map((comment) => {
      const { id } = comment
      const card = this.cards.get(id) ?? new Card(this.words, id, this.control)
      this.cards.set(id, card)
      card.show(comment, own.has(id), closed)
      this.#arrange(card.replies, comment.replies, own, closed)
      return card.item
    })
    arrange(place, items)
  }
}
