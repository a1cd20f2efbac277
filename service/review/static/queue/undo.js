import { choose, renew } from './cards.js'
import { act, complain, conflict, count, inOrder, list, say } from './page.js'

/** @typedef {{item: HTMLElement, id: string, version: number, status: string, author: string}} Deed */

/** What was decided on this page and may be undone. @type {Deed[]} */
export const deeds = []

/** @param {Deed} [deed] The last one if left out. */
export function queueUndo(deed) {
  inOrder(async () => {
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
