const MIN_MS = 5000
const MAX_MS = 30_000

/**
 * Do something now and again while the page is seen: every 5 seconds, rarer while nothing changes.
 *
 * @param {() => Promise<boolean>} task says whether something changed; never throws
 * @param {AbortSignal} signal ends it
 * @returns {(soon?: number[]) => void} hurries: run again after these milliseconds, then as usual
 */
export function pulse(task, signal) {
  /** @type {number[]} */
  let soon = []
  let wait = MIN_MS
  let timer = 0
  let busy = false

  const plan = () => {
    clearTimeout(timer)
    if (!signal.aborted && !document.hidden) timer = setTimeout(run, soon.shift() ?? wait)
  }
  const run = async () => {
    clearTimeout(timer)
    if (busy || signal.aborted) return
    busy = true
    const changed = await task()
    busy = false
    wait = changed ? MIN_MS : Math.min(MAX_MS, wait * 1.25)
    plan()
  }
  document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : run()), { signal })
  addEventListener('online', run, { signal })
  signal.addEventListener('abort', () => clearTimeout(timer))
  run()
  return (delays = [0]) => {
    soon = delays
    wait = MIN_MS
    if (!busy) plan()
  }
}
