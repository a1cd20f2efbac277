import { cards, choose, more, openCards } from './cards.js'
import { REVIEW, ask, byId, end, list } from './page.js'

const POLL_MS = 15_000
const news = byId('news')

/** Look whether there is more to do, without moving anything: the button waits below the list. */
async function look() {
  if (document.visibilityState !== 'visible') return
  const { site = '', last = '', status: kind } = list.dataset
  const found = await ask(`${REVIEW}news?${new URLSearchParams({ site, after: last })}`)
  if (!found) return // the next look may have more luck; a decision would say that the server is away
  for (const [name, text] of Object.entries(found.counts)) {
    const shown = document.querySelector(`[data-count="${CSS.escape(name)}"]`)
    if (shown) shown.textContent = text
  }
  const left = cards().length ? found.new : Number.parseInt(found.counts.pending, 10)
  news.hidden = kind !== 'pending' || !left || Boolean(document.getElementById('more'))
  const words = left === 1 ? '1 new comment' : `${left} new comments`
  if (!news.hidden && news.textContent !== words) news.textContent = words
}

async function showNews() {
  const query = new URLSearchParams({ status: 'pending', site: list.dataset.site ?? '' })
  if (cards().length) query.set('cursor', list.dataset.last ?? '')
  const known = new Set(cards())
  await more(`${REVIEW}?${query}`)
  const first = openCards().find((card) => !known.has(card))
  news.hidden = true
  if (first) choose(first)
  else end.focus()
}

news.addEventListener('click', showNews)
setInterval(look, POLL_MS)
document.addEventListener('visibilitychange', look)
