import { choose, mark, nearest, renew, tidy } from './cards.js'
import { act, complain, conflict, count, end, inOrder, list, say } from './page.js'
import { queueUndo, remember } from './undo.js'

/** @typedef {import('./undo.js').Deed} Deed */

/** @type {Record<string, string>} */
const DONE = { approve: 'Approved', reject: 'Rejected', reopen: 'Back in the queue' }

/** Ask for an action on a card, and go on to the next one at once. @param {HTMLElement} card @param {string} action */
export function decide(card, action) {
  if (card.hasAttribute('aria-busy')) return
  const button = card.querySelector(`button[value="${action}"]`)
  if (!card.querySelector('form.actions')) return say('You may see this comment, but not decide it.')
  if (!button) return say(`This comment is ${card.dataset.status}.`)
  card.setAttribute('aria-busy', 'true')
  card.querySelector('.alert')?.remove()
  card.classList.remove('has-alert')
  const next = nearest(card, 1)
  if (next) choose(next)
  else {
    mark(null)
    end.focus()
  }
  const note = /** @type {HTMLInputElement | null} */ (card.querySelector('[name=note]'))?.value.trim()
  inOrder(() => carryOut(card, action, note))
}

/** @param {HTMLElement} card @param {string} action @param {string} [note] */
async function carryOut(card, action, note) {
  const { id = '', version, author = '', status: before = '' } = card.dataset
  const answer = await act(id, action, Number(version), note)
  if (answer.ok) {
    const item = /** @type {HTMLElement} */ (card.parentElement)
    const { version: now, status } = answer.body
    settle(card, action, { item, id, version: now, status, to: before, author })
    count(before, -1)
    count(answer.body.status, 1)
  } else if (answer.status === 409) {
    await renew(/** @type {HTMLElement} */ (card.parentElement), id, conflict(answer.body))
  } else {
    card.removeAttribute('aria-busy')
    complain(card, answer)
  }
}

/** Undo from a card: what was decided before it was shown here. @param {HTMLElement} card @param {string} to */
function takeBack(card, to) {
  if (card.hasAttribute('aria-busy')) return
  card.setAttribute('aria-busy', 'true')
  const item = /** @type {HTMLElement} */ (card.parentElement)
  const { id = '', version, author = '', status = '' } = card.dataset
  const deed = { item, id, version: Number(version), status, to, author }
  remember(deed)
  queueUndo(deed)
}

/** Put a line with an Undo where the card was. @param {HTMLElement} card @param {string} action @param {Deed} deed */
function settle(card, action, deed) {
  const had = card.contains(document.activeElement)
  const words = `${DONE[action]}: ${deed.author}`
  const strip = document.createElement('div')
  strip.className = 'done'
  const text = document.createElement('p')
  const name = document.createElement('bdi')
  name.textContent = deed.author
  const said = document.createElement('q')
  said.dir = 'auto'
  said.textContent = (card.querySelector('.body')?.textContent ?? '').slice(0, 80)
  text.append(`${DONE[action]}: `, name, ', ', said)
  const button = document.createElement('button')
  button.className = 'quiet'
  button.textContent = `Undo: back to ${deed.to}`
  button.setAttribute('aria-label', `${button.textContent}, ${deed.author}`)
  button.addEventListener('click', () => queueUndo(deed))
  strip.append(text, button)
  const next = had ? nearest(card, 1) : null
  deed.item.replaceChildren(strip)
  remember(deed)
  say(`${words}. Press z to undo.`)
  if (had) next && next !== card ? choose(next) : end.focus()
  tidy()
}

list.addEventListener('submit', (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter)
  const card = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('.card'))
  if (!card || !button) return
  event.preventDefault()
  if (button.value === 'undo') takeBack(card, button.dataset.to ?? '')
  else decide(card, button.value)
})
