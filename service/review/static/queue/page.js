/**
 * The review queue by keys and without page loads. Everything here also works by plain forms; this only
 * makes it quicker. The server renders every card: nothing here builds HTML out of a reader's words.
 *
 * This module is the ground of the others: the parts of the page, what it says, and what it asks the server.
 */

const TIMEOUT_MS = 15_000
/** Where the review pages are: a proxy may have put them below a path of its own. */
export const REVIEW = new URL('../../', import.meta.url).href

/** Ends a request after a while. (`AbortSignal.timeout` is younger than many a browser.) */
function patience() {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), TIMEOUT_MS)
  return stop.signal
}

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const byId = (id) => /** @type {T} */ (document.getElementById(id))

export const list = byId('queue')
export const end = byId('end')
const polite = byId('status')
let work = Promise.resolve()

/**
 * Do one thing at a time, in the order of the keys: an undo never overtakes what it undoes.
 * @param {() => Promise<void>} task
 */
export function inOrder(task) {
  work = work.then(task)
}

/** @param {string} text Read out politely, also when it is the same again. */
export function say(text) {
  polite.textContent = polite.textContent === text ? `${text}\u00a0` : text
}

/** @param {string} name @param {number} by */
export function count(name, by) {
  const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
  if (shown && /^\d+$/.test(shown.textContent ?? '')) shown.textContent = String(Math.max(0, Number(shown.textContent) + by))
}

/** @param {string} url @returns {Promise<Document | null>} */
export async function load(url) {
  try {
    const response = await fetch(url, { signal: patience() })
    if (!response.ok || response.redirected) return null
    return new DOMParser().parseFromString(await response.text(), 'text/html')
  } catch {
    return null
  }
}

/** Ask for JSON; null where there is no answer. @param {string} url @returns {Promise<any>} */
export async function ask(url) {
  try {
    const response = await fetch(url, { signal: patience() })
    return response.ok ? await response.json() : null
  } catch {
    return null
  }
}

/** @param {string} id @param {string} action @param {number} version @param {string} [note] */
export async function act(id, action, version, note) {
  const wanted = { comment_id: id, action, version, ...(note ? { note } : {}) }
  try {
    const response = await fetch(new URL('../api/v1/moderation/actions', REVIEW), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': list.dataset.csrf ?? '' },
      body: JSON.stringify(wanted),
      signal: patience(),
    })
    return { ok: response.ok, status: response.status, body: await response.json() }
  } catch {
    return { ok: false, status: 0, body: {} }
  }
}

/** @param {any} problem */
export function conflict(problem) {
  const now = problem.current
  if (!now) return `Not done: ${problem.detail}`
  return `Somebody else was faster: this comment is ${now.status}, by ${now.by === 'policy' ? 'the policy' : now.by}.`
}

/** @param {HTMLElement} place @param {string} text */
export function warn(place, text) {
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
export function complain(place, { status: code, body }) {
  const words = {
    0: 'Not saved: the server does not answer. Try again.',
    401: 'Not saved: you are logged out. ',
    404: 'Not saved: there is no such comment on a site of yours any more.',
  }
  const line = warn(place, /** @type {Record<number, string>} */ (words)[code] ?? `Not saved. ${body.detail ?? ''}`)
  if (code !== 401) return
  const link = document.createElement('a')
  link.href = `${REVIEW}login?next=${encodeURIComponent(location.pathname + location.search)}`
  link.textContent = 'Log in again'
  line.append(link)
}
