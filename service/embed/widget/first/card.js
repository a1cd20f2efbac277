import { button, make, set, write } from './dom.js'

// As many lines are shown of a long text (`.long` in styles.js).
const MANY_LINES = 12
const MANY = 1000
/** Empty lines in a row. The service keeps one, but of those who wrote before it did. */
const GAP = /\n\s*\n/g

/** One comment with its replies, as a list item. */
export class Card {
  /** @param {import('./words.js').Words} words @param {string} id @param {import('./view.js').Control} control */
  constructor(words, id, control) {
    const say = words.say.bind(words)
    this.words = words
    this.name = make('bdi', { class: 'name', part: 'author' })
    this.you = make('span', { class: 'you' }, say('you'))
    this.time = make('time', { part: 'time' })
    this.edited = make('span', {}, say('edited'))
    this.state = make('strong', { class: 'state', part: 'status' })
    this.body = make('p', { class: 'body', part: 'body', dir: 'auto' })
    this.fold = button('', () => this.#fold(this.fold.getAttribute('aria-expanded') !== 'true'), 'link')
    this.fold.hidden = true
    this.note = make('p', { class: 'note' })
    this.reasons = make('ul', { class: 'note' })
    this.reply = button(say('reply'), () => control.reply(id), 'link')
    this.dismiss = button(say('dismiss'), () => control.dismiss(id), 'link')
    this.more = button(say('moreReplies'), () => control.more(id), 'link')
    this.article = make('article', { part: 'comment', tabindex: -1 },
      make('p', { class: 'head' }, this.name, this.you, this.time, this.edited, this.state),
      this.body, this.fold, this.note, this.reasons, this.reply, this.dismiss)
    this.replies = make('ol', { class: 'list', role: 'list' })
    this.item = make('li', {}, this.article, this.replies, this.more)
  }

  /** @param {import('./api.js').Comment} comment @param {boolean} own @param {boolean} closed */
  show({ status, author, body, created_at: born, edited_at: edited, next_replies: next, reasons }, own, closed) {
    const { words, article, reply } = this
    const gone = status === 'removed'
    const live = status === 'approved'
    const state = gone || live ? '' : status === 'rejected' ? 'rejected' : 'awaiting'
    const name = author?.name || words.say('anonymous')
    const focused = /** @type {ShadowRoot} */ (article.getRootNode()).activeElement
    article.classList.toggle('live', live && (article.dataset.state ?? '') !== '')
    article.dataset.state = gone ? 'removed' : state
    set(article, 'aria-label', gone ? words.say('removed') : words.say('by', { name }))
    set(reply, 'aria-label', words.say('addReply', { name }))
    write(this.name, gone ? '' : name)
    const text = gone ? words.say('removed') : (body ?? '').replace(GAP, '\n\n')
    if (text !== this.body.textContent) {
      this.fold.hidden = text.length <= MANY && text.split('\n').length <= MANY_LINES
      this.#fold(this.fold.hidden)
    }
    write(this.body, text)
    write(this.state, state && words.say(state))
    write(this.note, state && words.say(`${state}More`))
    this.#explain(state === 'rejected' ? reasons ?? [] : [])
    this.you.hidden = !own || gone
    this.edited.hidden = gone || !edited
    this.dismiss.hidden = state !== 'rejected'
    this.more.hidden = !next
    reply.hidden = !live || closed
    if (reply.hidden && focused === reply) article.focus()
    set(this.time, 'datetime', born)
    set(this.time, 'title', words.exactly(born))
    write(this.time, words.ago(born))
  }

  /** Show all of a long text, or its beginning; whoever listens hears all of it. @param {boolean} open */
  #fold(open) {
    this.body.classList.toggle('long', !open)
    set(this.fold, 'aria-expanded', String(open))
    this.fold.textContent = this.words.say(open ? 'fold' : 'unfold')
  }

  /** @param {{code: string, field?: string, text: string}[]} reasons */
  #explain(reasons) {
    const texts = new Set(reasons.map((reason) => this.words.why(reason)))
    this.reasons.replaceChildren(...[...texts].map((text) => make('li', {}, text)))
    this.reasons.hidden = !texts.size
  }
}
