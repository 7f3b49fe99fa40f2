/** Cleans up again and again by itself: never two at a time, and without keeping the process alive. */

export class CleanupTimer {
  #timer: NodeJS.Timeout | undefined

  /**
   * Begins, unless it has begun or the period is 0.
   *
   * @param run one round; its failure is told where it happens, and the next round tries again
   */
  start(periodMs: number, run: () => Promise<unknown>): void {
    if (periodMs === 0 || this.#timer !== undefined) return
    let running = false
    this.#timer = setInterval(() => {
      if (running) return
      running = true
      run()
        .catch(() => undefined)
        .finally(() => {
          running = false
        })
    }, periodMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
