import { recall, remember } from './memory.js'

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
 * @property {{code: string, text: string}[]} [reasons]
 *
 * @typedef {object} Page
 * @property {{count: number, closed: boolean}} thread
 * @property {Comment[]} comments
 * @property {string | null} next_cursor
 *
 * @typedef {{id: string, status: string, receipt: string}} Receipt
 */

const API = new URL('../api/v1/', import.meta.url)
const PATIENCE_MS = 20_000

/** A request that did not work; `status` is 0 when no answer came. */
export class Failure extends Error {
  /** @param {number} status @param {any} [problem] @param {number} [wait] seconds */
  constructor(status, problem, wait = 5) {
    super(problem?.title ?? 'No answer')
    this.status = status
    this.type = String(problem?.type ?? '')
    /** @type {{pointer: string, detail: string}[]} */
    this.errors = problem?.errors ?? []
    this.wait = wait
  }
}

/**
 * @param {string} path
 * @param {[string, string][]} query
 * @param {RequestInit} [init]
 */
async function call(path, query, init) {
  const url = new URL(path, API)
  url.search = String(new URLSearchParams(query))
  let answer, content
  try {
    answer = await fetch(url, { credentials: 'omit', signal: AbortSignal.timeout(PATIENCE_MS), ...init })
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
 * @param {object} comment
 * @param {string} key the same on every try of this comment
 * @returns {Promise<Receipt>}
 */
export async function post(comment, key) {
  const author = recall('local', 'author') ?? token(32)
  remember('local', 'author', author)
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key, 'Parley-Author': author }
  return (await call('comments', [], { method: 'POST', body: JSON.stringify(comment), headers })).content
}

/**
 * A comment of one's own, with its status and reasons.
 * @param {{id: string, receipt: string}} own
 * @returns {Promise<Comment>}
 */
export async function look({ id, receipt }) {
  return (await call(`comments/${id}`, [], { headers: { 'Parley-Receipt': receipt }, cache: 'no-store' })).content
}

/**
 * @param {string} site
 * @param {string[]} threads at most 100
 * @returns {Promise<Record<string, number>>}
 */
export async function count(site, threads) {
  const query = threads.map((thread) => /** @type {[string, string]} */ (['thread', thread]))
  return (await call('counts', [['site', site], ...query])).content.counts
}

/** Random bytes in base64url. `crypto.randomUUID` is missing on pages without TLS. @param {number} bytes */
export function token(bytes) {
  const raw = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)))
  return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}
