import { choose, renew } from './cards.js'
import { REVIEW, act, ask, complain, conflict, count, inOrder, list, say } from './page.js'

/**
 * A decision of one's own: the comment as it stands now, and the status that an undo leads `to`.
 * @typedef {{item: HTMLElement, id: string, version: number, status: string, to: string, author: string}} Deed
 */

/** What was decided on this page and may be undone. @type {Deed[]} */
const deeds = []

/** Remember what may be taken back: of each comment the last decision only. @param {Deed} deed */
export function remember(deed) {
  forget(deed.id)
  deeds.push(deed)
}

/** @param {string} id */
function forget(id) {
  const at = deeds.findIndex((deed) => deed.id === id)
  if (at >= 0) deeds.splice(at, 1)
}

/** Take back one decision, the last one if none is named. @param {Deed} [deed] */
export function queueUndo(deed) {
  inOrder(async () => {
    const chosen = deed ?? deeds.at(-1) ?? (await earlier())
    if (!chosen || (deed && !deeds.includes(deed))) return say('There is nothing of yours to undo.')
    if (!chosen.item.isConnected) list.prepend(chosen.item)
    const answer = await act(chosen.id, 'undo', chosen.version)
    if (!answer.ok && answer.status !== 409) {
      const shown = chosen.item.querySelector('.card')
      shown?.removeAttribute('aria-busy')
      return complain(chosen.item, answer)
    }
    forget(chosen.id)
    const card = await renew(chosen.item, chosen.id, answer.ok ? null : conflict(answer.body))
    if (answer.ok) {
      count(chosen.status, -1)
      count(answer.body.status, 1)
      say(`Taken back: ${chosen.author} is ${answer.body.status} again.`)
    }
    if (card) choose(card)
  })
}

/** What was decided before this page was loaded: the server knows. @returns {Promise<Deed | undefined>} */
async function earlier() {
  const last = (await ask(`${REVIEW}undo`))?.undo
  if (!last) return undefined
  const card = document.getElementById(`c-${last.id}`)
  return { ...last, item: card?.parentElement ?? document.createElement('li') }
}
