// @ts-check
/*
 * The review queue by keys and without page loads. Everything here also works by plain forms; this only
 * makes it quicker. The server renders every card: this file never builds HTML out of a reader's words.
 */

const POLL_MS = 15_000
const TIMEOUT_MS = 15_000
const AHEAD = 10 // cards left below the current one when the next page is fetched
const STRIPS = 30 // decided comments that stay in the list, each with its Undo
/** @type {Record<string, string>} */
const DONE = { approve: 'Approved', reject: 'Rejected', reopen: 'Back in the queue', undo: 'Taken back' }
const STORED = 'parley-keys'

/** @typedef {{item: HTMLElement, id: string, version: number, status: string, author: string}} Deed */

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id))

const list = byId('queue')
const end = byId('end')
const polite = byId('status')
const help = /** @type {HTMLDialogElement} */ (byId('help'))
const keys = /** @type {HTMLInputElement} */ (byId('keys'))
const news = byId('news')
/** @type {Deed[]} */
const deeds = []
/** One request at a time, in the order of the keys: an undo never overtakes what it undoes. */
let work = Promise.resolve()
/** @type {HTMLElement | null} */
let current = null
let fetching = false

/** @returns {HTMLElement[]} */
const cards = () => [...list.querySelectorAll('.card')].map((card) => /** @type {HTMLElement} */ (card))
const openCards = () => cards().filter((card) => !card.ariaBusy)

/** @param {string} text Read out politely, also when it is the same again. */
function say(text) {
  polite.textContent = polite.textContent === text ? `${text}\u00a0` : text
}

/** Make a card the current one and give it the focus. @param {HTMLElement} card */
function choose(card) {
  mark(card)
  card.focus({ preventScroll: true })
  card.scrollIntoView({ block: card.offsetHeight > innerHeight ? 'start' : 'nearest' })
  const all = openCards()
  if (all.length - all.indexOf(card) <= AHEAD) more()
}

/** @param {HTMLElement | null} card */
function mark(card) {
  current?.classList.remove('current')
  current = card
  current?.classList.add('current')
}

/** @param {1 | -1} by */
function step(by) {
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
function nearest(/** @type {Element | null} */ from, /** @type {1 | -1} */ by) {
  const all = openCards()
  const place = from?.closest('li') ?? document.activeElement?.closest('#queue > li')
  if (!place) return by > 0 ? all[0] : all.at(-1)
  const below = all.find((card) => place.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING)
  const above = all.filter((card) => place.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_PRECEDING).at(-1)
  return by > 0 ? (below ?? above) : (above ?? below)
}

/** Ask for an action on a card, and go on to the next one at once. @param {HTMLElement} card @param {string} action */
function decide(card, action) {
  if (card.ariaBusy) return
  const button = card.querySelector(`button[value="${action}"]`)
  if (!button) return say(`This comment is ${card.dataset.status}.`)
  card.ariaBusy = 'true'
  card.querySelector('.alert')?.remove()
  card.classList.remove('has-alert')
  const next = nearest(card, 1)
  if (next) choose(next)
  else {
    mark(null)
    end.focus()
  }
  const note = /** @type {HTMLInputElement | null} */ (card.querySelector('[name=note]'))?.value.trim()
  work = work.then(() => carryOut(card, action, note))
}

/** @param {HTMLElement} card @param {string} action @param {string} [note] */
async function carryOut(card, action, note) {
  const { id = '', version, author = '', status: before = '' } = card.dataset
  const answer = await act(id, action, Number(version), note)
  if (answer.ok) {
    const item = /** @type {HTMLElement} */ (card.parentElement)
    settle(card, action, { item, id, version: answer.body.version, status: answer.body.status, author })
    count(before, -1)
    count(answer.body.status, 1)
  } else if (answer.status === 409) {
    await renew(/** @type {HTMLElement} */ (card.parentElement), id, conflict(answer.body))
  } else {
    card.ariaBusy = null
    complain(card, answer)
  }
}

/** @param {any} problem */
function conflict(problem) {
  const now = problem.current
  if (!now) return `Not done: ${problem.detail}`
  return `Somebody else was faster: this comment is ${now.status}, by ${now.by === 'policy' ? 'the policy' : now.by}.`
}

/** @param {string} id @param {string} action @param {number} version @param {string} [note] */
async function act(id, action, version, note) {
  const wanted = { comment_id: id, action, version, ...(note ? { note } : {}) }
  try {
    const response = await fetch('/api/v1/moderation/actions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': list.dataset.csrf ?? '' },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { ok: response.ok, status: response.status, body: await response.json() }
  } catch {
    return { ok: false, status: 0, body: {} }
  }
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
  button.textContent = 'Undo'
  button.setAttribute('aria-label', `Undo: ${words}`)
  button.addEventListener('click', () => queueUndo(deed))
  strip.append(text, button)
  const next = had ? nearest(card, 1) : null
  deed.item.replaceChildren(strip)
  deeds.push(deed)
  say(`${words}. Press z to undo.`)
  if (had) next && next !== card ? choose(next) : end.focus()
  tidy()
}

/** Keep the list short: old lines go, and so the comments that are left stay near the top. */
function tidy() {
  const strips = [...list.querySelectorAll('.done')].filter((strip) => !strip.contains(document.activeElement))
  for (const strip of strips.slice(0, Math.max(0, strips.length - STRIPS))) strip.parentElement?.remove()
  byId('empty').hidden = cards().length > 0
}

/** @param {Deed} [deed] The last one if left out. */
function queueUndo(deed) {
  work = work.then(async () => {
    const chosen = deed ?? deeds.at(-1)
    if (!chosen || !deeds.includes(chosen)) return say('There is nothing of yours to undo.')
    const answer = await act(chosen.id, 'undo', chosen.version)
    if (!answer.ok && answer.status !== 409) return complain(chosen.item, answer)
    deeds.splice(deeds.indexOf(chosen), 1)
    if (!chosen.item.isConnected) list.prepend(chosen.item)
    const card = await renew(chosen.item, chosen.id, answer.ok ? null : conflict(answer.body))
    if (answer.ok) {
      count(chosen.status, -1)
      count(answer.body.status, 1)
      say(`Taken back: ${chosen.author} is ${answer.body.status} again.`)
    }
    if (card) choose(card)
  })
}

/** Fetch a card as it stands now. @param {HTMLElement} item @param {string} id @param {string | null} alert */
async function renew(item, id, alert) {
  const had = item.contains(document.activeElement)
  const page = await load(`/review/comments/${id}`)
  const fresh = /** @type {HTMLElement | null} */ (page?.querySelector('.card') ?? null)
  const old = /** @type {HTMLElement | null} */ (item.querySelector('.card'))
  const card = fresh ? document.adoptNode(fresh) : old
  if (!card) return null
  if (card !== old) item.replaceChildren(card)
  card.ariaBusy = null
  byId('empty').hidden = true
  if (alert) warn(card, alert)
  if (had) choose(card)
  return card
}

/** @param {HTMLElement} place @param {string} text */
function warn(place, text) {
  const line = document.createElement('p')
  line.className = 'alert'
  line.setAttribute('role', 'alert')
  line.textContent = text
  place.querySelector(':scope > .alert')?.remove()
  place.classList.add('has-alert')
  place.prepend(line)
  return line
}

/** Say on the card why nothing was saved. @param {HTMLElement} place @param {{status: number, body: any}} answer */
function complain(place, { status: code, body }) {
  const words = {
    0: 'Not saved: the server does not answer. Try again.',
    401: 'Not saved: you are logged out. ',
    404: 'Not saved: there is no such comment on a site of yours any more.',
  }
  const line = warn(place, /** @type {Record<number, string>} */ (words)[code] ?? `Not saved. ${body.detail ?? ''}`)
  if (code !== 401) return
  const link = document.createElement('a')
  link.href = `/review/login?next=${encodeURIComponent(location.pathname + location.search)}`
  link.textContent = 'Log in again'
  line.append(link)
}

/** @param {string} url @returns {Promise<Document | null>} */
async function load(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok || response.redirected) return null
    return new DOMParser().parseFromString(await response.text(), 'text/html')
  } catch {
    return null
  }
}

/** Append the next page below, where it moves nothing. @param {string} [url] */
async function more(url) {
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

/** @param {string} name @param {number} by */
function count(name, by) {
  const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
  if (shown && /^\d+$/.test(shown.textContent ?? '')) shown.textContent = String(Math.max(0, Number(shown.textContent) + by))
}

/** Look whether there is more to do, without moving anything: the button waits below the list. */
async function look() {
  if (document.visibilityState !== 'visible') return
  const { site = '', last = '', status: kind } = list.dataset
  try {
    const query = new URLSearchParams({ site, after: last })
    const response = await fetch(`/review/news?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) return
    const found = await response.json()
    for (const [name, text] of Object.entries(found.counts)) {
      const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
      if (shown) shown.textContent = text
    }
    const left = cards().length ? found.new : Number.parseInt(found.counts.pending, 10)
    news.hidden = kind !== 'pending' || !left || Boolean(document.getElementById('more'))
    const words = left === 1 ? '1 new comment' : `${left} new comments`
    if (!news.hidden && news.textContent !== words) news.textContent = words
  } catch {
    // The next look may have more luck; a decision would say that the server is away.
  }
}

async function showNews() {
  const query = new URLSearchParams({ status: 'pending', site: list.dataset.site ?? '' })
  if (cards().length) query.set('cursor', list.dataset.last ?? '')
  const known = new Set(cards())
  await more(`/review/?${query}`)
  const first = openCards().find((card) => !known.has(card))
  news.hidden = true
  if (first) choose(first)
  else end.focus()
}

/** WCAG 2.1.4: a single key acts only in the list or where nothing has the focus, and can be switched off. */
function keysAreWanted(/** @type {KeyboardEvent} */ event) {
  if (!keys.checked || help.open || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false
  const at = /** @type {HTMLElement} */ (event.target)
  if (at.closest('input, textarea, select, [contenteditable]')) return false
  return at === document.body || at === document.documentElement || list.contains(at) || end.contains(at)
}

document.addEventListener('keydown', (event) => {
  if (!keysAreWanted(event)) return
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const card = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.card') ?? null)
  if (key === 'j') step(1)
  else if (key === 'k') step(-1)
  else if (key === '?') help.showModal()
  else if (!['a', 'r', 'z'].includes(key)) return
  else if (event.repeat) return // a key held down must not decide the whole queue
  else if (key === 'z') queueUndo()
  else if (card) decide(card, key === 'a' ? 'approve' : 'reject')
  else say('Choose a comment first, with j.')
  event.preventDefault()
})

list.addEventListener('focusin', (event) => {
  const card = /** @type {HTMLElement} */ (event.target).closest('.card')
  if (card) mark(/** @type {HTMLElement} */ (card))
})

list.addEventListener('submit', (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter)
  const card = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('.card'))
  if (!card || !button) return
  event.preventDefault()
  decide(card, button.value)
})

document.getElementById('more')?.addEventListener('click', async (event) => {
  event.preventDefault()
  const last = cards().at(-1)
  await more()
  const next = last ? nearest(last, 1) : cards()[0]
  if (next) choose(next)
})

byId('open-help').addEventListener('click', () => help.showModal())
news.addEventListener('click', showNews)

/** Remember the switch on this device, where the browser lets us. */
function remember() {
  try {
    localStorage.setItem(STORED, keys.checked ? 'on' : 'off')
  } catch {
    // Private windows may refuse: the switch then holds for this page only.
  }
}
try {
  keys.checked = localStorage.getItem(STORED) !== 'off'
} catch {
  keys.checked = true
}
keys.addEventListener('change', remember)

for (const hidden of document.querySelectorAll('.needs-script')) hidden.removeAttribute('hidden')
mark(cards()[0] ?? null)
setInterval(look, POLL_MS)
document.addEventListener('visibilitychange', look)

export {} // a module, so that its names are its own
