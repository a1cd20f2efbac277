import { REVIEW, byId, list, load, say, warn } from './page.js'

const AHEAD = 10 // cards left below the current one when the next page is fetched
const STRIPS = 30 // decided comments that stay in the list, each with its Undo
/** @type {HTMLElement | null} */
let current = null
let fetching = false

/** @returns {HTMLElement[]} */
export const cards = () => [...list.querySelectorAll('.card')].map((card) => /** @type {HTMLElement} */ (card))
export const openCards = () => cards().filter((card) => !card.hasAttribute('aria-busy'))

/** Make a card the current one and give it the focus. @param {HTMLElement} card */
export function choose(card) {
  mark(card)
  card.focus({ preventScroll: true })
  card.scrollIntoView({ block: card.offsetHeight > innerHeight ? 'start' : 'nearest' })
  const all = openCards()
  if (all.length - all.indexOf(card) <= AHEAD) more()
}

/** @param {HTMLElement | null} card */
export function mark(card) {
  current?.classList.remove('current')
  current = card
  current?.classList.add('current')
}

/** @param {1 | -1} by */
export function step(by) {
  const all = openCards()
  const here = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.card') ?? null)
  const inList = document.activeElement?.closest('#queue > li')
  let next = nearest(here, by)
  if (here && all.includes(here)) next = all[all.indexOf(here) + by]
  else if (!inList && current && all.includes(current)) next = current // the first key only takes hold of it
  if (next) choose(next)
  else say(by > 0 ? 'This is the last comment.' : 'This is the first comment.')
}

/** The open card next to a place in the list, looking one way first and then the other. */
export function nearest(/** @type {Element | null} */ from, /** @type {1 | -1} */ by) {
  const all = openCards()
  const place = from?.closest('li') ?? document.activeElement?.closest('#queue > li')
  if (!place) return by > 0 ? all[0] : all.at(-1)
  const below = all.find((card) => place.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING)
  const above = all.filter((card) => place.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_PRECEDING).at(-1)
  return by > 0 ? (below ?? above) : (above ?? below)
}

/** Keep the list short: old lines go, and so the comments that are left stay near the top. */
export function tidy() {
  const strips = [...list.querySelectorAll('.done')].filter((strip) => !strip.contains(document.activeElement))
  for (const strip of strips.slice(0, Math.max(0, strips.length - STRIPS))) strip.parentElement?.remove()
  byId('empty').hidden = cards().length > 0
}

/** Fetch a card as it stands now. @param {HTMLElement} item @param {string} id @param {string | null} alert */
export async function renew(item, id, alert) {
  const had = item.contains(document.activeElement)
  const page = await load(`${REVIEW}comments/${id}`)
  const fresh = /** @type {HTMLElement | null} */ (page?.querySelector('.card') ?? null)
  const old = /** @type {HTMLElement | null} */ (item.querySelector('.card'))
  const card = fresh ? document.adoptNode(fresh) : old
  if (!card) return null
  if (card !== old) item.replaceChildren(card)
  card.removeAttribute('aria-busy')
  byId('empty').hidden = true
  if (alert) warn(card, alert)
  if (had) choose(card)
  return card
}

/** Append the next page below, where it moves nothing. @param {string} [url] */
export async function more(url) {
  const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById('more'))
  const from = url ?? link?.href
  if (!from || fetching) return
  fetching = true
  const page = await load(from)
  fetching = false
  if (!page) return
  for (const card of page.querySelectorAll('#queue > li > .card')) {
    if (card.parentElement && !document.getElementById(card.id)) list.append(document.adoptNode(card.parentElement))
  }
  list.dataset.last = page.getElementById('queue')?.dataset.last || list.dataset.last
  const next = /** @type {HTMLAnchorElement | null} */ (page.getElementById('more'))
  if (link && next) link.href = next.href
  else link?.remove()
  tidy()
}

list.addEventListener('focusin', (event) => {
  const card = /** @type {HTMLElement} */ (event.target).closest('.card')
  if (card) mark(/** @type {HTMLElement} */ (card))
})

document.getElementById('more')?.addEventListener('click', async (event) => {
  event.preventDefault()
  const last = cards().at(-1)
  await more()
  const next = last ? nearest(last, 1) : cards()[0]
  if (next) choose(next)
})

mark(cards()[0] ?? null)
