/**
 * @typedef {object} Comment
 * @property {string} id
 * @property {string | null} parent_id
 * @property {{name: string | null} | null} author
 * @property {string | null} body
 * @property {'approved' | 'removed' | 'received' | 'pending' | 'rejected' | 'deleted'} status
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {Comment[]} replies
 * @property {string | null} next_replies
 * @property {{code: string, field?: string, text: string}[]} [reasons]
 *
 * @typedef {object} Page
 * @property {{count: number, closed: boolean}} thread
 * @property {Comment[]} comments
 * @property {string | null} next_cursor
 *
 * @typedef {{id: string, status: string, receipt: string}} Receipt
 */

const API = new URL('../../api/v1/', import.meta.url)
const PATIENCE_MS = 20_000

/** A request that did not work; `status` is 0 when no answer came. */
export class Failure extends Error {
  /** @param {number} status @param {any} [problem] @param {number} [wait] seconds */
  constructor(status, problem, wait = 5) {
    super(problem?.title ?? 'No answer')
    this.status = status
    this.type = String(problem?.type ?? '')
    this.said = String(problem?.detail ?? '')
    /** @type {{pointer: string, detail: string}[]} */
    this.errors = problem?.errors ?? []
    this.wait = wait
  }
}

/** Ends a request after a while. (`AbortSignal.timeout` is younger than many a phone.) */
function patience() {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), PATIENCE_MS)
  return stop.signal
}

/**
 * @param {string} path
 * @param {[string, string][]} query
 * @param {RequestInit} [init]
 */
export async function call(path, query, init) {
  const url = new URL(path, API)
  url.search = String(new URLSearchParams(query))
  let answer, content
  try {
    answer = await fetch(url, { credentials: 'omit', signal: patience(), ...init })
    content = await answer.json().catch(() => null)
  } catch {
    throw new Failure(0)
  }
  if (!answer.ok || !content) {
    throw new Failure(answer.status, content, Number(answer.headers.get('Retry-After')) || undefined)
  }
  return { content, etag: answer.headers.get('ETag') }
}

/**
 * One page of a thread. The browser's cache asks with If-None-Match, so an unchanged page costs a 304.
 * @param {[string, string][]} query
 * @returns {Promise<{content: Page, etag: string | null}>}
 */
export const list = (query) => call('comments', query, { cache: 'no-cache' })

/**
 * @param {string} site
 * @param {string[]} threads at most 100
 * @returns {Promise<Record<string, number>>}
 */
export async function count(site, threads) {
  const query = threads.map((thread) => /** @type {[string, string]} */ (['thread', thread]))
  return (await call('counts', [['site', site], ...query])).content.counts
}
