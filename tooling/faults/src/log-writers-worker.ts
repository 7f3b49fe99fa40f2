/** A process that writes logs: takes one job, and answers with what its writers were told. */

import { type WritingJob, write } from './log-writers-work.ts'

process.once('message', async (job: WritingJob) => {
  const told = await write(job)
  process.send?.(told, () => process.disconnect())
})
